use serde::Serialize;

use super::interval::Estimate;
use mlops_model::calibration::{Calibration, fit_isotonic};
use mlops_model::metrics::{expected_calibration_error, row_log_loss};
use mlops_model::random::Random;

/// The number of folds of the check whether scores need calibration.
const FOLDS: usize = 5;

/// The estimated quality of predictions without outcomes, if the probabilities are calibrated.
///
/// An interval contains the realized figure with the given confidence. A change of the relation
/// between features and target is invisible to it; only outcomes show it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Estimated {
    /// Rows.
    pub n: u64,
    /// The expected share of positives.
    pub base_rate: f64,
    /// The area under the ROC curve.
    pub roc_auc: Option<Estimate>,
    /// The mean log loss, in nats.
    pub log_loss: Estimate,
    /// The mean squared error.
    pub brier: Estimate,
    /// Positives among the rows that were called high risk.
    pub precision: Option<Estimate>,
    /// Rows that were called high risk among the positives.
    pub recall: Option<Estimate>,
}

/// Estimates from calibrated probabilities (CBPE): `predictions` as the model gave them, `is_high`
/// one a row, and the calibration that makes probabilities of predictions, if one is needed. `None`
/// without rows, or where a prediction is no probability.
///
/// # Source
///
/// J. Białek et al., "Estimating model performance under covariate shift without labels", 2024,
/// arXiv:2401.08348. The area counts ties as halves.
pub fn estimate(
    predictions: &[f64],
    is_high: &[bool],
    calibration: Option<&Calibration>,
    confidence: f64,
) -> Option<Estimated> {
    if predictions.is_empty() || predictions.len() != is_high.len() {
        return None;
    }
    if predictions.iter().any(|p| !(0.0..=1.0).contains(p)) {
        return None;
    }
    let mut rows: Vec<Row> = predictions
        .iter()
        .zip(is_high)
        .map(|(score, high)| {
            let chance = calibration.map_or(*score, |calibration| calibration.apply(*score));
            Row { score: *score, chance, is_high: *high }
        })
        .collect();
    rows.sort_unstable_by(|a, b| a.score.total_cmp(&b.score));
    Some(Estimated::of(&rows, confidence))
}

/// A calibration of `scores` if they need one: if, by cross-validation, they are nearer to the
/// outcomes with it.
pub fn calibration_needed(labels: &[bool], scores: &[f64]) -> Option<Calibration> {
    let index = Random::new(0, 0).permutation(labels.len());
    let mut calibrated = vec![f64::NAN; labels.len()];
    for fold in 0..FOLDS {
        let is_here = |row: &usize| index[*row] as usize % FOLDS == fold;
        let (rest_scores, rest_labels): (Vec<f64>, Vec<bool>) = (0..labels.len())
            .filter(|row| !is_here(row))
            .map(|row| (scores[row], labels[row]))
            .unzip();
        let calibration = fit_isotonic(&rest_scores, &rest_labels)?;
        (0..labels.len())
            .filter(is_here)
            .for_each(|row| calibrated[row] = calibration.apply(scores[row]));
    }
    let error = |scores: &[f64]| expected_calibration_error(labels, scores, super::realised::BINS);
    if error(&calibrated)? < error(scores)? { fit_isotonic(scores, labels) } else { None }
}

struct Row {
    score: f64,
    chance: f64,
    is_high: bool,
}

impl Row {
    /// The variance of the row's outcome.
    fn variance(&self) -> f64 {
        self.chance * (1.0 - self.chance)
    }
}

impl Estimated {
    /// Computes the figures of rows in the order of their scores. The variance of a figure is the sum
    /// over rows of the variance of the outcome times the square of the figure's change by the outcome.
    fn of(rows: &[Row], confidence: f64) -> Self {
        let n = rows.len() as f64;
        let positives: f64 = rows.iter().map(|row| row.chance).sum();
        let high = rows.iter().filter(|row| row.is_high).count() as f64;
        let found: f64 = rows.iter().filter(|row| row.is_high).map(|row| row.chance).sum();
        let mean = |of_row: &dyn Fn(&Row, bool) -> f64, most: f64| {
            let value: f64 = rows
                .iter()
                .map(|row| row.chance * of_row(row, true) + (1.0 - row.chance) * of_row(row, false))
                .sum();
            let variance: f64 = rows
                .iter()
                .map(|row| row.variance() * (of_row(row, true) - of_row(row, false)).powi(2))
                .sum();
            Estimate::normal(value / n, variance.sqrt() / n, confidence, [0.0, most])
        };
        let precision = (high > 0.0).then(|| {
            let variance: f64 = rows.iter().filter(|row| row.is_high).map(Row::variance).sum();
            Estimate::normal(found / high, variance.sqrt() / high, confidence, [0.0, 1.0])
        });
        let recall = (positives > 0.0).then(|| {
            let recall = found / positives;
            let change = |row: &Row| (f64::from(u8::from(row.is_high)) - recall) / positives;
            let variance: f64 = rows.iter().map(|row| row.variance() * change(row).powi(2)).sum();
            Estimate::normal(recall, variance.sqrt(), confidence, [0.0, 1.0])
        });
        Self {
            n: rows.len() as u64,
            base_rate: positives / n,
            roc_auc: roc_auc(rows, positives, confidence),
            log_loss: mean(&|row, label| row_log_loss(label, row.score), f64::INFINITY),
            brier: mean(&|row, label| (row.score - f64::from(u8::from(label))).powi(2), 1.0),
            precision,
            recall,
        }
    }
}

fn roc_auc(rows: &[Row], positives: f64, confidence: f64) -> Option<Estimate> {
    let negatives = rows.len() as f64 - positives;
    if positives <= 0.0 || negatives <= 0.0 {
        return None;
    }
    // Per score: the negatives below it less the positives above it, each with half of those that
    // are at it.
    let (mut pairs, mut below, mut above) = (0.0, 0.0, positives);
    let mut balances: Vec<f64> = Vec::with_capacity(rows.len());
    for same in rows.chunk_by(|a, b| a.score == b.score) {
        let here: f64 = same.iter().map(|row| row.chance).sum();
        let others = same.len() as f64 - here;
        pairs += here * (below + 0.5 * others);
        above -= here;
        balances.extend(same.iter().map(|_| below + 0.5 * others - above - 0.5 * here));
        below += others;
    }
    let all = positives * negatives;
    let auc = pairs / all;
    let change = |balance: f64| balance / all - auc * (1.0 / positives - 1.0 / negatives);
    let variance: f64 = rows
        .iter()
        .zip(balances)
        .map(|(row, balance)| row.variance() * change(balance).powi(2))
        .sum();
    Some(Estimate::normal(auc, variance.sqrt(), confidence, [0.0, 1.0]))
}
