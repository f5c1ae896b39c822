use super::bounds::Bounds;
use super::derivatives::{HESSIAN_STEPS, Packed, Scale, Sums};
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
    /// Bounds of the values of both sides, in steps.
    bounds: Bounds,
    /// 1 if the right side must not be below the left one, -1 if it must not be above, else 0.
    pub(super) monotone: i8,
}

/// The best split of an input.
pub(super) struct Found {
    /// In nats.
    pub(super) gain: f64,
    pub(super) question: Question,
    /// The middle between the values of both sides, if they must be in order.
    pub(super) middle: Option<f64>,
}

impl Finder {
    pub(super) fn new(
        params: &BoostingParams,
        scale: Scale,
        all: Sums,
        rows: usize,
        bounds: Bounds,
    ) -> Self {
        let hessian_steps = scale.hessian_steps();
        let l2 = params.l2 * hessian_steps;
        // As LightGBM: how many rows a side has is estimated by its share of the second
        // derivatives.
        let by_rows = f64::from(params.min_leaf) * all.hessian as f64 / rows as f64;
        let least = by_rows.max(params.min_hessian * hessian_steps).ceil() as i64;
        let finder = Self {
            all,
            l2,
            least: least.max(1),
            unit: hessian_steps / (scale.steps * scale.steps),
            before: (all.gradient as f64).powi(2) / (all.hessian as f64 + l2),
            support: (LEVEL_SUPPORT * 0.25 * HESSIAN_STEPS * scale.row_steps) as i64,
            bounds: bounds.scaled(1.0 / HESSIAN_STEPS),
            monotone: 0,
        };
        match bounds.is_free() {
            true => finder,
            false => Self { before: finder.gain(all, finder.value(all)), ..finder },
        }
    }

    pub(super) fn best_number(
        &self,
        histogram: &[Packed],
        bins: usize,
        min_gain: f64,
    ) -> Option<Found> {
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
        Some(Found {
            gain: (most - self.before) * self.unit,
            question: Question::UpTo { bin, missing_left },
            middle: (self.monotone != 0).then(|| self.middle(left)),
        })
    }

    /// The best cut through the levels in the order of their mean gradient, from either end.
    pub(super) fn best_levels(
        &self,
        histogram: &[Packed],
        levels: usize,
        min_gain: f64,
    ) -> Option<Found> {
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
        Some(Found {
            gain: (most - self.before) * self.unit,
            question: Question::In(set),
            middle: None,
        })
    }

    /// The score of a split if it is above `most`. A division takes as long as all the rest, so
    /// there is one only then.
    fn score_above(&self, left: Sums, most: f64) -> Option<f64> {
        let right = self.all.minus(left);
        if self.monotone != 0 || !self.bounds.is_free() {
            let (of_left, of_right) = (self.value(left), self.value(right));
            let score = self.gain(left, of_left) + self.gain(right, of_right);
            let is_ordered = f64::from(self.monotone) * (of_right - of_left) >= 0.0;
            return (is_ordered && score > most).then_some(score);
        }
        let (left_hessian, right_hessian) =
            (left.hessian as f64 + self.l2, right.hessian as f64 + self.l2);
        let (left, right) = (left.gradient as f64, right.gradient as f64);
        let numerator = left * left * right_hessian + right * right * left_hessian;
        let denominator = left_hessian * right_hessian;
        (numerator > most * denominator).then(|| numerator / denominator)
    }

    /// The value of a leaf with these sums, in steps, within the bounds.
    fn value(&self, sums: Sums) -> f64 {
        self.bounds.clamp(-(sums.gradient as f64) / (sums.hessian as f64 + self.l2))
    }

    /// The reduction of the loss by a leaf of that value, in steps.
    fn gain(&self, sums: Sums, value: f64) -> f64 {
        -(2.0 * sums.gradient as f64 * value + (sums.hessian as f64 + self.l2) * value * value)
    }

    /// The middle between the values of both sides, as values of leaves.
    fn middle(&self, left: Sums) -> f64 {
        0.5 * HESSIAN_STEPS * (self.value(left) + self.value(self.all.minus(left)))
    }
}
