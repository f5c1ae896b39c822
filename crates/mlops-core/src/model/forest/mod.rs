//! Random forests and extremely randomised trees.

mod finder;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::bins::{BinnedRows, InputBins, MISSING_BIN};
use super::progress::Progress;
use super::random::Random;
use super::tree::{Question, Tree};
use super::{ModelError, check_range};
use finder::Finder;

/// Nodes of at most so many rows sort them; larger ones count them bin by bin.
const SORTED_ROWS: usize = 48;

/// A level's share of positives is counted as if so many rows with the share of all were added to it.
const PRIOR_ROWS: f64 = 10.0;

/// So many inputs are counted in one pass over the rows.
const COUNTED_AT_ONCE: usize = 4;

/// How a forest is grown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ForestParams {
    /// The number of trees.
    pub trees: usize,
    /// The most questions one after another; none: as many as there is something to ask.
    pub max_depth: Option<u32>,
    /// The share of the inputs that each node looks at; none: the square root of their number, rounded up.
    pub max_features: Option<f64>,
    /// The least rows of a leaf.
    pub min_leaf: u32,
    /// Bins of a numeric input.
    pub max_bins: usize,
}

impl Default for ForestParams {
    fn default() -> Self {
        Self { trees: 300, max_depth: None, max_features: None, min_leaf: 5, max_bins: 255 }
    }
}

impl ForestParams {
    pub(super) fn check(&self) -> Result<(), ModelError> {
        check_range("trees", self.trees as f64, 1.0, 100_000.0)?;
        check_range("max_depth", f64::from(self.max_depth.unwrap_or(1)), 1.0, 1e6)?;
        check_range("max_features", self.max_features.unwrap_or(1.0), 1e-6, 1.0)?;
        check_range("min_leaf", f64::from(self.min_leaf), 1.0, 1e9)?;
        check_range("max_bins", self.max_bins as f64, 2.0, 255.0)
    }

    fn features_a_node(&self, inputs: usize) -> usize {
        let features = match self.max_features {
            Some(share) => (share * inputs as f64).round(),
            None => (inputs as f64).sqrt().ceil(),
        };
        (features as usize).clamp(1, inputs)
    }
}

/// Trees, and how much impurity each input took away, as shares of one.
pub(crate) struct Grown {
    pub(crate) trees: Vec<Tree>,
    pub(crate) importances: Vec<f64>,
}

/// How nodes are split, and which rows a tree sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Randomness {
    /// A random forest: the best split of each input, over rows drawn with replacement.
    Bootstrap,
    /// Extra trees: one random split of each input, over all rows.
    Splits,
}

/// Grows a forest; a leaf's value is its share of positives divided by the number of trees.
///
/// # Source
///
/// L. Breiman, "Random forests", Machine Learning 45 (2001) 5–32; P. Geurts, D. Ernst and L. Wehenkel, "Extremely randomized trees",
/// Machine Learning 63 (2006) 3–42. Levels are cut in one order for the whole tree (M. N. Wright and I. R. König, "Splitting on
/// categorical predictors in random forests", `PeerJ` 7 (2019) e6339), that of their share of positives among the rows that were not drawn for
/// it: an order made of the rows that are split would find splits by chance where levels have few rows.
pub(crate) fn grow(
    rows: &BinnedRows,
    labels: &[bool],
    bins: &[InputBins],
    params: &ForestParams,
    randomness: Randomness,
    seed: u64,
    progress: &Progress<'_>,
) -> Result<Grown, ModelError> {
    let grow_tree = match rows.inputs + 2 {
        ..=16 => grow_tree::<16>,
        17..=24 => grow_tree::<24>,
        25..=32 => grow_tree::<32>,
        33..=48 => grow_tree::<48>,
        49..=64 => grow_tree::<64>,
        65..=128 => grow_tree::<128>,
        129..=256 => grow_tree::<256>,
        257..=1024 => grow_tree::<1024>,
        _ => return Err(ModelError::TooManyInputs { inputs: rows.inputs, most: 1022 }),
    };
    let trees: Vec<(Tree, Vec<f64>)> = (0..params.trees)
        .into_par_iter()
        .map(|tree| {
            let grown = grow_tree(rows, labels, bins, params, randomness, Random::new(seed, tree as u64));
            progress.step();
            grown
        })
        .collect();
    let mut importances = vec![0.0; rows.inputs];
    for (_, of_tree) in &trees {
        let sum: f64 = of_tree.iter().sum();
        if sum > 0.0 {
            importances.iter_mut().zip(of_tree).for_each(|(all, one)| *all += one / sum / params.trees as f64);
        }
    }
    Ok(Grown { trees: trees.into_iter().map(|(tree, _)| tree).collect(), importances })
}

