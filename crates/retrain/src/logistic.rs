//! A logistic regression on the same rows, which is simpler than most models.

use mlops_model::metrics::{Difference, Metrics, auc_difference, loss_difference};
use mlops_model::{Learner, LogisticParams, Model, Progress, Recipe};
use serde::Serialize;

use crate::data::Data;

/// A logistic regression beside the model, fitted to the same rows and evaluated on the same rows.
#[derive(Debug, Clone, Serialize)]
pub struct LogisticReport {
    /// Its metrics on the held-out rows.
    pub metrics: Metrics,
    /// Its ROC AUC minus that of the model.
    pub roc_auc: Option<Difference>,
    /// Its log loss minus that of the model.
    pub log_loss: Option<Difference>,
    /// Whether neither its ROC AUC nor its log loss is significantly worse.
    pub not_worse: bool,
}

/// Fits it, unless the model is one. Returns `None` if it cannot be fitted.
pub(crate) fn fit_beside(
    data: &Data,
    recipe: &Recipe,
    probabilities: &[f64],
    confidence: f64,
) -> Option<LogisticReport> {
    if matches!(recipe.learner, Learner::LogisticRegression(_)) {
        return None;
    }
    let simple = Recipe::new(Learner::LogisticRegression(LogisticParams::default()));
    let (table, labels) = (&data.train.table, &data.train.labels);
    let predicted = Model::fit(table, labels, &data.schema, &simple, &Progress::none())
        .and_then(|model| model.predict(&data.test.table));
    let predicted = match predicted {
        Ok(predicted) => predicted,
        Err(error) => {
            tracing::warn!("no logistic regression was fitted for comparison: {error}");
            return None;
        }
    };
    let labels = &data.test.labels;
    let roc_auc = auc_difference(labels, &predicted, probabilities, confidence);
    let log_loss = loss_difference(labels, &predicted, probabilities, confidence);
    let is_worse = roc_auc.is_none_or(|found| found.high < 0.0)
        || log_loss.is_none_or(|found| found.low > 0.0);
    Some(LogisticReport {
        metrics: Metrics::of(labels, &predicted),
        roc_auc,
        log_loss,
        not_worse: !is_worse,
    })
}

impl LogisticReport {
    /// Returns the finding, with figures.
    pub(crate) fn text(&self) -> Option<String> {
        let (Some(auc), Some(loss)) = (self.roc_auc, self.log_loss) else { return None };
        let difference = |found: Difference| {
            format!(
                "{:+.4}, 95% interval {:+.4} to {:+.4}",
                found.difference, found.low, found.high
            )
        };
        let finding = if self.not_worse { "is not worse" } else { "is worse" };
        Some(format!(
            "a logistic regression {finding}: AUC {:.4} ({}), log loss {:.4} ({})",
            self.metrics.roc_auc?,
            difference(auc),
            self.metrics.log_loss?,
            difference(loss),
        ))
    }
}
