//! Metrics of predicted probabilities.
//!
//! Every function takes labels and probabilities, one each a row, and returns `None` where the
//! figure does not exist: without rows, with one outcome only where it needs both, with numbers
//! that are none, or lengths that differ.

mod check;
mod compare;
mod confusion;
mod curve;
mod figures;
mod loss;
mod rank;
#[cfg(test)]
mod tests;

pub use compare::{Difference, auc_difference, auc_with_parts, auc_with_variance, loss_difference};
pub use confusion::Confusion;
pub use curve::{CalibrationBin, calibration_curve, expected_calibration_error, spiegelhalter};
pub use figures::Metrics;
pub use loss::{brier, log_loss, row_log_loss};
pub use rank::{average_precision, roc_auc};