/// Of each categorical input, the place of each bin in the order of their share of positives among the rows that were not drawn.
fn level_ranks(rows: &BinnedRows, labels: &[bool], bins: &[InputBins], weights: &[u8]) -> Vec<Vec<u8>> {
    let inputs: Vec<usize> = (0..rows.inputs).filter(|input| bins[*input].is_categorical()).collect();
    let mut counts = vec![[Counts::default(); 256]; inputs.len()];
    let mut all = Counts { rows: 1, positives: 0 };
    let apart = rows.bins.chunks_exact(rows.inputs).zip(labels).zip(weights).filter(|(_, weight)| **weight == 0);
    for ((row, label), _) in apart {
        let one = Counts { rows: 1, positives: u32::from(*label) };
        all = all.plus(one);
        for (&input, counts) in inputs.iter().zip(&mut counts) {
            let of_bin = &mut counts[usize::from(row[input])];
            *of_bin = of_bin.plus(one);
        }
    }
    let mut ranks = vec![Vec::new(); rows.inputs];
    for (&input, counts) in inputs.iter().zip(&counts) {
        // The share of a level of few rows says little, and is drawn towards that of all.
        let share = |bin: u8| {
            let of_bin = counts[usize::from(bin)];
            (f64::from(of_bin.positives) + PRIOR_ROWS * all.share()) / (f64::from(of_bin.rows) + PRIOR_ROWS)
        };
        let mut order: Vec<u8> = (0..=255).collect();
        order.sort_by(|a, b| share(*a).total_cmp(&share(*b)));
        ranks[input] = vec![0; 256];
        order.iter().zip(0u8..=255).for_each(|(bin, rank)| ranks[input][usize::from(*bin)] = rank);
    }
    ranks
}

/// Rows and positives, weighted.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Counts {
    rows: u32,
    positives: u32,
}

impl Counts {
    /// Both in one number, so that one addition counts a row.
    fn unpack(packed: u64) -> Self {
        Self { rows: (packed >> 32) as u32, positives: packed as u32 }
    }

    fn plus(self, other: Self) -> Self {
        Self { rows: self.rows + other.rows, positives: self.positives + other.positives }
    }

    fn minus(self, other: Self) -> Self {
        Self { rows: self.rows - other.rows, positives: self.positives - other.positives }
    }

    fn is_pure(self) -> bool {
        self.positives == 0 || self.positives == self.rows
    }

    fn share(self) -> f64 {
        f64::from(self.positives) / f64::from(self.rows)
    }

    /// Of two classes, the sum over both sides orders splits as Gini's impurity does.
    fn purity(self) -> f64 {
        f64::from(self.positives) * self.share()
    }
}

fn pack(weight: u8, label: u8) -> u64 {
    let weight = u64::from(weight);
    (weight << 32) | (weight * u64::from(label))
}

/// A split that is better than those before.
#[derive(Debug, Clone, Copy)]
struct Split {
    purity: f64,
    input: usize,
    question: Question,
    left: Counts,
}

/// A node whose rows are still to be split.
struct Open {
    place: usize,
    from: usize,
    to: usize,
    counts: Counts,
    depth: u32,
}

