//! Random forests and extremely randomised trees.

mod finder;
mod split;

use std::hint::select_unpredictable;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::bins::{BinnedRows, InputBins, MISSING_BIN};
use super::error::{ModelError, check_range};
use super::node::{Question, has};
use super::progress::Progress;
use super::random::Random;
use super::tree::Tree;
use finder::Finder;
use split::Counts;
pub(crate) use split::Randomness;

/// Nodes of at most so many rows sort them; larger ones count them bin by bin.
const SORTED_ROWS: usize = 48;

/// A level's share of positives is counted as if so many rows with the share of all were added to
/// it.
const PRIOR_ROWS: f64 = 10.0;

/// So many inputs are counted in one pass over the rows.
const COUNTED_AT_ONCE: usize = 8;

/// Parameters of a random forest or of extra trees.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ForestParams {
    /// Number of trees (scikit-learn: `n_estimators`).
    pub trees: usize,
    /// Maximum depth of a tree (scikit-learn: `max_depth`); `None` is unlimited.
    pub max_depth: Option<u32>,
    /// Share of features that each split considers (scikit-learn: `max_features`); `None` is the
    /// square root of their number. A fractional number of features is reached on average.
    pub max_features: Option<f64>,
    /// Minimum samples per leaf (scikit-learn: `min_samples_leaf`).
    pub min_leaf: u32,
    /// Maximum number of bins of a numeric feature.
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

    fn features_a_node(&self, inputs: usize) -> f64 {
        let inputs = inputs as f64;
        self.max_features.map_or(inputs.sqrt(), |share| share * inputs).clamp(1.0, inputs)
    }
}

/// Trees, and how much impurity each input took away, as shares of one.
pub(crate) struct Grown {
    pub(crate) trees: Vec<Tree>,
    pub(crate) importances: Vec<f64>,
}

/// Grows a forest; a leaf's value is its share of positives divided by the number of trees.
///
/// # Source
///
/// L. Breiman, "Random forests", Machine Learning 45 (2001) 5–32; P. Geurts, D. Ernst and L.
/// Wehenkel, "Extremely randomized trees", Machine Learning 63 (2006) 3–42. Levels are cut in one
/// order for the whole tree (M. N. Wright and I. R. König, "Splitting on categorical predictors in
/// random forests", `PeerJ` 7 (2019) e6339), that of their share of positives among the rows that
/// were not drawn for it: an order made of the rows that are split would find splits by chance
/// where levels have few rows.
pub(crate) fn grow(
    rows: BinnedRows,
    labels: &[bool],
    bins: &[InputBins],
    params: &ForestParams,
    randomness: Randomness,
    seed: u64,
    progress: &Progress<'_>,
) -> Result<Grown, ModelError> {
    let grow_trees = match rows.inputs + 2 {
        ..=16 => grow_trees::<16>,
        17..=24 => grow_trees::<24>,
        25..=32 => grow_trees::<32>,
        33..=48 => grow_trees::<48>,
        49..=64 => grow_trees::<64>,
        65..=128 => grow_trees::<128>,
        129..=256 => grow_trees::<256>,
        257..=1024 => grow_trees::<1024>,
        _ => return Err(ModelError::TooManyInputs { inputs: rows.inputs, most: 1022 }),
    };
    let trees = grow_trees(rows, labels, bins, params, randomness, seed, progress);
    let mut importances = vec![0.0; bins.len()];
    for (_, of_tree) in &trees {
        let sum: f64 = of_tree.iter().sum();
        if sum > 0.0 {
            importances
                .iter_mut()
                .zip(of_tree)
                .for_each(|(all, one)| *all += one / sum / params.trees as f64);
        }
    }
    Ok(Grown { trees: trees.into_iter().map(|(tree, _)| tree).collect(), importances })
}

