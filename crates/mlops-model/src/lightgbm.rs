//! Boosted trees in LightGBM's text format, version 4, which `lgb.Booster(model_file=…)` reads.
//!
//! <https://github.com/microsoft/LightGBM/blob/v4.6.0/src/io/tree.cpp>

use super::Model;
use super::bins::{InputBins, MISSING_BIN};
use super::node::{NodeView, Question, has};
use super::scorer::Scorer;
use super::tree::Tree;

/// Bits of `decision_type`.
const IS_CATEGORICAL: u8 = 1;
const MISSING_LEFT: u8 = 2;
const MISSING_IS_NAN: u8 = 2 << 2;

impl Model {
    /// The model for LightGBM, whose raw prediction has the same bits; `None` where it is no
    /// boosting, or is calibrated.
    ///
    /// It takes a row as numbers, in the order of [`super::Schema::input_names`]: for a level its
    /// index in the schema, and for a missing value or an unseen level the number of levels.
    pub fn to_lightgbm(&self) -> Option<String> {
        let Scorer::Boosting { bins, base, trees } = &self.scorer else { return None };
        if self.calibration.is_some() {
            return None;
        }
        let blocks: Vec<String> = trees
            .iter()
            .enumerate()
            .map(|(number, tree)| {
                // The format has no base score, so it is added to the first tree.
                let added = if number == 0 { *base } else { 0.0 };
                format!("Tree={number}\n{}\n\n", block(bins, tree, added))
            })
            .collect();
        let names: Vec<String> =
            self.schema.input_names().iter().map(|name| plain_name(name)).collect();
        let infos: Vec<String> = bins.iter().map(info).collect();
        let sizes: Vec<String> = blocks.iter().map(|block| block.len().to_string()).collect();
        Some(format!(
            "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx={}\n\
             objective=binary sigmoid:1\nfeature_names={}\nfeature_infos={}\ntree_sizes={}\n\n{}end of trees\n\n\
             pandas_categorical:null\n",
            bins.len() - 1,
            names.join(" "),
            infos.join(" "),
            sizes.join(" "),
            blocks.concat(),
        ))
    }
}

/// A name as the format has it, which parts names by spaces.
fn plain_name(name: &str) -> String {
    name.chars()
        .map(|letter| if letter.is_alphanumeric() || "_.-".contains(letter) { letter } else { '_' })
        .collect()
}

fn info(bins: &InputBins) -> String {
    match bins {
        InputBins::Numeric { .. } => "[-inf:inf]".to_owned(),
        InputBins::Categorical { levels } => {
            (0..=*levels).map(|level| level.to_string()).collect::<Vec<String>>().join(":")
        }
    }
}

/// A tree's lines. Questions and leaves are numbered each for themselves; a leaf is written as the
/// complement of its number.
fn block(bins: &[InputBins], tree: &Tree, added: f64) -> String {
    let (mut questions, mut leaves) = (0i64, 0i64);
    let next = |list: &mut i64| {
        *list += 1;
        *list - 1
    };
    let indices: Vec<i64> = (0..tree.len())
        .map(|index| match tree.node(index) {
            NodeView::Leaf(_) => !next(&mut leaves),
            NodeView::Split { .. } => next(&mut questions),
        })
        .collect();
    let mut lines = Lines::default();
    for index in 0..tree.len() {
        match tree.node(index) {
            NodeView::Leaf(value) => {
                lines.leaf_value.push(format!("{:?}", added + f64::from(value)))
            }
            NodeView::Split { input, question, left } => {
                lines.split_feature.push(input.to_string());
                lines.left_child.push(indices[left].to_string());
                lines.right_child.push(indices[left + 1].to_string());
                lines.question(&bins[input], question);
            }
        }
    }
    lines.text(leaves)
}

#[derive(Default)]
struct Lines {
    split_feature: Vec<String>,
    threshold: Vec<String>,
    decision_type: Vec<String>,
    left_child: Vec<String>,
    right_child: Vec<String>,
    leaf_value: Vec<String>,
    /// The sets as consecutive words of 32 bits.
    sets: Vec<u32>,
    set_ends: Vec<usize>,
}

impl Lines {
    fn question(&mut self, bins: &InputBins, question: Question) {
        let (kind, threshold) = match question {
            Question::UpTo { bin, missing_left } => {
                let edge = match bins {
                    InputBins::Numeric { edges } => {
                        edges.get(usize::from(bin)).copied().unwrap_or(f64::MAX)
                    }
                    InputBins::Categorical { .. } => f64::from(bin),
                };
                (MISSING_IS_NAN | if missing_left { MISSING_LEFT } else { 0 }, format!("{edge:?}"))
            }
            Question::In(set) => {
                let levels = bins.len();
                let known = (0..levels).filter(|level| has(&set, *level as u8));
                let members: Vec<usize> =
                    known.chain(has(&set, MISSING_BIN).then_some(levels)).collect();
                let mut words = vec![0u32; levels / 32 + 1];
                members.iter().for_each(|member| words[member / 32] |= 1 << (member % 32));
                self.sets.extend(words);
                self.set_ends.push(self.sets.len());
                (IS_CATEGORICAL | MISSING_IS_NAN, (self.set_ends.len() - 1).to_string())
            }
        };
        self.decision_type.push(kind.to_string());
        self.threshold.push(threshold);
    }

    fn text(&self, leaves: i64) -> String {
        let zeros = |number: usize| vec!["0"; number].join(" ");
        let mut text = String::new();
        let mut line = |name: &str, values: &str| text.extend([name, "=", values, "\n"]);
        let questions = self.split_feature.len();
        line("num_leaves", &leaves.to_string());
        line("num_cat", &self.set_ends.len().to_string());
        if questions > 0 {
            line("split_feature", &self.split_feature.join(" "));
            line("split_gain", &zeros(questions));
            line("threshold", &self.threshold.join(" "));
            line("decision_type", &self.decision_type.join(" "));
            line("left_child", &self.left_child.join(" "));
            line("right_child", &self.right_child.join(" "));
        }
        line("leaf_value", &self.leaf_value.join(" "));
        line("leaf_weight", &zeros(self.leaf_value.len()));
        line("leaf_count", &zeros(self.leaf_value.len()));
        line("internal_value", &zeros(questions));
        line("internal_weight", &zeros(questions));
        line("internal_count", &zeros(questions));
        if !self.set_ends.is_empty() {
            let ends: Vec<String> =
                std::iter::once(&0).chain(&self.set_ends).map(usize::to_string).collect();
            let words: Vec<String> = self.sets.iter().map(u32::to_string).collect();
            line("cat_boundaries", &ends.join(" "));
            line("cat_threshold", &words.join(" "));
        }
        line("is_linear", "0");
        line("shrinkage", "1");
        text
    }
}
