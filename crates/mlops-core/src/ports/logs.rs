use futures_util::stream::BoxStream;
use jiff::Timestamp;

use super::StoreError;
use crate::window::Window;

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