fn grow_trees<const SIZE: usize>(
    rows: BinnedRows,
    labels: &[bool],
    bins: &[InputBins],
    params: &ForestParams,
    randomness: Randomness,
    seed: u64,
    progress: &Progress<'_>,
) -> Vec<(Tree, Vec<f64>)> {
    let packed: Vec<[u8; SIZE]> =
        rows.bins.chunks_exact(rows.inputs).zip(labels).map(pack_row).collect();
    drop(rows);
    let grow = |tree| {
        let grown = grow_tree(&packed, bins, params, randomness, Random::new(seed, tree as u64));
        progress.step();
        grown
    };
    (0..params.trees).into_par_iter().map(grow).collect()
}

/// A row's bins, and behind them how often it was drawn and how often it was so as a positive one:
/// once.
fn pack_row<const SIZE: usize>((bins, label): (&[u8], &bool)) -> [u8; SIZE] {
    const { assert!(SIZE >= 16) };
    let mut row = [0u8; SIZE];
    row[..bins.len()].copy_from_slice(bins);
    row[SIZE - 2] = 1;
    row[SIZE - 1] = u8::from(*label);
    row
}

/// Returns for each categorical input the position of each bin in the order of the share of
/// positives among out-of-bag rows.
fn level_ranks<const SIZE: usize>(
    rows: &[[u8; SIZE]],
    not_drawn: &[u32],
    bins: &[InputBins],
) -> Vec<Vec<u8>> {
    let inputs: Vec<usize> =
        (0..bins.len()).filter(|input| bins[*input].is_categorical()).collect();
    let mut counts = vec![[0u64; 256]; inputs.len()];
    let mut all = 1 << 32;
    for &row in not_drawn {
        let row = &rows[row as usize];
        let one = pack(row);
        all += one;
        for (&input, counts) in inputs.iter().zip(&mut counts) {
            counts[usize::from(row[input])] += one;
        }
    }
    let all = Counts::unpack(all);
    let mut ranks = vec![Vec::new(); bins.len()];
    for (&input, counts) in inputs.iter().zip(&counts) {
        // The share of a level of few rows says little, and is drawn towards that of all.
        let share = |bin: u8| {
            let of_bin = Counts::unpack(counts[usize::from(bin)]);
            (f64::from(of_bin.positives) + PRIOR_ROWS * all.share())
                / (f64::from(of_bin.rows) + PRIOR_ROWS)
        };
        let mut order: Vec<u8> = (0..=255).collect();
        order.sort_by(|a, b| share(*a).total_cmp(&share(*b)));
        ranks[input] = vec![0; 256];
        order.iter().zip(0u8..=255).for_each(|(bin, rank)| ranks[input][usize::from(*bin)] = rank);
    }
    ranks
}

/// The weight of a row.
fn pack<const SIZE: usize>(row: &[u8; SIZE]) -> u64 {
    u64::from(row[SIZE - 2]) << 32 | u64::from(row[SIZE - 1])
}

/// A node whose rows are still to be split.
struct Open {
    node: usize,
    from: usize,
    to: usize,
    counts: Counts,
    depth: u32,
}

