//! One tree, grown by linfa-trees.

use linfa::traits::Fit;
use linfa::{Dataset, ParamGuard};
use linfa_trees::{DecisionTree, SplitQuality, TreeNode};
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

use super::bins::{BinnedRows, InputBins, MISSING_BIN};
use super::error::{ModelError, check_range};
use super::node::{NodeView, Question, insert};
use super::tree::Tree;

/// linfa-trees goes through all rows at each node: more would take minutes.
const MAX_ROWS: usize = 100_000;

/// Parameters of a single decision tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TreeParams {
    /// Maximum depth (scikit-learn: `max_depth`).
    pub max_depth: u32,
    /// Minimum weight of a leaf (scikit-learn: `min_samples_leaf`, with balanced classes). All rows
    /// weigh 1 on average, and both outcomes have the same total weight.
    pub min_leaf: u32,
}

impl Default for TreeParams {
    fn default() -> Self {
        Self { max_depth: 6, min_leaf: 20 }
    }
}

impl TreeParams {
    pub(super) fn check(&self) -> Result<(), ModelError> {
        check_range("max_depth", f64::from(self.max_depth), 1.0, 20.0)?;
        check_range("min_leaf", f64::from(self.min_leaf), 1.0, 1e9)
    }
}

/// The representation of an input for linfa: the rank of each bin, with missing values last.
struct Ranks {
    of_bin: [f64; 256],
    is_categorical: bool,
}

/// Grows a tree; a leaf's value is its share of positives. Gives also the share of each input in
/// the impurity that was taken away.
///
/// linfa-trees knows neither levels nor missing values, and cuts off what does not change the more
/// frequent outcome. It therefore sees ranks of bins, levels in the order of their share of
/// positives, and outcomes that weigh as much as each other; what it asks is then asked of the
/// bins, and the leaves get the shares of their rows.
pub(crate) fn grow_one(
    rows: &BinnedRows,
    labels: &[bool],
    bins: &[InputBins],
    params: &TreeParams,
) -> Result<(Tree, Vec<f64>), ModelError> {
    if rows.rows > MAX_ROWS {
        return Err(ModelError::TooManyRows { rows: rows.rows, most: MAX_ROWS });
    }
    let ranks: Vec<Ranks> = bins
        .iter()
        .enumerate()
        .map(|(input, bins)| Ranks::new(rows, labels, input, bins))
        .collect();
    let cell = |(row, input): (usize, usize)| {
        ranks[input].of_bin[usize::from(rows.bins[row * rows.inputs + input])]
    };
    let records = Array2::from_shape_fn((rows.rows, rows.inputs), cell);
    let positives = labels.iter().filter(|label| **label).count();
    let weight = |of_class: usize| rows.rows as f32 / (2.0 * of_class as f32);
    // The outcomes never weigh the same to the last digit: where they do, linfa takes either.
    let weights = (weight(labels.len() - positives), weight(positives) * 1.000_123);
    let dataset = Dataset::new(records, Array1::from_vec(labels.to_vec())).with_weights(
        labels.iter().map(|label| if *label { weights.1 } else { weights.0 }).collect(),
    );
    let grown = DecisionTree::params()
        .split_quality(SplitQuality::Gini)
        .max_depth(Some(params.max_depth as usize))
        .min_weight_leaf(params.min_leaf as f32)
        .check()?
        .fit(&dataset)?;
    let mut tree = Tree::new();
    copy(grown.root_node(), &mut tree, 0, &ranks);
    let importances = set_shares(&mut tree, rows, labels);
    Ok((tree, importances))
}

/// Gives each leaf its share of positives, and finds the share of each input in the impurity that
/// was taken away, in rows. (linfa's own importances count a split of ten rows as much as one of
/// all.)
fn set_shares(tree: &mut Tree, rows: &BinnedRows, labels: &[bool]) -> Vec<f64> {
    let mut counts = vec![(0.0, 0.0); tree.len()];
    for (row, label) in rows.bins.chunks_exact(rows.inputs).zip(labels) {
        let (of_leaf, positives) = &mut counts[tree.leaf(row)];
        *of_leaf += 1.0;
        *positives += f64::from(u8::from(*label));
    }
    let mut importances = vec![0.0; rows.inputs];
    let impurity = |(of_node, positives): (f64, f64)| {
        if of_node > 0.0 { positives * (1.0 - positives / of_node) } else { 0.0 }
    };
    // Children stand behind their parent.
    for index in (0..tree.len()).rev() {
        match tree.node(index) {
            NodeView::Leaf(_) if counts[index].0 > 0.0 => {
                tree.set_value(index, (counts[index].1 / counts[index].0) as f32);
            }
            NodeView::Leaf(_) => {}
            NodeView::Split { input, left, .. } => {
                let (one, other) = (counts[left], counts[left + 1]);
                counts[index] = (one.0 + other.0, one.1 + other.1);
                importances[input] += impurity(counts[index]) - impurity(one) - impurity(other);
            }
        }
    }
    tree.finish();
    let sum: f64 = importances.iter().sum();
    importances.iter_mut().for_each(|importance| *importance /= if sum > 0.0 { sum } else { 1.0 });
    importances
}

impl Ranks {
    fn new(rows: &BinnedRows, labels: &[bool], input: usize, bins: &InputBins) -> Self {
        let mut of_bin = [bins.len() as f64; 256];
        let is_categorical = bins.is_categorical();
        let mut order: Vec<usize> = (0..bins.len()).collect();
        if is_categorical {
            let mut counts = vec![(0.0, 0.0); 256];
            for (row, label) in rows.bins.chunks_exact(rows.inputs).zip(labels) {
                let (of_level, positives) = &mut counts[usize::from(row[input])];
                *of_level += 1.0;
                *positives += f64::from(u8::from(*label));
            }
            let share =
                |bin: usize| if counts[bin].0 > 0.0 { counts[bin].1 / counts[bin].0 } else { 0.0 };
            order.sort_by(|a, b| share(*a).total_cmp(&share(*b)).then(a.cmp(b)));
        }
        for (rank, bin) in order.into_iter().enumerate() {
            of_bin[bin] = rank as f64;
        }
        Self { of_bin, is_categorical }
    }

    /// Which bins are up to a rank.
    fn question(&self, split: f64) -> Question {
        if self.is_categorical {
            let mut set = [0; 4];
            let up_to = (0..=MISSING_BIN).filter(|bin| self.of_bin[usize::from(*bin)] <= split);
            up_to.for_each(|bin| insert(&mut set, bin));
            return Question::In(set);
        }
        // A split lies halfway between two ranks.
        Question::UpTo { bin: split as u8, missing_left: false }
    }
}

fn copy(node: &TreeNode<f64, bool>, tree: &mut Tree, index: usize, ranks: &[Ranks]) {
    let children = node.children();
    if let (false, [Some(left), Some(right)]) = (node.is_leaf(), children.as_slice()) {
        let (input, split, _) = node.split();
        let at = tree.split(index, input, ranks[input].question(split));
        copy(left, tree, at, ranks);
        copy(right, tree, at + 1, ranks);
    }
}
