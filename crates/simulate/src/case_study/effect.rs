use mlops_core::table::Table;
use mlops_model::metrics::Metrics;
use mlops_model::{Model, ModelError, sample_indices};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::args::Changed;
use super::changes::Scenario;

/// The metrics, and whether a higher value is worse.
pub(super) const FIGURES: [(&str, bool); 4] =
    [("roc_auc", false), ("log_loss", true), ("brier", true), ("ece", true)];

/// The confidence of an interval.
const CONFIDENCE: f64 = 0.95;

/// The change of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Moved {
    /// On average over the draws.
    pub mean: f64,
    /// The lower end of the 95% interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// The held-out rows with predictions, and bootstrap draws of them.
pub(super) struct Baseline<'a> {
    model: &'a Model,
    table: &'a Table,
    labels: &'a [bool],
    pub(super) predicted: Vec<f64>,
    pub(super) metrics: Metrics,
    draws: Vec<(Vec<usize>, Metrics)>,
}

impl<'a> Baseline<'a> {
    /// Each seed draws as many of the rows as there are, with replacement (the bootstrap).
    pub(super) fn new(
        model: &'a Model,
        table: &'a Table,
        labels: &'a [bool],
        seeds: u64,
    ) -> Result<Self, ModelError> {
        let predicted = model.predict(table)?;
        let metrics = Metrics::of(labels, &predicted);
        let draws = (0..seeds).map(|seed| {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let rows: Vec<usize> =
                (0..labels.len()).map(|_| random.random_range(0..labels.len())).collect();
            let metrics = metrics_of(labels, &predicted, &rows);
            (rows, metrics)
        });
        let draws = draws.collect();
        Ok(Self { model, table, labels, predicted, metrics, draws })
    }

    /// Returns the indices of the rows that a seed changes.
    pub(super) fn changed_rows(&self, changed: Changed, seed: u64) -> Vec<usize> {
        let wanted = match changed {
            Changed::All => self.labels.len(),
            Changed::Rows(rows) => rows,
        };
        sample_indices(self.labels.len(), wanted, seed)
    }

    /// Returns the predictions of all rows after a change.
    pub(super) fn predict_changed(
        &self,
        scenario: &Scenario,
        rows: &[usize],
    ) -> Result<Vec<f64>, ModelError> {
        let of_changed = self.model.predict(&scenario.apply(self.table, rows))?;
        let mut predicted = self.predicted.clone();
        rows.iter().zip(of_changed).for_each(|(row, probability)| predicted[*row] = probability);
        Ok(predicted)
    }

    /// How far each of [`FIGURES`] moves, each draw compared with itself before the change.
    pub(super) fn effect(&self, scenario: &Scenario) -> Result<[Option<Moved>; 4], ModelError> {
        let mut moved: [Vec<f64>; 4] = Default::default();
        let mut of_all = None;
        for (seed, (rows, before)) in (0u64..).zip(&self.draws) {
            let predicted = match (&of_all, scenario.changed) {
                (Some(predicted), Changed::All) => predicted,
                _ => &*of_all.insert(
                    self.predict_changed(scenario, &self.changed_rows(scenario.changed, seed))?,
                ),
            };
            let after = metrics_of(self.labels, predicted, rows);
            for (moved, (figure, _)) in moved.iter_mut().zip(FIGURES) {
                moved.extend(
                    figure_of(&after, figure)
                        .zip(figure_of(before, figure))
                        .map(|(after, before)| after - before),
                );
            }
        }
        Ok(moved.map(|moved| Moved::of(&moved)))
    }
}

fn metrics_of(labels: &[bool], predicted: &[f64], rows: &[usize]) -> Metrics {
    let labels: Vec<bool> = rows.iter().map(|row| labels[*row]).collect();
    let predicted: Vec<f64> = rows.iter().map(|row| predicted[*row]).collect();
    Metrics::of(&labels, &predicted)
}

/// Returns a metric by its name.
pub(super) fn figure_of(metrics: &Metrics, figure: &str) -> Option<f64> {
    metrics.named().find(|(name, _)| *name == figure).map(|(_, value)| value)
}

impl Moved {
    /// The mean, and the interval that its standard error over bootstrap draws gives (Student's t);
    /// none with fewer than two draws.
    fn of(draws: &[f64]) -> Option<Self> {
        let n = draws.len() as f64;
        if n < 2.0 {
            return None;
        }
        let mean = draws.iter().sum::<f64>() / n;
        let deviation =
            (draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
        let half =
            StudentsT::new(0.0, 1.0, n - 1.0).ok()?.inverse_cdf(0.5 + 0.5 * CONFIDENCE) * deviation;
        Some(Self { mean, low: mean - half, high: mean + half })
    }

    /// Returns whether the change is significant and for the worse.
    pub(super) fn hurts(&self, more_is_worse: bool) -> bool {
        if more_is_worse { self.low > 0.0 } else { self.high < 0.0 }
    }
}
