//! The log on disk, on its way to where it is kept.
//!
//! A record is appended to a *segment*, a file that is closed when it is full, old, or its hour is
//! over, and then sent away whole ([`ship`](crate::ship)) and deleted. A call is answered once its
//! records have been written: handed to the system without `--durable`, which then has them on the
//! disk within a second, and with `--durable` on the disk (`fdatasync`, one for all calls that wait
//! at that moment). What cannot be written is not answered. Segments that are there at the start
//! are sent away first.

mod frames;
mod policy;
mod segment;
mod state;
mod writer;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use anyhow::{Context as _, Result};
use mlops_job::UsageError;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

pub(crate) use frames::Frames;
pub(crate) use policy::SpoolPolicy;
pub(crate) use segment::Segment;
pub(crate) use state::{SpoolError, SpoolState};

use writer::{Write, Writer};

/// The spool: takes records.
pub(crate) struct Spool {
    writes: mpsc::Sender<Write>,
    pub(crate) state: Arc<SpoolState>,
}

/// Joins the writer once all [`Spool`]s are gone, with the last segment closed and handed on.
pub(crate) struct SpoolEnd(JoinHandle<()>);

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
                "the spool has records of an earlier run, which are uploaded now"
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
                "the thread that writes the spool failed; its records are in the folder"
            );
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
        Err(std::fs::TryLockError::WouldBlock) => Err(UsageError::new(
            "another process uses this folder; set another --spool (SCORE_SPOOL)",
        )
        .into()),
        Err(std::fs::TryLockError::Error(error)) => Err(error.into()),
    }
}
