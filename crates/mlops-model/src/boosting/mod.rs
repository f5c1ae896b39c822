//! Gradient boosting of trees on the log loss, over histograms.

mod bounds;
mod derivatives;
mod finder;
mod params;

use rayon::prelude::*;

use super::bins::{BinnedRows, InputBins, MISSING_BIN};
use super::goal::Goal;
use super::logistic::weighted_log_odds;
use super::node::Question;
use super::progress::Progress;
use super::tree::Tree;
use bounds::Bounds;
use derivatives::{Packed, Scale, Sums, unpack_row};
use finder::{Finder, Found};
pub use params::BoostingParams;

/// Rows whose derivatives are computed together.
const DERIVED_ROWS: usize = 8192;

/// Fewer rows than this are counted by one thread.
const PARALLEL_ROWS: usize = 16_384;

/// So many rows are fetched from memory before they are counted.
const TOUCHED_ROWS: usize = 32;

/// Adding this number leaves the nearest whole number in the last bits of the sum.
const ROUNDER: f32 = 12_582_912.0;

/// Trees whose values add up to log-odds, from `base` on.
pub(crate) struct Boosted {
    pub(crate) base: f64,
    pub(crate) trees: Vec<Tree>,
    /// Shares of all gain.
    pub(crate) importances: Vec<f64>,
}

/// Sums by bin, input after input.
type Histograms = Vec<Packed>;

/// A leaf that may still be split.
struct Leaf {
    node: usize,
    from: usize,
    to: usize,
    sums: Sums,
    histograms: Histograms,
    bounds: Bounds,
    best: Option<Split>,
}

#[derive(Debug, Clone, Copy)]
struct Split {
    gain: f64,
    input: usize,
    question: Question,
    /// The middle between the values of both sides, if they must be in order.
    middle: Option<f64>,
}

/// Fits gradient-boosted trees. Each tree grows leaf-wise: the leaf with the highest gain is split
/// first.
///
/// # Source
///
/// J. H. Friedman, "Greedy function approximation", Annals of Statistics 29 (2001) 1189–1232, with
/// second derivatives and histograms as in G. Ke et al., "LightGBM", NeurIPS 2017; derivatives in
/// whole steps as in Y. Shi et al., "Quantized training of gradient boosting decision trees",
/// NeurIPS 2022, but rounded to nearest, in 2,048 steps.
///
/// Constraints bound the values of both sides of a split, as LightGBM's method `basic` does.
pub(crate) fn boost(
    rows: &BinnedRows,
    goal: &Goal<'_>,
    bins: &[InputBins],
    params: &BoostingParams,
    progress: &Progress<'_>,
) -> Boosted {
    let base = weighted_log_odds(goal.labels, goal.weights);
    let mut scores = vec![base as f32; rows.rows];
    let mut booster = Booster::new(rows, goal, bins, params);
    let mut trees = Vec::with_capacity(params.rounds);
    for _ in 0..params.rounds {
        booster.derive(&scores);
        trees.push(booster.grow(&mut scores));
        progress.step();
    }
    let gain: f64 = booster.gains.iter().sum();
    let importances = booster
        .gains
        .iter()
        .map(|of_input| if gain > 0.0 { of_input / gain } else { 0.0 })
        .collect();
    Boosted { base, trees, importances }
}

struct Booster<'a> {
    goal: &'a Goal<'a>,
    rows: &'a BinnedRows,
    /// The same bins, input after input.
    columns: Vec<u8>,
    bins: &'a [InputBins],
    /// Offsets of the bins of each input in the histograms, and the total number of bins.
    offsets: Vec<usize>,
    params: &'a BoostingParams,
    scale: Scale,
    derivatives: Vec<u32>,
    /// The rows, leaf by leaf.
    order: Vec<u32>,
    spare: Vec<u32>,
    pool: Vec<Histograms>,
    gains: Vec<f64>,
}

