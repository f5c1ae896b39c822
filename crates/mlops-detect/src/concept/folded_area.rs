use std::collections::HashMap;

use mlops_model::metrics::auc_with_parts;
use statrs::distribution::{ContinuousCDF, StudentsT};

/// A score this many standard errors below 0.5 is not by chance: 1 in 1000.
const BELOW_CHANCE: f64 = -3.09;

/// The minimum variance, as a share of the variance without a shift. At a score of 1, all rows are
/// classified correctly, and the variance would be 0.
const LEAST_VARIANCE: f64 = 0.01;

/// The mean of the areas under the ROC curves of the folds.
pub(super) struct FoldedArea {
    pub(super) score: f64,
    /// How far each row moves the area of its fold.
    parts: Vec<f64>,
    /// The sum of the variances of the areas if both data sets are alike.
    null_variance: f64,
    folds: f64,
}

impl FoldedArea {
    /// `scores` and `folds` have one value a row. `None` if a fold lacks a class.
    pub(super) fn of(labels: &[bool], scores: &[f64], folds: &[usize]) -> Option<Self> {
        let count = folds.iter().max()? + 1;
        let (mut score, mut null_variance) = (0.0, 0.0);
        let mut parts = vec![0.0; labels.len()];
        for fold in 0..count {
            let rows: Vec<usize> = (0..labels.len()).filter(|row| folds[*row] == fold).collect();
            let of_fold: Vec<bool> = rows.iter().map(|row| labels[*row]).collect();
            let scores: Vec<f64> = rows.iter().map(|row| scores[*row]).collect();
            let (area, of_rows) = auc_with_parts(&of_fold, &scores)?;
            rows.iter().zip(of_rows).for_each(|(row, part)| parts[*row] = part);
            let positives = of_fold.iter().filter(|label| **label).count() as f64;
            let negatives = of_fold.len() as f64 - positives;
            score += area;
            null_variance += (positives + negatives + 1.0) / (12.0 * positives * negatives);
        }
        let folds = count as f64;
        Some(Self { score: score / folds, parts, null_variance, folds })
    }

    /// Returns the score with its standard error, where rows of different groups are independent, and
    /// the rows of a group are in one fold. Folds share their training rows.
    pub(super) fn spread(&self, groups: &[usize]) -> Spread {
        let (variance, groups) = variance_of_groups(&self.parts, groups);
        let variance = variance.max(LEAST_VARIANCE * self.null_variance);
        Spread { value: self.score, error: (variance * self.shared()).sqrt(), groups }
    }

    /// Returns the difference to another score of the same rows in the same folds.
    pub(super) fn difference(&self, other: &Self, groups: &[usize]) -> Spread {
        let parts: Vec<f64> = self.parts.iter().zip(&other.parts).map(|(a, b)| a - b).collect();
        let (variance, groups) = variance_of_groups(&parts, groups);
        let error = (variance * self.shared()).sqrt();
        Spread { value: self.score - other.score, error, groups }
    }

    fn shared(&self) -> f64 {
        (1.0 / self.folds + 1.0 / (self.folds - 1.0)) / self.folds
    }
}

/// The sum of the squared sums of the groups, and their number.
fn variance_of_groups(parts: &[f64], groups: &[usize]) -> (f64, usize) {
    let mut sums: HashMap<usize, f64> = HashMap::new();
    for (part, group) in parts.iter().zip(groups) {
        *sums.entry(*group).or_default() += part;
    }
    let count = sums.len();
    let mut squares: Vec<f64> = sums.into_values().map(|sum| sum * sum).collect();
    // In one order, for one sum.
    squares.sort_unstable_by(f64::total_cmp);
    (squares.iter().sum::<f64>() * count as f64 / (count as f64 - 1.0).max(1.0), count)
}

/// A value with its standard error.
pub(super) struct Spread {
    value: f64,
    error: f64,
    /// How many independent groups it is estimated from.
    groups: usize,
}

impl Spread {
    /// Returns the ends of the interval; without end if there is one group.
    pub(super) fn interval(&self, confidence: f64) -> [f64; 2] {
        let probability = 0.5 + 0.5 * confidence.clamp(0.0, 1.0 - 1e-12);
        let half =
            self.law().map_or(f64::INFINITY, |law| law.inverse_cdf(probability) * self.error);
        [self.value - half, self.value + half]
    }

    /// Returns the probability of at least this score by chance.
    pub(super) fn p_value(&self) -> f64 {
        let z = (self.value - 0.5) / self.error;
        self.law().map_or(1.0, |law| law.sf(z)).clamp(0.0, 1.0)
    }

    /// Whether the score is below 0.5, and not by chance.
    pub(super) fn is_below_chance(&self) -> bool {
        (self.value - 0.5) / self.error < BELOW_CHANCE
    }

    fn law(&self) -> Option<StudentsT> {
        StudentsT::new(0.0, 1.0, self.groups.saturating_sub(1) as f64).ok()
    }
}