/// Grows one tree. It has a copy of its rows and sorts them physically at each split: every pass is
/// over neighbours in memory, and deep parts of the tree fit into the processor's cache.
fn grow_tree<const SIZE: usize>(
    rows: &[[u8; SIZE]],
    bins: &[InputBins],
    params: &ForestParams,
    randomness: Randomness,
    mut random: Random,
) -> (Tree, Vec<f64>) {
    let weights = draw_rows(rows.len(), randomness, &mut random);
    let (drawn, not_drawn) = by_weight(&weights);
    let ranks = level_ranks(rows, &not_drawn, bins);
    let weighted = |&index: &u32| with_weight(rows[index as usize], weights[index as usize]);
    // Behind the rows is as much room: at a split, those that go right change over to the other
    // half.
    let mut packed: Vec<[u8; SIZE]> = Vec::with_capacity(2 * drawn.len());
    packed.extend(drawn.iter().map(weighted));
    let all = Counts::unpack(packed.iter().map(pack).sum());
    packed.resize(2 * drawn.len(), [0; SIZE]);
    let share_of_sum = |counts: Counts| (counts.share() / params.trees as f64) as f32;

    let mut tree = Tree::new();
    let mut importances = vec![0.0; bins.len()];
    let features = params.features_a_node(bins.len());
    let mut order: Vec<usize> = (0..bins.len()).collect();
    let mut histograms = vec![[0u64; 256]; COUNTED_AT_ONCE];
    let mut keys: Vec<u32> = Vec::with_capacity(SORTED_ROWS);
    let mut finder = Finder {
        bins,
        ranks: &ranks,
        min_leaf: params.min_leaf,
        random,
        best: None,
        levels: Vec::new(),
    };
    let mut open = vec![Open { node: 0, from: 0, to: drawn.len(), counts: all, depth: 0 }];
    while let Some(node) = open.pop() {
        tree.set_value(node.node, share_of_sum(node.counts));
        let is_deepest = params.max_depth.is_some_and(|deepest| node.depth >= deepest);
        if node.counts.is_pure() || is_deepest || node.counts.rows < 2 * params.min_leaf {
            continue;
        }
        let here = &packed[node.from..node.to];
        finder.best = None;
        let features = features as usize + usize::from(finder.random.unit() < features.fract());
        // As scikit-learn: inputs are drawn until so many that are not constant here were looked
        // at.
        let (mut looked_at, mut tried) = (0, 0);
        while tried < order.len() && looked_at < features {
            let at_once = if here.len() > SORTED_ROWS { COUNTED_AT_ONCE } else { 1 };
            let at_once = at_once.min(features - looked_at).min(order.len() - tried);
            for index in tried..tried + at_once {
                let other = index + finder.random.below(order.len() - index);
                order.swap(index, other);
            }
            let inputs = &order[tried..tried + at_once];
            tried += at_once;
            if here.len() > SORTED_ROWS {
                count_bins(here, inputs, &mut histograms);
                for (&input, histogram) in inputs.iter().zip(&mut histograms) {
                    let last = bins[input].len();
                    let filled =
                        histogram[..last].iter().zip(0u8..).filter(|(packed, _)| **packed != 0);
                    let filled = filled.map(|(packed, bin)| (bin, Counts::unpack(*packed)));
                    let missing = Counts::unpack(histogram[usize::from(MISSING_BIN)]);
                    looked_at +=
                        usize::from(finder.look(input, filled, missing, node.counts, randomness));
                    histogram[..last].fill(0);
                    histogram[usize::from(MISSING_BIN)] = 0;
                }
            } else {
                let input = inputs[0];
                let missing = sort_bins(here, input, &mut keys);
                let filled = keys.chunk_by(|a, b| a >> 16 == b >> 16).map(|same| {
                    let packed = same.iter().map(|key| pack(&key.to_be_bytes())).sum();
                    ((same[0] >> 16) as u8, Counts::unpack(packed))
                });
                looked_at +=
                    usize::from(finder.look(input, filled, missing, node.counts, randomness));
            }
        }
        let Some(split) = finder.best else { continue };
        importances[split.input] += split.purity - node.counts.purity();
        let depth = node.depth + 1;
        let left = tree.split(node.node, split.input, split.question);
        let right = node.counts.minus(split.left);
        // Leaves need no rows.
        let (left_end, right_from) = if params.max_depth == Some(depth) {
            (node.from, node.from)
        } else {
            match split.question {
                Question::UpTo { bin, missing_left } => {
                    let shift = u8::from(missing_left);
                    let (input, last) = (split.input, bin + shift);
                    partition(&mut packed, node.from, node.to, |row| {
                        row[input].wrapping_add(shift) <= last
                    })
                }
                Question::In(set) => {
                    partition(&mut packed, node.from, node.to, |row| has(&set, row[split.input]))
                }
            }
        };
        let right_to = right_from + (node.to - left_end);
        open.push(Open { node: left + 1, from: right_from, to: right_to, counts: right, depth });
        open.push(Open { node: left, from: node.from, to: left_end, counts: split.left, depth });
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

/// Returns the indices of the drawn rows and of the out-of-bag rows.
fn by_weight(weights: &[u8]) -> (Vec<u32>, Vec<u32>) {
    // Without a branch: each index is written to both lists, and stays in one.
    let (mut drawn, mut not_drawn) = (vec![0; weights.len()], vec![0; weights.len()]);
    let (mut count, mut other) = (0, 0);
    for (&weight, index) in weights.iter().zip(0u32..) {
        (drawn[count], not_drawn[other]) = (index, index);
        count += usize::from(weight > 0);
        other += usize::from(weight == 0);
    }
    drawn.truncate(count);
    not_drawn.truncate(other);
    (drawn, not_drawn)
}

fn with_weight<const SIZE: usize>(mut row: [u8; SIZE], weight: u8) -> [u8; SIZE] {
    row[SIZE - 2] = weight;
    row[SIZE - 1] *= weight;
    row
}

/// Counts the rows of each bin of some inputs, into histograms that are empty.
fn count_bins<const SIZE: usize>(
    rows: &[[u8; SIZE]],
    inputs: &[usize],
    histograms: &mut [[u64; 256]],
) {
    let count = match inputs.len() {
        1 => count_together::<SIZE, 1>,
        2 => count_together::<SIZE, 2>,
        3 => count_together::<SIZE, 3>,
        4 => count_together::<SIZE, 4>,
        5 => count_together::<SIZE, 5>,
        6 => count_together::<SIZE, 6>,
        7 => count_together::<SIZE, 7>,
        _ => count_together::<SIZE, COUNTED_AT_ONCE>,
    };
    count(rows, inputs, histograms);
}

/// Counts a fixed number of inputs, so that each row is read once, and the processor counts the
/// inputs of a row in parallel.
fn count_together<const SIZE: usize, const INPUTS: usize>(
    rows: &[[u8; SIZE]],
    inputs: &[usize],
    histograms: &mut [[u64; 256]],
) {
    let (Some(inputs), Some(histograms)) =
        (inputs.first_chunk::<INPUTS>(), histograms.first_chunk_mut::<INPUTS>())
    else {
        return;
    };
    let inputs = inputs.map(|input| input.min(SIZE - 1));
    for row in rows {
        let one = pack(row);
        for (input, histogram) in inputs.iter().zip(&mut *histograms) {
            histogram[usize::from(row[*input])] += one;
        }
    }
}

/// Sorts the rows by their bin of an input, as keys of bin, weight and weight of positives; the
/// missing ones are counted instead.
fn sort_bins<const SIZE: usize>(rows: &[[u8; SIZE]], input: usize, keys: &mut Vec<u32>) -> Counts {
    keys.clear();
    let mut missing = 0;
    for row in rows {
        if row[input] == MISSING_BIN {
            missing += pack(row);
        } else {
            keys.push(u32::from_be_bytes([0, row[input], row[SIZE - 2], row[SIZE - 1]]));
        }
    }
    keys.sort_unstable();
    Counts::unpack(missing)
}

/// Moves the rows of `from..to` that go left to the front, and the others to the end of the same
/// range in the other half of `rows`. Returns the end of the left rows and the start of the right
/// rows.
fn partition<const SIZE: usize>(
    rows: &mut [[u8; SIZE]],
    from: usize,
    to: usize,
    is_left: impl Fn(&[u8; SIZE]) -> bool,
) -> (usize, usize) {
    let half = rows.len() / 2;
    let (mut left, mut right) = (from, if from < half { to + half } else { to - half });
    for index in from..to {
        let row = rows[index];
        let is_left = is_left(&row);
        right -= usize::from(!is_left);
        // The side of a row is unpredictable for the processor, so there is no branch.
        rows[select_unpredictable(is_left, left, right)] = row;
        left += usize::from(is_left);
    }
    (left, right)
}