impl<'a> Booster<'a> {
    fn new(
        rows: &'a BinnedRows,
        goal: &'a Goal<'a>,
        bins: &'a [InputBins],
        params: &'a BoostingParams,
    ) -> Self {
        let mut columns = vec![0u8; rows.bins.len()];
        columns.par_chunks_mut(rows.rows.max(1)).enumerate().for_each(|(input, column)| {
            let cells = rows.bins.iter().skip(input).step_by(rows.inputs);
            column.iter_mut().zip(cells).for_each(|(to, from)| *to = *from);
        });
        let mut offsets = vec![0];
        for (column, bins) in columns.chunks(rows.rows.max(1)).zip(bins) {
            // Close together, so that all of them fit into the processor's cache.
            let size = if column.contains(&MISSING_BIN) { 256 } else { bins.len() };
            offsets.push(offsets[offsets.len() - 1] + size);
        }
        Self {
            goal,
            rows,
            columns,
            bins,
            offsets,
            params,
            scale: Scale::of(rows.rows, goal.weights),
            derivatives: vec![0; rows.rows],
            order: vec![0; rows.rows],
            spare: vec![0; rows.rows],
            pool: Vec::new(),
            gains: vec![0.0; rows.inputs],
        }
    }

    /// The derivatives of each row's loss at its score.
    fn derive(&mut self, scores: &[f32]) {
        let (labels, weights) = (self.goal.labels, self.goal.weights);
        let (steps, hessian_steps) = (self.scale.steps as f32, self.scale.hessian_steps() as f32);
        let rounded = |value: f32| (value + ROUNDER).to_bits().wrapping_sub(ROUNDER.to_bits());
        let rows = self
            .derivatives
            .par_chunks_mut(DERIVED_ROWS)
            .zip(scores.par_chunks(DERIVED_ROWS))
            .zip(labels.par_chunks(DERIVED_ROWS))
            .enumerate();
        rows.for_each(|(chunk, ((derivatives, scores), labels))| {
            let packed = |score: f32, label: bool, weight: f32| {
                let share = sigmoid(score);
                let gradient = rounded((share - f32::from(u8::from(label))) * steps * weight);
                let hessian = rounded(share * (1.0 - share) * hessian_steps * weight);
                gradient << 16 | hessian & 0xFFFF
            };
            let rows = derivatives.iter_mut().zip(scores).zip(labels);
            match weights {
                None => rows.for_each(|((row, score), label)| *row = packed(*score, *label, 1.0)),
                Some(weights) => rows.zip(&weights[chunk * DERIVED_ROWS..]).for_each(
                    |(((row, score), label), weight)| *row = packed(*score, *label, *weight as f32),
                ),
            }
        });
    }

    /// Grows one tree, and adds its values to the scores.
    fn grow(&mut self, scores: &mut [f32]) -> Tree {
        let mut tree = Tree::new();
        self.order.iter_mut().zip(0u32..).for_each(|(row, index)| *row = index);
        let histograms = self.count(0, self.rows.rows);
        let sums = self.sums_of(&histograms);
        let root = self.leaf(0, 0..self.rows.rows, sums, histograms, Bounds::default());
        let mut leaves = vec![root];
        while leaves.len() < self.params.leaves {
            let gain = |leaf: &Leaf| leaf.best.map_or(f64::MIN, |best| best.gain);
            let best =
                leaves.iter().enumerate().max_by(|(_, a), (_, b)| gain(a).total_cmp(&gain(b)));
            let Some((index, split)) = best.and_then(|(index, leaf)| Some((index, leaf.best?)))
            else {
                break;
            };
            let leaf = leaves.swap_remove(index);
            self.gains[split.input] += split.gain;
            let at = tree.split(leaf.node, split.input, split.question);
            let [one, other] = self.split(leaf, split, at);
            leaves.extend([one, other]);
        }
        let mut values = Vec::with_capacity(leaves.len());
        for leaf in leaves {
            let gradient = leaf.sums.gradient as f64 / self.scale.steps;
            let hessian = leaf.sums.hessian as f64 / self.scale.hessian_steps();
            let curvature = hessian + self.params.l2;
            // Where every row is sure of its outcome there is nothing to go by.
            let step = if curvature > 0.0 { -gradient / curvature } else { 0.0 };
            let step = leaf.bounds.clamp(step);
            let value = (self.params.learning_rate * step) as f32;
            tree.set_value(leaf.node, value);
            values.push((leaf.from..leaf.to, value));
            self.pool.push(leaf.histograms);
        }
        self.add_values(&values, scores);
        tree.finish();
        tree
    }

