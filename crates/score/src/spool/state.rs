//! How the spool stands, for those who write and those who ask.

use std::fs::File;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::metrics::Counter;

/// After a failed write, calls are shed without a look at the disk for so long.
const PAUSE: Duration = Duration::from_millis(200);

/// Why a call's records are not on the disk.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SpoolError {
    #[error("the spool has reached --spool-max-bytes, because the log cannot be uploaded")]
    Full,
    #[error("the spool cannot be written: {0}")]
    Disk(String),
    #[error("the service is stopping")]
    Stopping,
}

/// The state of the spool.
#[derive(Debug)]
pub(crate) struct SpoolState {
    max_bytes: u64,
    pub(crate) bytes: AtomicU64,
    pub(crate) records: Counter,
    pub(crate) refused: Counter,
    /// The last failure, until a write succeeds.
    trouble: Mutex<Option<(Instant, SpoolError)>>,
    /// Held for as long as the spool is used.
    _lock: Option<File>,
}

impl SpoolState {
    pub(super) fn new(max_bytes: u64, lock: Option<File>) -> Self {
        Self {
            max_bytes,
            bytes: AtomicU64::new(0),
            records: Counter::default(),
            refused: Counter::default(),
            trouble: Mutex::new(None),
            _lock: lock,
        }
    }

    /// Why no call should be begun now; `None` where there is room, or a write is worth another
    /// try.
    pub(crate) fn is_shut(&self) -> Option<SpoolError> {
        if self.bytes.load(Ordering::Relaxed) >= self.max_bytes {
            return Some(SpoolError::Full);
        }
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble
            .as_ref()
            .filter(|(since, _)| since.elapsed() < PAUSE)
            .map(|(_, error)| error.clone())
    }

    /// The last failure, if nothing was written since.
    pub(crate) fn trouble(&self) -> Option<SpoolError> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.as_ref().map(|(_, error)| error.clone())
    }

    pub(super) fn failed(&self, error: &SpoolError) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if trouble.is_none() {
            tracing::error!(
                "calls are refused with status 503, because their records cannot be logged: {error}"
            );
        }
        *trouble = Some((Instant::now(), error.clone()));
    }

    pub(super) fn succeeded(&self) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if trouble.take().is_some() {
            tracing::info!("records can be logged again; calls are answered");
        }
    }
}
