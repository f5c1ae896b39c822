use serde::{Deserialize, Serialize};

use super::{average_precision, brier, expected_calibration_error, log_loss, roc_auc};

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