    /// Adds each leaf's value to the scores of its rows, which are ascending.
    fn add_values(&self, values: &[(std::ops::Range<usize>, f32)], scores: &mut [f32]) {
        scores.par_chunks_mut(PARALLEL_ROWS).enumerate().for_each(|(chunk, scores)| {
            let first = chunk * PARALLEL_ROWS;
            let end = first + scores.len();
            for (rows, value) in values {
                let rows = &self.order[rows.clone()];
                let from = rows.partition_point(|row| (*row as usize) < first);
                let to = from + rows[from..].partition_point(|row| (*row as usize) < end);
                rows[from..to].iter().for_each(|row| scores[*row as usize - first] += value);
            }
        });
    }

    /// Parts a leaf's rows. Only the smaller part is counted; the other is the rest.
    fn split(&mut self, leaf: Leaf, split: Split, left: usize) -> [Leaf; 2] {
        let middle = leaf.from + self.partition(leaf.from, leaf.to, split);
        let is_left_smaller = 2 * (middle - leaf.from) <= leaf.to - leaf.from;
        let monotone = self.goal.monotone[split.input];
        let [bounds_left, bounds_right] = leaf.bounds.of_sides(monotone, split.middle);
        let of_left = (left, leaf.from..middle, bounds_left);
        let of_right = (left + 1, middle..leaf.to, bounds_right);
        let (small, large) =
            if is_left_smaller { (of_left, of_right) } else { (of_right, of_left) };
        let counted = self.count(small.1.start, small.1.end);
        let mut rest = leaf.histograms;
        rest.iter_mut().zip(&counted).for_each(|(rest, counted)| *rest -= counted);
        let small_sums = self.sums_of(&counted);
        let large_sums = leaf.sums.minus(small_sums);
        let this = &*self;
        let (one, other) = rayon::join(
            || this.leaf(small.0, small.1, small_sums, counted, small.2),
            || this.leaf(large.0, large.1, large_sums, rest, large.2),
        );
        [one, other]
    }

    fn leaf(
        &self,
        node: usize,
        rows: std::ops::Range<usize>,
        sums: Sums,
        histograms: Histograms,
        bounds: Bounds,
    ) -> Leaf {
        let may_split = rows.len() >= 2 * self.params.min_leaf as usize;
        let best =
            if may_split { self.best_split(&histograms, sums, rows.len(), bounds) } else { None };
        Leaf { node, from: rows.start, to: rows.end, sums, histograms, bounds, best }
    }

    /// The sums over a leaf's rows, each of which is in one bin of the first input.
    fn sums_of(&self, histograms: &[Packed]) -> Sums {
        let of_first = &histograms[..self.offsets.get(1).copied().unwrap_or(0)];
        of_first.iter().fold(Sums::default(), |sums, packed| sums.plus(Sums::unpack(*packed)))
    }

    /// Sums up the derivatives of some rows, by input and bin.
    fn count(&mut self, from: usize, to: usize) -> Histograms {
        let size = self.offsets[self.rows.inputs];
        let mut histograms = self.pool.pop().unwrap_or_default();
        histograms.clear();
        histograms.resize(size, 0);
        let order = &self.order[from..to];
        let threads = rayon::current_num_threads();
        if order.len() < PARALLEL_ROWS || threads == 1 {
            self.count_into(order, &mut histograms);
            return histograms;
        }
        let parts: Vec<Histograms> = order
            .par_chunks(order.len().div_ceil(threads))
            .map(|order| {
                let mut histograms = vec![0; size];
                self.count_into(order, &mut histograms);
                histograms
            })
            .collect();
        for part in parts {
            histograms.iter_mut().zip(&part).for_each(|(all, one)| *all += one);
        }
        histograms
    }

    fn count_into(&self, order: &[u32], histograms: &mut [Packed]) {
        let width = self.rows.inputs;
        for block in order.chunks(TOUCHED_ROWS) {
            // Rows of a leaf lie anywhere in memory. Read without a use for it, they come all at
            // once.
            let touch = |row: &u32| {
                let row = *row as usize;
                self.derivatives[row]
                    ^ u32::from(
                        self.rows.bins[row * width] ^ self.rows.bins[row * width + width - 1],
                    )
            };
            std::hint::black_box(block.iter().map(touch).fold(0, std::ops::BitXor::bitxor));
            for &row in block {
                let row = row as usize;
                let packed = unpack_row(self.derivatives[row]);
                let bins = &self.rows.bins[row * width..(row + 1) * width];
                for (offset, bin) in self.offsets.iter().zip(bins) {
                    histograms[offset + usize::from(*bin)] += packed;
                }
            }
        }
    }

