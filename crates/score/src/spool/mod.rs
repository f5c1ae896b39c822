//! The log on disk, on its way to where it is kept.
//!
//! A record is appended to a *segment*, a file that is closed when it is full, old, or its hour is
//! over, and then sent away whole ([`ship`](crate::ship)) and deleted. A call is answered once its
//! records have been written: handed to the system without `--durable`, which then has them on the
//! disk within a second, and with `--durable` on the disk (`fdatasync`, one for all calls that wait
//! at that moment). What cannot be written is not answered. Segments that are there at the start
//! are sent away first.

mod frames;
mod segment;
mod writer;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use mlops_job::UsageError;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

pub(crate) use frames::Frames;
pub(crate) use segment::Segment;

use crate::metrics::Counter;
use writer::{Write, Writer};

/// After a failed write, calls are shed without a look at the disk for so long.
const PAUSE: Duration = Duration::from_millis(200);

/// Where and how records are spooled.
#[derive(Debug, Clone)]
pub(crate) struct SpoolPolicy {
    pub(crate) folder: PathBuf,
    pub(crate) durable: bool,
    /// All segments together.
    pub(crate) max_bytes: u64,
    /// One of them.
    pub(crate) segment_bytes: u64,
    /// How long one is written to.
    pub(crate) segment_age: Duration,
}

/// Why a call's records are not on the disk.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SpoolError {
    #[error("the spool has reached --spool-max-bytes, as the log cannot be sent away")]
    Full,
    #[error("the spool cannot be written: {0}")]
    Disk(String),
    #[error("the service is stopping")]
    Stopping,
}

/// The spool, to whoever has records.
pub(crate) struct Spool {
    writes: mpsc::Sender<Write>,
    pub(crate) state: Arc<SpoolState>,
}

/// Joins the writer once all [`Spool`]s are gone, with the last segment closed and handed on.
pub(crate) struct SpoolEnd(JoinHandle<()>);

/// What is known of the spool from outside.
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

impl Spool {
    /// Opens the spool and hands the segments that are left there to the sinks.
    ///
    /// # Errors
    ///
    /// [`UsageError`] for a folder that cannot be used, or that another process uses.
    pub(crate) fn open(
        policy: SpoolPolicy,
        sinks: Vec<UnboundedSender<Arc<Segment>>>,
    ) -> Result<(Self, SpoolEnd)> {
        let folder = policy.folder.clone();
        let doing = || format!("opening the spool {}", folder.display());
        let lock = lock(&folder).with_context(doing)?;
        let state = Arc::new(SpoolState::new(policy.max_bytes, Some(lock)));
        let left = segment::left_over(&folder, sinks.len(), &state).with_context(doing)?;
        if !left.is_empty() {
            tracing::info!(
                spool.segments = left.len(),
                spool.bytes = state.bytes.load(Ordering::Relaxed),
                "the spool holds records of an earlier run, which are sent away now"
            );
        }
        for segment in left {
            // The sinks' tasks hold the other ends for as long as the service runs.
            sinks.iter().for_each(|sink| drop(sink.send(segment.clone())));
        }
        let (writes, received) = mpsc::channel();
        let writer = Writer::new(policy, sinks, state.clone());
        let writing = std::thread::Builder::new()
            .name("spool".to_owned())
            .spawn(move || writer.run(&received));
        let writing = writing.context("starting the thread that writes the spool")?;
        Ok((Self { writes, state }, SpoolEnd(writing)))
    }

    /// Writes the records of one call; returns when they are as safe as the policy says.
    ///
    /// # Errors
    ///
    /// [`SpoolError`]; none of them counts as logged then.
    pub(crate) async fn write(&self, frames: Frames) -> Result<(), SpoolError> {
        let (done, written) = oneshot::channel();
        self.writes.send(Write { frames, done }).map_err(|_| SpoolError::Stopping)?;
        let result = written.await.unwrap_or(Err(SpoolError::Stopping));
        if result.is_err() {
            self.state.refused.add(1);
        }
        result
    }
}

impl SpoolEnd {
    /// Waits until the last segment is closed; all [`Spool`]s must be gone.
    pub(crate) async fn wait(self) {
        let joined = tokio::task::spawn_blocking(move || self.0.join()).await;
        if !matches!(joined, Ok(Ok(()))) {
            tracing::error!(
                "the thread that writes the spool has ended badly; its records are in the folder"
            );
        }
    }
}

impl SpoolState {
    fn new(max_bytes: u64, lock: Option<File>) -> Self {
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

    fn failed(&self, error: &SpoolError) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if trouble.is_none() {
            tracing::error!(
                "calls are refused with 503, as their records cannot be logged: {error}"
            );
        }
        *trouble = Some((Instant::now(), error.clone()));
    }

    fn succeeded(&self) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if trouble.take().is_some() {
            tracing::info!("records can be logged again, and calls are answered");
        }
    }
}

/// Keeps two processes from one folder.
fn lock(folder: &Path) -> Result<File> {
    std::fs::create_dir_all(folder)?;
    let lock =
        File::options().create(true).truncate(false).write(true).open(folder.join("lock"))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(std::fs::TryLockError::WouldBlock) => {
            Err(UsageError::new("another process uses it; give each its own --spool (SCORE_SPOOL)")
                .into())
        }
        Err(std::fs::TryLockError::Error(error)) => Err(error.into()),
    }
}