/// Grows one tree. It has a copy of its rows, with weight and label behind the bins, and sorts them physically at each split:
/// every pass is over neighbours in memory, and deep parts of the tree fit into the processor's cache.
fn grow_tree<const SIZE: usize>(
    rows: &BinnedRows,
    labels: &[bool],
    bins: &[InputBins],
    params: &ForestParams,
    randomness: Randomness,
    mut random: Random,
) -> (Tree, Vec<f64>) {
    const { assert!(SIZE >= 16) };
    let (weight_at, label_at) = (SIZE - 2, SIZE - 1);
    let weights = draw_rows(rows.rows, randomness, &mut random);
    let mut packed = in_bag::<SIZE>(rows, labels, &weights);
    let ranks = level_ranks(rows, labels, bins, &weights);
    let count = |row: &[u8; SIZE]| Counts::unpack(pack(row[weight_at], row[label_at]));
    let all = packed.iter().fold(Counts::default(), |counts, row| counts.plus(count(row)));
    let share_of_sum = |counts: Counts| (counts.share() / params.trees as f64) as f32;

    let mut tree = Tree::new();
    let mut importances = vec![0.0; rows.inputs];
    let features = params.features_a_node(rows.inputs);
    let mut order: Vec<usize> = (0..rows.inputs).collect();
    let mut histograms = vec![[0u64; 256]; COUNTED_AT_ONCE];
    let mut keys: Vec<u32> = Vec::with_capacity(SORTED_ROWS);
    let mut finder = Finder { bins, ranks: &ranks, min_leaf: params.min_leaf, random, best: None, levels: Vec::new() };
    let mut open = vec![Open { place: 0, from: 0, to: packed.len(), counts: all, depth: 0 }];
    while let Some(node) = open.pop() {
        tree.set_value(node.place, share_of_sum(node.counts));
        let is_deepest = params.max_depth.is_some_and(|deepest| node.depth >= deepest);
        if node.counts.is_pure() || is_deepest || node.counts.rows < 2 * params.min_leaf {
            continue;
        }
        let here = &mut packed[node.from..node.to];
        finder.best = None;
        // As scikit-learn: inputs are drawn until so many that are not constant here were looked at.
        let (mut looked_at, mut drawn) = (0, 0);
        while drawn < order.len() && looked_at < features {
            let at_once = if here.len() > SORTED_ROWS { COUNTED_AT_ONCE } else { 1 };
            let at_once = at_once.min(features - looked_at).min(order.len() - drawn);
            for place in drawn..drawn + at_once {
                let other = place + finder.random.below(order.len() - place);
                order.swap(place, other);
            }
            let inputs = &order[drawn..drawn + at_once];
            drawn += at_once;
            if here.len() > SORTED_ROWS {
                count_bins(here, inputs, &mut histograms);
                for (&input, histogram) in inputs.iter().zip(&mut histograms) {
                    let last = bins[input].len();
                    let filled = histogram[..last].iter().zip(0u8..).filter(|(packed, _)| **packed != 0);
                    let filled = filled.map(|(packed, bin)| (bin, Counts::unpack(*packed)));
                    let missing = Counts::unpack(histogram[usize::from(MISSING_BIN)]);
                    looked_at += usize::from(finder.look(input, filled, missing, node.counts, randomness));
                    histogram[..last].fill(0);
                    histogram[usize::from(MISSING_BIN)] = 0;
                }
            } else {
                let input = inputs[0];
                let missing = sort_bins(here, input, &mut keys);
                let filled = keys.chunk_by(|a, b| a >> 16 == b >> 16).map(|same| {
                    let packed = same.iter().map(|key| pack(*key as u8, (key >> 8) as u8)).sum();
                    ((same[0] >> 16) as u8, Counts::unpack(packed))
                });
                looked_at += usize::from(finder.look(input, filled, missing, node.counts, randomness));
            }
        }
        let Some(split) = finder.best else { continue };
        importances[split.input] += split.purity - node.counts.purity();
        let middle = node.from
            + match split.question {
                Question::UpTo { bin, missing_left } => {
                    let shift = u8::from(missing_left);
                    partition(here, |row| row[split.input].wrapping_add(shift) <= bin + shift)
                }
                Question::In(_) => partition(here, |row| split.question.is_left(row[split.input])),
            };
        let left = tree.split(node.place, split.input, split.question);
        let depth = node.depth + 1;
        let right = node.counts.minus(split.left);
        open.push(Open { place: left + 1, from: middle, to: node.to, counts: right, depth });
        open.push(Open { place: left, from: node.from, to: middle, counts: split.left, depth });
    }
    tree.finish();
    (tree, importances)
}

