use super::derivatives::{HESSIAN_STEPS, Packed, Sums};
use super::params::BoostingParams;
use crate::bins::MISSING_BIN;
use crate::node::{LevelSet, Question, insert};

/// A level with less weight than so many rows of even odds stays with those that are not known, as
/// its mean is chance.
const LEVEL_SUPPORT: f64 = 10.0;

/// Finds the best split of one leaf.
pub(super) struct Finder {
    all: Sums,
    /// Penalty and least hessian, in steps.
    l2: f64,
    least: i64,
    /// Factor from gain in quantization steps to gain in nats.
    unit: f64,
    /// Gain of the leaf as it is, in steps.
    before: f64,
    support: i64,
}

impl Finder {
    pub(super) fn new(params: &BoostingParams, steps: f64, all: Sums, rows: usize) -> Self {
        let hessian_steps = HESSIAN_STEPS * steps;
        let l2 = params.l2 * hessian_steps;
        // As LightGBM: how many rows a side has is estimated by its share of the second
        // derivatives.
        let by_rows = f64::from(params.min_leaf) * all.hessian as f64 / rows as f64;
        let least = by_rows.max(params.min_hessian * hessian_steps).ceil() as i64;
        Self {
            all,
            l2,
            least: least.max(1),
            unit: hessian_steps / (steps * steps),
            before: (all.gradient as f64).powi(2) / (all.hessian as f64 + l2),
            support: (LEVEL_SUPPORT * 0.25 * hessian_steps) as i64,
        }
    }

    pub(super) fn best_number(
        &self,
        histogram: &[Packed],
        bins: usize,
        min_gain: f64,
    ) -> Option<(f64, Question)> {
        let missing = Sums::unpack(histogram.get(usize::from(MISSING_BIN)).copied().unwrap_or(0));
        let mut most = self.before + (min_gain / self.unit).max(1e-9);
        let mut found = None;
        for missing_left in [false, true] {
            if missing_left && missing == Sums::default() {
                continue;
            }
            let mut left = if missing_left { missing } else { Sums::default() };
            for (packed, bin) in histogram[..bins].iter().zip(0u8..) {
                if *packed == 0 {
                    continue;
                }
                left = left.plus(Sums::unpack(*packed));
                if left.hessian < self.least {
                    continue;
                }
                if self.all.hessian - left.hessian < self.least {
                    break;
                }
                if let Some(score) = self.score_above(left, most) {
                    most = score;
                    found = Some((bin, missing_left, left));
                }
            }
        }
        let (bin, missing_left, left) = found?;
        // Where nothing was missing, what is goes with most of the rows.
        let missing_left = if missing == Sums::default() {
            2 * left.hessian > self.all.hessian
        } else {
            missing_left
        };
        Some(((most - self.before) * self.unit, Question::UpTo { bin, missing_left }))
    }

    /// The best cut through the levels in the order of their mean gradient, from either end.
    pub(super) fn best_levels(
        &self,
        histogram: &[Packed],
        levels: usize,
        min_gain: f64,
    ) -> Option<(f64, Question)> {
        let known = (0..levels).map(|level| level as u8).chain([MISSING_BIN]);
        let sums = known
            .map(|bin| (bin, Sums::unpack(histogram.get(usize::from(bin)).copied().unwrap_or(0))));
        let mut sorted: Vec<(u8, Sums)> =
            sums.filter(|(_, sums)| sums.hessian >= self.support.max(1)).collect();
        let mean = |sums: &Sums| sums.gradient as f64 / (sums.hessian + self.support) as f64;
        sorted.sort_unstable_by(|(a, of_a), (b, of_b)| {
            mean(of_a).total_cmp(&mean(of_b)).then(a.cmp(b))
        });
        let mut most = self.before + (min_gain / self.unit).max(1e-9);
        let mut found: Option<(Vec<u8>, Sums)> = None;
        for from_the_end in [false, true] {
            let mut left = Sums::default();
            if from_the_end {
                sorted.reverse();
            }
            for index in 0..sorted.len() {
                left = left.plus(sorted[index].1);
                if left.hessian < self.least {
                    continue;
                }
                if self.all.hessian - left.hessian < self.least {
                    break;
                }
                if let Some(score) = self.score_above(left, most) {
                    most = score;
                    found = Some((sorted[..=index].iter().map(|(bin, _)| *bin).collect(), left));
                }
            }
        }
        let mut set = LevelSet::default();
        found?.0.iter().for_each(|bin| insert(&mut set, *bin));
        Some(((most - self.before) * self.unit, Question::In(set)))
    }

    /// The score of a split if it is above `most`. A division takes as long as all the rest, so
    /// there is one only then.
    fn score_above(&self, left: Sums, most: f64) -> Option<f64> {
        let right = self.all.minus(left);
        let (left_hessian, right_hessian) =
            (left.hessian as f64 + self.l2, right.hessian as f64 + self.l2);
        let (left, right) = (left.gradient as f64, right.gradient as f64);
        let numerator = left * left * right_hessian + right * right * left_hessian;
        let denominator = left_hessian * right_hessian;
        (numerator > most * denominator).then(|| numerator / denominator)
    }
}