    /// Brings the rows of a leaf that go left to its front, all in their order, and returns their
    /// number.
    fn partition(&mut self, from: usize, to: usize, split: Split) -> usize {
        let column =
            &self.columns[split.input * self.rows.rows..(split.input + 1) * self.rows.rows];
        let order = &mut self.order[from..to];
        let spare = &mut self.spare[from..to];
        match split.question {
            Question::UpTo { bin, missing_left } => {
                let shift = u8::from(missing_left);
                stable_partition(order, spare, |row| {
                    column[row as usize].wrapping_add(shift) <= bin + shift
                })
            }
            Question::In(_) => {
                stable_partition(order, spare, |row| split.question.is_left(column[row as usize]))
            }
        }
    }

    fn best_split(
        &self,
        histograms: &[Packed],
        all: Sums,
        rows: usize,
        bounds: Bounds,
    ) -> Option<Split> {
        let mut finder = Finder::new(self.params, self.scale, all, rows, bounds);
        let mut best: Option<Split> = None;
        for (input, bins) in self.bins.iter().enumerate() {
            let histogram = &histograms[self.offsets[input]..self.offsets[input + 1]];
            let least = best.map_or(0.0, |best| best.gain);
            finder.monotone = self.goal.monotone[input];
            let found = match bins {
                InputBins::Numeric { .. } => finder.best_number(histogram, bins.len(), least),
                InputBins::Categorical { levels } => finder.best_levels(histogram, *levels, least),
            };
            if let Some(Found { gain, question, middle }) = found {
                best = Some(Split { gain, input, question, middle });
            }
        }
        best
    }
}

/// Brings what goes left to the front, all in their order, and returns its number.
fn stable_partition(
    order: &mut [u32],
    spare: &mut [u32],
    is_left: impl Fn(u32) -> bool + Sync + Copy,
) -> usize {
    if order.len() < PARALLEL_ROWS {
        return partition_part(order, spare, is_left);
    }
    let half = order.len() / 2;
    let ((first, second), (spare_of_first, spare_of_second)) =
        (order.split_at_mut(half), spare.split_at_mut(half));
    let (left_of_first, left_of_second) = rayon::join(
        || stable_partition(first, spare_of_first, is_left),
        || stable_partition(second, spare_of_second, is_left),
    );
    // The right part of the first half is swapped with the left part of the second half.
    let right_of_first = half - left_of_first;
    spare[..right_of_first].copy_from_slice(&order[left_of_first..half]);
    order.copy_within(half..half + left_of_second, left_of_first);
    let left = left_of_first + left_of_second;
    order[left..left + right_of_first].copy_from_slice(&spare[..right_of_first]);
    left
}

/// The side of a row is unpredictable for the processor. So each row is written to both sides, and
/// counted on one, without a branch.
fn partition_part(order: &mut [u32], spare: &mut [u32], is_left: impl Fn(u32) -> bool) -> usize {
    let (mut left, mut right) = (0, 0);
    for index in 0..order.len() {
        let row = order[index];
        let is_left = is_left(row);
        order[left] = row;
        spare[right] = row;
        left += usize::from(is_left);
        right += usize::from(!is_left);
    }
    order[left..].copy_from_slice(&spare[..right]);
    left
}

/// Returns 1/(1+e^-x) to a few units in the last place, by a polynomial that the compiler
/// vectorizes.
fn sigmoid(score: f32) -> f32 {
    let exponent = (-score).clamp(-80.0, 80.0) * std::f32::consts::LOG2_E;
    let whole = (exponent + ROUNDER) - ROUNDER;
    let rest = (exponent - whole) * std::f32::consts::LN_2;
    let series = 1.0
        + rest
            * (1.0
                + rest
                    * (0.5
                        + rest
                            * (1.0 / 6.0
                                + rest * (1.0 / 24.0 + rest * (1.0 / 120.0 + rest / 720.0)))));
    let power = (exponent + ROUNDER).to_bits().wrapping_sub(ROUNDER.to_bits());
    let scale = f32::from_bits(power.wrapping_add(127) << 23);
    1.0 / (1.0 + series * scale)
}
