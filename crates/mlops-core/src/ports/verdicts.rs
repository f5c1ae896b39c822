use std::future::Future;

use jiff::Timestamp;

use super::{StoreError, Window};
use crate::shift::DataShift;
use crate::verdict::Verdict;

/// One run of a comparison, for `data_shift`.
#[derive(Debug, Clone)]
pub struct ShiftRun<'a> {
    /// Names the run; writing it again replaces what it wrote before.
    pub run_uid: &'a str,
    /// When it ran.
    pub run_timestamp: Timestamp,
    /// What it looked at.
    pub window: Window,
    /// The level that adjusted p-values were compared with.
    pub significance: f64,
    /// The model whose training data it compared with, if that is known.
    pub model_uid: Option<&'a str>,
    /// What it found, by segment; the empty name is for all rows.
    pub segments: &'a [(String, DataShift)],
}

/// One run of `concept-shift`, for the table of that name.
#[derive(Debug, Clone)]
pub struct ConceptRun<'a> {
    /// Names the run; writing it again replaces what it wrote before.
    pub run_uid: &'a str,
    /// When it ran.
    pub run_timestamp: Timestamp,
    /// What it looked at.
    pub window: Window,
    /// The model whose training data it compared with, if that is known.
    pub model_uid: Option<&'a str>,
    /// What it found.
    pub findings: &'a [ConceptFinding],
}

/// One answer to whether what a model learned is still true.
#[derive(Debug, Clone, PartialEq)]
pub struct ConceptFinding {
    /// `roc_auc`, `recalibration` or `interaction`.
    pub metric_used: &'static str,
    /// The feature, or nothing where it is about all of them.
    pub feature: String,
    /// What was measured.
    pub score: f64,
    /// Its interval, if it has one.
    pub interval: Option<[f64; 2]>,
    /// What it was compared with.
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

/// Where verdicts are kept.
pub trait VerdictStore: Send + Sync {
    /// Writes one row a feature and segment in one transaction.
    fn write_data_shift(&self, run: ShiftRun<'_>) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Writes one row a finding in one transaction.
    fn write_concept_shift(&self, run: ConceptRun<'_>) -> impl Future<Output = Result<(), StoreError>> + Send;
}
