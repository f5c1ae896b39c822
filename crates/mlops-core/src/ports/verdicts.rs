use std::future::Future;

use jiff::Timestamp;

use super::{StoreError, Window};
use crate::shift::DataShift;

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

/// Where verdicts are kept.
pub trait VerdictStore: Send + Sync {
    /// Writes one row a feature and segment in one transaction.
    fn write_data_shift(&self, run: ShiftRun<'_>) -> impl Future<Output = Result<(), StoreError>> + Send;
}
