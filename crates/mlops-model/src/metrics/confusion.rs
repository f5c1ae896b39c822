use serde::Serialize;

use super::check::check;

/// The confusion matrix of a threshold.
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
