use serde::Serialize;
use statrs::distribution::{ContinuousCDF, Normal};

use super::Realised;
use mlops_core::verdict::Verdict;
use mlops_model::metrics::Metrics;
use mlops_stats::Correction;

/// When predictions are worse than they were in training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PerformancePolicy {
    /// The most adjusted p-value of a difference.
    pub significance: f64,
    /// The least loss of area under the ROC curve that matters.
    pub max_auc_drop: f64,
    /// The least rise of the log loss that matters, in nats.
    pub max_log_loss_rise: f64,
    /// The least expected calibration error that matters.
    pub max_ece: f64,
    /// The fewest rows that say something.
    pub min_rows: u64,
    /// The fewest rows of either outcome.
    pub min_outcomes: u64,
}

impl Default for PerformancePolicy {
    fn default() -> Self {
        Self {
            significance: 0.05,
            max_auc_drop: 0.03,
            max_log_loss_rise: 0.03,
            max_ece: 0.05,
            min_rows: 200,
            min_outcomes: 20,
        }
    }
}

/// The figures at training, on rows that the model was not fitted to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TrainingFigures {
    /// Rows.
    pub n: u64,
    /// Those with the positive outcome.
    pub positives: u64,
    /// The area under the ROC curve.
    pub roc_auc: f64,
    /// The mean log loss, in nats.
    pub log_loss: f64,
    /// The mean squared error.
    pub brier: Option<f64>,
    /// The expected calibration error.
    pub ece: Option<f64>,
}

impl TrainingFigures {
    /// Those of a model, where it has them.
    pub fn of(metrics: &Metrics) -> Option<Self> {
        Some(Self {
            n: metrics.n,
            positives: metrics.positives,
            roc_auc: metrics.roc_auc?,
            log_loss: metrics.log_loss?,
            brier: metrics.brier,
            ece: metrics.ece,
        })
    }

    /// The variance of the area, from the area itself.
    ///
    /// # Source
    ///
    /// J. A. Hanley and B. J. McNeil, Radiology 143 (1982) 29–36.
    fn auc_variance(&self) -> f64 {
        let (auc, positives) = (self.roc_auc, self.positives as f64);
        let negatives = self.n as f64 - positives;
        let (of_positives, of_negatives) = (auc / (2.0 - auc), 2.0 * auc * auc / (1.0 + auc));
        let spread = auc * (1.0 - auc)
            + (positives - 1.0) * (of_positives - auc * auc)
            + (negatives - 1.0) * (of_negatives - auc * auc);
        spread.max(0.0) / (positives * negatives)
    }
}

/// One way in which predictions may have become worse.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Check {
    /// `roc_auc`, `log_loss` or `ece`.
    pub metric: &'static str,
    /// How much worse it is than at training; the error itself of `ece`.
    pub worse_by: f64,
    /// How much is borne.
    pub allowed: f64,
    /// The chance of being so much worse by chance.
    pub p_value: f64,
    /// Adjusted for the other checks, by Holm.
    pub p_value_adjusted: f64,
    /// Surely worse, and by enough to matter.
    pub failed: bool,
}

/// Whether predictions are as good as they were.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judgement {
    /// The verdict.
    #[serde(skip)]
    pub verdict: Verdict,
    /// What it is made of.
    pub checks: Vec<Check>,
}

impl Judgement {
    /// Returns the failed checks as one sentence; empty if none failed.
    pub fn summary(&self) -> String {
        let failed = self.checks.iter().filter(|check| check.failed);
        let says = failed.map(|check| match check.metric {
            "roc_auc" => format!("AUC is {:.3} below training", check.worse_by),
            "log_loss" => format!("log loss is {:.3} above training", check.worse_by),
            _ => format!("calibration error is {:.3}", check.worse_by),
        });
        says.collect::<Vec<String>>().join(", ")
    }
}

/// Compares what predictions were worth with the figures at training; without these only their
/// calibration is looked at. Worse is what is surely so (Holm's adjusted p-value at most
/// `significance`) and by more than is borne. The log loss at training is given the variance that
/// it has here.
pub fn judge(
    found: &Realised,
    training: Option<&TrainingFigures>,
    policy: &PerformancePolicy,
) -> Judgement {
    let few = found.positives.min(found.n - found.positives);
    if found.n < policy.min_rows || few < policy.min_outcomes {
        let why = format!(
            "{} rows with an outcome, {few} of them with the rarer one; {} and {} are needed",
            found.n, policy.min_rows, policy.min_outcomes
        );
        return Judgement { verdict: Verdict::Inconclusive(why), checks: Vec::new() };
    }
    let surely = |worse_by: f64, variance: f64| {
        Normal::standard().sf(worse_by / variance.max(1e-300).sqrt())
    };
    let mut checks = vec![("ece", found.ece.value, policy.max_ece, found.calibration_p_value)];
    if let Some(training) = training {
        let [of_auc, of_row] = found.variances;
        if let Some(auc) = found.roc_auc {
            let worse_by = training.roc_auc - auc.value;
            let p_value = surely(worse_by, of_auc + training.auc_variance());
            checks.push(("roc_auc", worse_by, policy.max_auc_drop, p_value));
        }
        let worse_by = found.log_loss.value - training.log_loss;
        let p_value = surely(worse_by, of_row / found.n as f64 + of_row / training.n as f64);
        checks.push(("log_loss", worse_by, policy.max_log_loss_rise, p_value));
    }
    let adjusted =
        Correction::Holm.adjust(&checks.iter().map(|(.., p_value)| *p_value).collect::<Vec<f64>>());
    let check = |((metric, worse_by, allowed, p_value), p_value_adjusted): (_, f64)| Check {
        metric,
        worse_by,
        allowed,
        p_value,
        p_value_adjusted,
        failed: p_value_adjusted <= policy.significance && worse_by > allowed,
    };
    let checks: Vec<Check> = checks.into_iter().zip(adjusted).map(check).collect();
    let is_worse = checks.iter().any(|check| check.failed);
    Judgement { verdict: if is_worse { Verdict::Shifted } else { Verdict::Stable }, checks }
}
