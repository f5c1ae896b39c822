//! How good probabilities are.
//!
//! Every function takes labels and probabilities, one each a row, and returns `None` where the
//! figure does not exist: without rows, with one outcome only where it needs both, with numbers
//! that are none, or lengths that differ.

mod check;
mod compare;
mod curve;
mod rank;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use compare::{Difference, auc_difference, auc_with_variance, loss_difference};
pub use curve::{CalibrationBin, calibration_curve, expected_calibration_error, spiegelhalter};
pub use rank::{average_precision, roc_auc};

use check::check;

/// The usual figures in one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Rows.
    pub n: u64,
    /// Rows with the positive outcome.
    pub positives: u64,
    /// [`roc_auc`].
    pub roc_auc: Option<f64>,
    /// [`average_precision`].
    pub average_precision: Option<f64>,
    /// [`log_loss`].
    pub log_loss: Option<f64>,
    /// [`brier`].
    pub brier: Option<f64>,
    /// [`expected_calibration_error`] over ten bins.
    pub ece: Option<f64>,
}

impl Metrics {
    /// All of them.
    pub fn of(labels: &[bool], probabilities: &[f64]) -> Self {
        Self {
            n: labels.len() as u64,
            positives: labels.iter().filter(|label| **label).count() as u64,
            roc_auc: roc_auc(labels, probabilities),
            average_precision: average_precision(labels, probabilities),
            log_loss: log_loss(labels, probabilities),
            brier: brier(labels, probabilities),
            ece: expected_calibration_error(labels, probabilities, 10),
        }
    }
}

impl Metrics {
    /// The figures that exist, by their names.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, f64)> {
        let all = [
            ("roc_auc", self.roc_auc),
            ("average_precision", self.average_precision),
            ("log_loss", self.log_loss),
            ("brier", self.brier),
            ("ece", self.ece),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?)))
    }
}

/// The loss of one row: -ln of the probability of what happened, which is at least 2^-52, as in
/// scikit-learn.
pub fn row_log_loss(label: bool, probability: f64) -> f64 {
    let probability = probability.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
    if label { -probability.ln() } else { -(1.0 - probability).ln() }
}

/// The mean of [`row_log_loss`], in nats.
pub fn log_loss(labels: &[bool], probabilities: &[f64]) -> Option<f64> {
    mean(labels, probabilities, row_log_loss)
}

/// The mean squared error of probabilities.
pub fn brier(labels: &[bool], probabilities: &[f64]) -> Option<f64> {
    mean(labels, probabilities, |label, probability| {
        (probability - f64::from(u8::from(label))).powi(2)
    })
}

fn mean(labels: &[bool], probabilities: &[f64], of_row: fn(bool, f64) -> f64) -> Option<f64> {
    check(labels, probabilities)?;
    let sum: f64 = labels
        .iter()
        .zip(probabilities)
        .map(|(label, probability)| of_row(*label, *probability))
        .sum();
    Some(sum / labels.len() as f64)
}

/// What a threshold makes of probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Confusion {
    /// Positives above it.
    pub true_positives: u64,
    /// Negatives above it.
    pub false_positives: u64,
    /// Negatives below it.
    pub true_negatives: u64,
    /// Positives below it.
    pub false_negatives: u64,
}

impl Confusion {
    /// Counts; a probability of the threshold itself is above it.
    pub fn at(labels: &[bool], probabilities: &[f64], threshold: f64) -> Option<Self> {
        check(labels, probabilities)?;
        let mut counts = Self::default();
        for (label, probability) in labels.iter().zip(probabilities) {
            *match (*label, *probability >= threshold) {
                (true, true) => &mut counts.true_positives,
                (false, true) => &mut counts.false_positives,
                (false, false) => &mut counts.true_negatives,
                (true, false) => &mut counts.false_negatives,
            } += 1;
        }
        Some(counts)
    }

    /// Rows that are judged right, of all.
    pub fn accuracy(&self) -> Option<f64> {
        share(
            self.true_positives + self.true_negatives,
            self.false_positives + self.false_negatives,
        )
    }

    /// Positives among those above the threshold.
    pub fn precision(&self) -> Option<f64> {
        share(self.true_positives, self.false_positives)
    }

    /// Those above the threshold among the positives.
    pub fn recall(&self) -> Option<f64> {
        share(self.true_positives, self.false_negatives)
    }

    /// The harmonic mean of precision and recall.
    pub fn f1(&self) -> Option<f64> {
        share(2 * self.true_positives, self.false_positives + self.false_negatives)
    }

    /// The mean of the shares of both outcomes that are judged right.
    pub fn balanced_accuracy(&self) -> Option<f64> {
        Some(0.5 * (self.recall()? + share(self.true_negatives, self.false_positives)?))
    }
}

fn share(part: u64, rest: u64) -> Option<f64> {
    (part + rest > 0).then(|| part as f64 / (part + rest) as f64)
}
