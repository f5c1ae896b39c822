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

/// The model's log, `model_logs`, for those who read it.
pub trait LogStore: Send + Sync {
    /// The payloads logged in `window`, in no order.
    fn payloads(&self, window: Window) -> BoxStream<'_, Result<String, StoreError>>;
}
