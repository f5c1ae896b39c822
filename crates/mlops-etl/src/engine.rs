use std::sync::Arc;

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use mlops_core::etl::EtlStore;
use mlops_core::etl::Partition;
use mlops_job::{CancellationToken, Context, Progress, Shard};
use mlops_objects::{Location, Objects};
use sha2::{Digest, Sha256};

use crate::EtlArgs;
use crate::retry::Retry;

/// What every command works with.
#[derive(Debug)]
pub(crate) struct Engine<S> {
    pub(crate) store: Arc<S>,
    pub(crate) logs: Objects,
    pub(crate) logs_location: Location,
    pub(crate) dead_letters: Objects,
    pub(crate) dead_letters_location: Location,
    pub(crate) pipeline: String,
    pub(crate) shard: Shard,
    pub(crate) args: EtlArgs,
    pub(crate) run_uid: String,
    pub(crate) started: Timestamp,
    /// Cancelled when no more work is to be taken: by SIGTERM, or at the deadline.
    pub(crate) stop: CancellationToken,
    pub(crate) progress: Progress,
    /// For the store that is loaded into.
    pub(crate) retry: Retry,
    /// For the logs and the dead letters.
    pub(crate) logs_retry: Retry,
}

impl<S: EtlStore + 'static> Engine<S> {
    pub(crate) async fn new(
        args: &EtlArgs,
        open: impl AsyncFnOnce() -> Result<S>,
        context: Context,
    ) -> Result<Self> {
        let logs_location = args.logs()?.clone();
        let dead_letters_location = args.dead_letters()?;
        let pipeline = args.pipeline()?;
        let stop = context.shutdown.child_token();
        Ok(Self {
            pipeline,
            shard: args.shard.or(context.array_shard).unwrap_or(Shard::WHOLE),
            store: Arc::new(open().await?),
            logs: Objects::open(&logs_location).await,
            logs_location,
            dead_letters: Objects::open(&dead_letters_location).await,
            dead_letters_location,
            run_uid: context.run_uid,
            started: to_microsecond(context.started),
            retry: Retry::new(args.retry_for, stop.clone()),
            logs_retry: Retry::new(args.retry_for, stop.clone()),
            stop,
            progress: context.progress,
            args: args.clone(),
        })
    }

    /// Whether a partition is this process's part. Each process comes to the same answer without
    /// asking another.
    pub(crate) fn is_mine(&self, partition: &str) -> bool {
        let hash = Sha256::digest(partition.as_bytes());
        let number = u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]);
        number % self.shard.count == self.shard.index
    }

    /// Whether the partition's time is so long ago that nothing more is expected in it.
    pub(crate) fn is_past(&self, partition: &Partition) -> bool {
        partition.span().is_some_and(|span| {
            before(self.started, self.args.lookback).is_some_and(|limit| span.to <= limit)
        })
    }
}

/// A time as the stores keep it, so that one that is read again is the same.
fn to_microsecond(time: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(time.as_microsecond()).expect("it is closer to 1970 than the time")
}

/// `span` before `time`; `None` before the year -9999.
pub(crate) fn before(time: Timestamp, span: SignedDuration) -> Option<Timestamp> {
    time.checked_sub(span).ok()
}
