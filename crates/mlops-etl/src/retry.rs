use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use jiff::SignedDuration;
use mlops_core::ports::{StoreError, StoreErrorKind};
use mlops_core::text::chain;
use mlops_job::CancellationToken;

const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Tries again what a store fails for a time.
#[derive(Debug, Clone)]
pub(crate) struct Retry {
    patience: Duration,
    stop: CancellationToken,
    /// A store that has never answered is more likely named wrongly than down.
    has_answered: Arc<AtomicBool>,
    /// Operations that have failed and are tried again.
    failing: Arc<AtomicUsize>,
}

impl Retry {
    pub(crate) fn new(patience: SignedDuration, stop: CancellationToken) -> Self {
        Self {
            patience: patience.unsigned_abs(),
            stop,
            has_answered: Arc::default(),
            failing: Arc::default(),
        }
    }

    /// Calls `attempt` until it succeeds, fails for good, or the waits in between come to more than
    /// the patience.
    ///
    /// When the job is asked to stop, the next failure is the last.
    pub(crate) async fn run<T>(
        &self,
        mut attempt: impl AsyncFnMut() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut patience = self.begin();
        loop {
            match attempt().await {
                Err(error) if patience.outlasts(&error).await => {}
                result => {
                    self.has_answered.store(true, Ordering::Relaxed);
                    return result;
                }
            }
        }
    }

    /// The same for a caller that loops itself.
    pub(crate) fn begin(&self) -> Patience<'_> {
        let waits = ExponentialBuilder::new()
            .with_min_delay(FIRST_WAIT)
            .with_max_delay(LONGEST_WAIT)
            .with_total_delay(Some(self.patience))
            .without_max_times()
            .with_jitter();
        Patience { retry: self, waits: waits.build(), is_failing: false }
    }
}

/// The patience with one operation.
pub(crate) struct Patience<'r> {
    retry: &'r Retry,
    waits: ExponentialBackoff,
    is_failing: bool,
}

impl Patience<'_> {
    /// Returns whether no other operation fails at the moment.
    pub(crate) fn is_alone(&self) -> bool {
        self.retry.failing.load(Ordering::Relaxed) <= usize::from(self.is_failing)
    }

    /// Waits, if the operation may succeed later; else tells that it will not.
    pub(crate) async fn outlasts(&mut self, error: &StoreError) -> bool {
        if error.kind != StoreErrorKind::Temporary || error.is_silence() {
            return false;
        }
        let Retry { stop, has_answered, failing, .. } = self.retry;
        if !has_answered.load(Ordering::Relaxed) || stop.is_cancelled() {
            return false;
        }
        let Some(wait) = self.waits.next() else { return false };
        let is_first = !self.is_failing && failing.fetch_add(1, Ordering::Relaxed) == 0;
        self.is_failing = true;
        // Many operations fail at a time; one of them tells.
        if is_first {
            tracing::warn!("trying again: {}", chain(error));
        } else {
            tracing::debug!(wait_ms = wait.as_millis() as u64, "trying again: {}", chain(error));
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stop.cancelled() => {}
        }
        true
    }
}

impl Drop for Patience<'_> {
    fn drop(&mut self) {
        if self.is_failing {
            self.retry.failing.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
