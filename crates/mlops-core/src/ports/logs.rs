use futures_util::stream::BoxStream;
use jiff::Timestamp;

use super::StoreError;

/// A span of logging timestamps, open where an end is `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// The first moment inside.
    pub from: Option<Timestamp>,
    /// The first moment after.
    pub to: Option<Timestamp>,
}

impl Window {
    /// Whether a moment lies in it.
    pub fn contains(&self, moment: Timestamp) -> bool {
        self.from.is_none_or(|from| moment >= from) && self.to.is_none_or(|to| moment < to)
    }
}

/// One row of `model_logs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedRequest {
    /// When it was answered.
    pub logging_timestamp: Timestamp,
    /// The whole record; JSON, if the ETL wrote it.
    pub payload: String,
}

/// The model's log, `model_logs`, for those who read it.
pub trait LogStore: Send + Sync {
    /// The requests logged in `window`, in no order.
    fn requests(&self, window: Window) -> BoxStream<'_, Result<LoggedRequest, StoreError>>;
}
