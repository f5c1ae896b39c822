//! The store of verdicts.

use std::future::Future;

use jiff::Timestamp;

use crate::performance::{Estimate, PeriodImpact};
use crate::shift::DataShift;
use mlops_core::ports::StoreError;
use mlops_core::verdict::Verdict;
use mlops_core::window::Window;

/// One run of a comparison, for `data_shift`.
#[derive(Debug, Clone)]
pub struct ShiftRun<'a> {
    /// Names the run; writing it again replaces what it wrote before.
    pub run_uid: &'a str,
    /// When it ran.
    pub run_timestamp: Timestamp,
    /// The window.
    pub window: Window,
    /// The level that adjusted p-values were compared with.
    pub significance: f64,
    /// The model whose training data it compared with, if that is known.
    pub model_uid: Option<&'a str>,
    /// The findings by segment; the empty name stands for all rows.
    pub segments: &'a [(String, DataShift)],
}

/// One run of `concept-shift`, for the table of that name.
#[derive(Debug, Clone)]
pub struct ConceptRun<'a> {
    /// Names the run; writing it again replaces what it wrote before.
    pub run_uid: &'a str,
    /// When it ran.
    pub run_timestamp: Timestamp,
    /// The window.
    pub window: Window,
    /// The model whose training data it compared with, if that is known.
    pub model_uid: Option<&'a str>,
    /// The findings.
    pub findings: &'a [ConceptFinding],
}

/// The metric of a finding of `concept-shift`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConceptMetric {
    /// How well a classifier tells production from training.
    RocAuc,
    /// The importance of a feature for the classifier.
    Importance,
    /// How the target follows from the scores.
    Recalibration,
    /// How the target follows from a feature.
    Interaction,
}

impl ConceptMetric {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::RocAuc, Self::Importance, Self::Recalibration, Self::Interaction];

    /// The name in `concept_shift`.
    pub fn name(self) -> &'static str {
        match self {
            Self::RocAuc => "roc_auc",
            Self::Importance => "importance",
            Self::Recalibration => "recalibration",
            Self::Interaction => "interaction",
        }
    }
}

/// One answer to whether what a model learned is still true.
#[derive(Debug, Clone, PartialEq)]
pub struct ConceptFinding {
    /// The metric.
    pub metric_used: ConceptMetric,
    /// The feature, or nothing where it is about all of them.
    pub feature: String,
    /// The measured value.
    pub score: f64,
    /// Its interval, if it has one.
    pub interval: Option<[f64; 2]>,
    /// The threshold.
    pub threshold: f64,
    /// Its p-value.
    pub p_value: Option<f64>,
    /// Adjusted for all tests of its kind.
    pub p_value_adjusted: Option<f64>,
    /// Rows then.
    pub n_reference: u64,
    /// Rows now.
    pub n_production: u64,
    /// The verdict.
    pub verdict: Verdict,
    /// In words.
    pub why: String,
}

/// One run of `performance`, for the tables `performance` and `business_impact`.
#[derive(Debug, Clone)]
pub struct PerformanceRun<'a> {
    /// Names the run; writing it again replaces what it wrote before.
    pub run_uid: &'a str,
    /// When it ran.
    pub run_timestamp: Timestamp,
    /// The model that was looked at, if that is known.
    pub model_uid: Option<&'a str>,
    /// The quality of predictions.
    pub periods: &'a [PerformanceRow],
    /// The business impact of the model.
    pub impact: ImpactRows<'a>,
}

/// The source of a period's figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeriodKind {
    /// Predictions and their outcomes.
    Realised,
    /// Predictions alone, before their outcomes are known.
    Estimated,
}

impl PeriodKind {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Realised, Self::Estimated];

    /// The name in `performance`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Realised => "realised",
            Self::Estimated => "estimated",
        }
    }
}

/// The quality of predictions in one period.
#[derive(Debug, Clone, PartialEq)]
pub struct PerformanceRow {
    /// Whether it is with outcomes.
    pub kind: PeriodKind,
    /// The period's first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
    /// Rows.
    pub n: u64,
    /// Rows with the positive outcome, where outcomes are known.
    pub positives: Option<u64>,
    /// Their share, or the expected one.
    pub base_rate: f64,
    /// The mean of the predictions.
    pub mean_prediction: Option<f64>,
    /// The area under the ROC curve.
    pub roc_auc: Option<Estimate>,
    /// The mean log loss, in nats.
    pub log_loss: f64,
    /// The mean squared error.
    pub brier: f64,
    /// The expected calibration error.
    pub ece: Option<f64>,
    /// Positives among the rows that were called high risk.
    pub high_risk_precision: Option<f64>,
    /// Rows that were called high risk among the positives.
    pub high_risk_recall: Option<f64>,
    /// All of it, with intervals and the calibration curve, as JSON.
    pub details: String,
    /// The verdict of the period alone.
    pub verdict: Verdict,
    /// In words.
    pub why: String,
    /// Whether the run's verdict is this one.
    pub is_decisive: bool,
}

/// The business impact of the model by period.
#[derive(Debug, Clone, Copy)]
pub struct ImpactRows<'a> {
    /// Each with its first moment and the first after it.
    pub periods: &'a [(Timestamp, Timestamp, PeriodImpact)],
    /// The verdict over all of them.
    pub verdict: &'a Verdict,
    /// The finding in words.
    pub says: &'a str,
}

/// A store of verdicts.
pub trait VerdictStore: Send + Sync {
    /// Writes one row a feature and segment in one transaction.
    fn write_data_shift(
        &self,
        run: ShiftRun<'_>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Writes one row a finding in one transaction.
    fn write_concept_shift(
        &self,
        run: ConceptRun<'_>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Writes one row a period in one transaction.
    fn write_performance(
        &self,
        run: PerformanceRun<'_>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
