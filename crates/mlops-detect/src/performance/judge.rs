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
    /// The maximum allowed loss of area under the ROC curve.
    pub max_auc_drop: f64,
    /// The maximum allowed rise of the log loss, in nats.
    pub max_log_loss_rise: f64,
    /// The maximum allowed expected calibration error: a level, whatever the error at training.
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

/// The figures at training, on held-out rows.
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
    /// The value.
    pub value: f64,
    /// The value at training; none for `ece`.
    pub at_training: Option<f64>,
    /// The difference to training, positive if worse; for `ece`, the error itself.
    pub worse_by: f64,
    /// The largest allowed difference.
    pub allowed: f64,
    /// The probability of such a difference by chance; for `ece`, of such an observed error if the
    /// true one is the allowed one.
    pub p_value: f64,
    /// Adjusted for the other checks, by Holm.
    pub p_value_adjusted: f64,
    /// Significantly worse, by more than allowed.
    pub failed: bool,
}

/// The comparison of predictions with training.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judgement {
    /// The verdict.
    #[serde(skip)]
    pub verdict: Verdict,
    /// The checks.
    pub checks: Vec<Check>,
}

impl Judgement {
    /// Returns the failed checks as one sentence; empty if none failed.
    pub fn summary(&self) -> String {
        let failed = self.checks.iter().filter(|check| check.failed);
        let says = failed.map(|check| match (check.metric, check.at_training) {
            ("roc_auc", Some(then)) => format!("AUC fell from {then:.3} to {:.3}", check.value),
            ("log_loss", Some(then)) => {
                format!("log loss rose from {then:.3} to {:.3}", check.value)
            }
            _ => format!("calibration error is {:.3} (threshold {})", check.value, check.allowed),
        });
        says.collect::<Vec<String>>().join(", ")
    }
}

/// Compares predictions with the figures at training; without these, checks only their calibration. The
/// calibration error is tested against the allowed one: a model whose true error is below it, and stays
/// so, fails in at most `significance` of the periods. A
/// check fails if its p-value, adjusted by Holm, is at most `significance` and the difference is above
/// the allowed one. The log loss at training is assumed to have the same variance per row.
pub fn judge(
    found: &Realised,
    training: Option<&TrainingFigures>,
    policy: &PerformancePolicy,
) -> Judgement {
    let few = found.positives.min(found.n - found.positives);
    if found.n < policy.min_rows || few < policy.min_outcomes {
        let why = format!(
            "too few outcomes: {} rows with an outcome, {few} of the rarer class; at least {} and {} needed",
            found.n, policy.min_rows, policy.min_outcomes
        );
        return Judgement { verdict: Verdict::Inconclusive(why), checks: Vec::new() };
    }
    let p_value_of = |worse_by: f64, variance: f64| {
        Normal::standard().sf(worse_by / variance.max(1e-300).sqrt())
    };
    let mut checks = vec![Check {
        metric: "ece",
        value: found.ece.value,
        at_training: None,
        worse_by: found.ece.value,
        allowed: policy.max_ece,
        p_value: found.calibration_error.p_value_above(policy.max_ece),
        p_value_adjusted: 1.0,
        failed: false,
    }];
    if let Some(training) = training {
        let [of_auc, of_row] = found.variances;
        let mut compare = |metric, value: f64, at_training: f64, sign: f64, allowed, variance| {
            let worse_by = sign * (value - at_training);
            checks.push(Check {
                metric,
                value,
                at_training: Some(at_training),
                worse_by,
                allowed,
                p_value: p_value_of(worse_by, variance),
                p_value_adjusted: 1.0,
                failed: false,
            });
        };
        if let Some(auc) = found.roc_auc {
            let variance = of_auc + training.auc_variance();
            compare("roc_auc", auc.value, training.roc_auc, -1.0, policy.max_auc_drop, variance);
        }
        let variance = of_row / found.n as f64 + of_row / training.n as f64;
        let (now, then) = (found.log_loss.value, training.log_loss);
        compare("log_loss", now, then, 1.0, policy.max_log_loss_rise, variance);
    }
    let p_values: Vec<f64> = checks.iter().map(|check| check.p_value).collect();
    for (check, adjusted) in checks.iter_mut().zip(Correction::Holm.adjust(&p_values)) {
        check.p_value_adjusted = adjusted;
        check.failed = adjusted <= policy.significance && check.worse_by > check.allowed;
    }
    let is_worse = checks.iter().any(|check| check.failed);
    Judgement { verdict: if is_worse { Verdict::Shifted } else { Verdict::Stable }, checks }
}