/// How often each row was drawn. A count ends at 255, which one row in 10^500 would pass.
fn draw_rows(rows: usize, randomness: Randomness, random: &mut Random) -> Vec<u8> {
    let mut weights = vec![u8::from(randomness == Randomness::Splits); rows];
    if randomness == Randomness::Bootstrap {
        for _ in 0..rows {
            let weight = &mut weights[random.below(rows)];
            *weight = weight.saturating_add(1);
        }
    }
    weights
}

/// The rows that a tree sees, each once, with how often it was drawn.
fn in_bag<const SIZE: usize>(rows: &BinnedRows, labels: &[bool], weights: &[u8]) -> Vec<[u8; SIZE]> {
    let in_bag = weights.iter().filter(|weight| **weight > 0).count();
    let mut packed = Vec::with_capacity(in_bag);
    for ((row, label), &weight) in rows.bins.chunks_exact(rows.inputs).zip(labels).zip(weights) {
        if weight > 0 {
            let mut copy = [0u8; SIZE];
            copy[..rows.inputs].copy_from_slice(row);
            copy[SIZE - 2] = weight;
            copy[SIZE - 1] = u8::from(*label);
            packed.push(copy);
        }
    }
    packed
}

/// Counts the rows of each bin of some inputs, into histograms that are empty.
fn count_bins<const SIZE: usize>(rows: &[[u8; SIZE]], inputs: &[usize], histograms: &mut [[u64; 256]]) {
    // With all of them in one loop a row is read once.
    if let ([a, b, c, d], [of_a, of_b, of_c, of_d]) = (inputs, &mut *histograms) {
        let (a, b, c, d) = (*a.min(&(SIZE - 1)), *b.min(&(SIZE - 1)), *c.min(&(SIZE - 1)), *d.min(&(SIZE - 1)));
        for row in rows {
            let packed = pack(row[SIZE - 2], row[SIZE - 1]);
            of_a[usize::from(row[a])] += packed;
            of_b[usize::from(row[b])] += packed;
            of_c[usize::from(row[c])] += packed;
            of_d[usize::from(row[d])] += packed;
        }
        return;
    }
    for (&input, histogram) in inputs.iter().zip(histograms) {
        for row in rows {
            histogram[usize::from(row[input])] += pack(row[SIZE - 2], row[SIZE - 1]);
        }
    }
}

/// Sorts the rows by their bin of an input, as keys of bin, label and weight; the missing ones are counted instead.
fn sort_bins<const SIZE: usize>(rows: &[[u8; SIZE]], input: usize, keys: &mut Vec<u32>) -> Counts {
    keys.clear();
    let mut missing = 0;
    for row in rows {
        let (bin, weight, label) = (row[input], row[SIZE - 2], row[SIZE - 1]);
        if bin == MISSING_BIN {
            missing += pack(weight, label);
        } else {
            keys.push(u32::from(bin) << 16 | u32::from(label) << 8 | u32::from(weight));
        }
    }
    keys.sort_unstable();
    Counts::unpack(missing)
}

/// Brings the rows that go left to the front, and returns their number. The order of the rest changes.
fn partition<const SIZE: usize>(rows: &mut [[u8; SIZE]], is_left: impl Fn(&[u8; SIZE]) -> bool) -> usize {
    let mut front = 0;
    for place in 0..rows.len() {
        let is_left = is_left(&rows[place]);
        // Which way a row goes cannot be foretold, so both rows are always written, swapped or not.
        let mask = u8::from(is_left).wrapping_neg();
        let (mut one, mut other) = (rows[front], rows[place]);
        for (one, other) in one.iter_mut().zip(&mut other) {
            let swap = (*one ^ *other) & mask;
            *one ^= swap;
            *other ^= swap;
        }
        rows[front] = one;
        rows[place] = other;
        front += usize::from(is_left);
    }
    front
}
