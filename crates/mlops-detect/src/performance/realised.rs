use serde::Serialize;

use super::calibration::CalibrationError;
use super::interval::{Estimate, wilson};
use mlops_model::metrics::{
    CalibrationBin, Confusion, auc_with_variance, brier, calibration_curve, row_log_loss,
};
use mlops_stats::chi_squared_sf;

/// Bins of the calibration curve.
pub(super) const BINS: usize = 10;

/// The quality of predictions of rows with outcomes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Realised {
    /// Rows.
    pub n: u64,
    /// Those with the positive outcome.
    pub positives: u64,
    /// Their share, with Wilson's interval.
    pub base_rate: Estimate,
    /// The mean of the predictions.
    pub mean_prediction: f64,
    /// The area under the ROC curve with `DeLong`'s interval; none where all outcomes are alike.
    pub roc_auc: Option<Estimate>,
    /// The mean log loss, in nats.
    pub log_loss: Estimate,
    /// The mean squared error.
    pub brier: Estimate,
    /// The part of it that comes of probabilities that are wrong in the mean of a bin.
    pub reliability: f64,
    /// The part of the score that separating rows gains.
    pub resolution: f64,
    /// The score of a constant prediction of the base rate.
    pub uncertainty: f64,
    /// The expected calibration error over ten bins, without the upward bias of the observed one.
    pub ece: Estimate,
    /// The observed calibration error over ten bins, as scikit-learn's users compute it. It is above
    /// the expected one: about 0.05 for 500 rows of a calibrated model.
    pub ece_observed: f64,
    /// The chance of a calibration curve as far off if all probabilities were right.
    pub calibration_p_value: f64,
    /// Positives among the rows that were called high risk.
    pub precision: Option<Estimate>,
    /// Rows that were called high risk among the positives.
    pub recall: Option<Estimate>,
    /// The calibration curve.
    pub calibration_curve: Vec<CurvePoint>,
    /// Variance of the area, and of one row's log loss, for comparisons.
    #[serde(skip)]
    pub(super) variances: [f64; 2],
    #[serde(skip)]
    pub(super) calibration_error: CalibrationError,
}

/// A bin of the calibration curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CurvePoint {
    /// Rows.
    pub n: u64,
    /// The mean of their predictions.
    pub predicted: f64,
    /// Their share of positives, with Wilson's interval.
    pub observed: Estimate,
}

/// The figures of rows with outcomes: `labels`, `predictions` (probabilities of the positive
/// outcome) and `is_high` (called high risk), one a row. `None` without rows, or where a prediction
/// is no probability.
///
/// # Formula
///
/// Brier score = reliability − resolution + uncertainty + what is left within the bins; A. H.
/// Murphy, "A new vector partition of the probability score", Journal of Applied Meteorology 12
/// (1973) 595–600. The p-value is that of Σ (Σ y − Σ p)² / Σ p(1 − p) over the bins, which is χ²
/// with their number as degrees of freedom (D. W. Hosmer and S. Lemeshow, 1980, for probabilities
/// that were not trained on these rows).
pub fn realised(
    labels: &[bool],
    predictions: &[f64],
    is_high: &[bool],
    confidence: f64,
) -> Option<Realised> {
    if predictions.iter().any(|p| !(0.0..=1.0).contains(p)) || is_high.len() != labels.len() {
        return None;
    }
    let curve = calibration_curve(labels, predictions, BINS)?;
    let n = labels.len() as f64;
    let positives = labels.iter().filter(|label| **label).count() as u64;
    let base_rate = wilson(positives, labels.len() as u64, confidence)?;
    let mean = |of_row: &dyn Fn(bool, f64) -> f64| {
        Mean::of(labels.iter().zip(predictions).map(|(y, p)| of_row(*y, *p)))
    };
    let log_loss = mean(&row_log_loss);
    let squared = mean(&|label, p| (p - f64::from(u8::from(label))).powi(2));
    let auc = auc_with_variance(labels, predictions);
    let called = predictions_called(labels, is_high);
    let weighted = |of_bin: &dyn Fn(f64, f64) -> f64| {
        curve.iter().map(|bin| bin.n as f64 / n * of_bin(bin.predicted, bin.observed)).sum::<f64>()
    };
    let point = |bin: &CalibrationBin| {
        let positives = (bin.observed * bin.n as f64).round() as u64;
        Some(CurvePoint {
            n: bin.n,
            predicted: bin.predicted,
            observed: wilson(positives, bin.n, confidence)?,
        })
    };
    let calibration_error = CalibrationError::of(&curve);
    let calibration_curve: Vec<CurvePoint> = curve.iter().filter_map(point).collect();
    Some(Realised {
        n: labels.len() as u64,
        positives,
        base_rate,
        mean_prediction: predictions.iter().sum::<f64>() / n,
        roc_auc: auc.map(|(auc, variance)| {
            Estimate::normal(auc, variance.max(0.0).sqrt(), confidence, [0.0, 1.0])
        }),
        log_loss: Estimate::normal(
            log_loss.mean,
            log_loss.error(),
            confidence,
            [0.0, f64::INFINITY],
        ),
        brier: Estimate::normal(
            brier(labels, predictions)?,
            squared.error(),
            confidence,
            [0.0, 1.0],
        ),
        reliability: weighted(&|predicted, observed| (predicted - observed).powi(2)),
        resolution: weighted(&|_, observed| (observed - base_rate.value).powi(2)),
        uncertainty: base_rate.value * (1.0 - base_rate.value),
        ece: calibration_error.estimate(confidence),
        ece_observed: calibration_error.observed,
        calibration_p_value: calibration_p_value(&curve),
        precision: wilson(
            called.true_positives,
            called.true_positives + called.false_positives,
            confidence,
        ),
        recall: wilson(called.true_positives, positives, confidence),
        calibration_curve,
        variances: [auc.map_or(f64::NAN, |(_, variance)| variance), log_loss.variance],
        calibration_error,
    })
}

fn predictions_called(labels: &[bool], is_high: &[bool]) -> Confusion {
    let called: Vec<f64> = is_high.iter().map(|high| f64::from(u8::from(*high))).collect();
    Confusion::at(labels, &called, 0.5).unwrap_or_default()
}

/// A mean, and the variance of one value.
struct Mean {
    n: f64,
    mean: f64,
    variance: f64,
}

impl Mean {
    fn of(values: impl Iterator<Item = f64> + Clone) -> Self {
        let n = values.clone().count() as f64;
        let mean = values.clone().sum::<f64>() / n;
        let variance = values.map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
        Self { n, mean, variance }
    }

    fn error(&self) -> f64 {
        (self.variance / self.n).sqrt()
    }
}

/// The chance of bins as far off as these.
fn calibration_p_value(curve: &[CalibrationBin]) -> f64 {
    let (mut sum, mut degrees) = (0.0, 0);
    for bin in curve {
        let off = bin.n as f64 * (bin.observed - bin.predicted);
        if bin.variance > 0.0 {
            sum += off * off / bin.variance;
            degrees += 1;
        } else if off.abs() > 0.5 {
            // What was certain did not happen.
            return 0.0;
        }
    }
    if degrees == 0 { 1.0 } else { chi_squared_sf(sum, degrees) }
}
