use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use mlops_core::etl::{EtlStore, FolderDates, Partition, TimeSpan};
use mlops_core::model_name::ModelName;
use mlops_core::ports::StoreError;
use mlops_core::record::{LogRecord, RecordKey};
use mlops_job::{CancellationToken, Context, Progress, Shard};
use mlops_objects::{Location, Objects, ReadOptions};
use mlops_record::Origin;
use sha2::{Digest, Sha256};

use crate::EtlArgs;
use crate::filter::Filter;
use crate::own_files::own_files;
use crate::retry::Retry;

/// Clocks differ by less than this.
const TOLERANCE: SignedDuration = SignedDuration::from_hours(1);

/// 2000-01-01: a record with an earlier time has lost it.
const FIRST_TIME: Timestamp = Timestamp::constant(946_684_800, 0);

/// The stores and settings that every command uses.
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
    /// The model of records that name none.
    pub(crate) model: ModelName,
    pub(crate) started: Timestamp,
    /// Cancelled when no more work is to be taken: by SIGTERM, or at the deadline.
    pub(crate) stop: CancellationToken,
    /// When a run is to stop.
    pub(crate) deadline: Option<Instant>,
    pub(crate) progress: Progress,
    /// For the store that is loaded into.
    pub(crate) retry: Retry,
    /// For the logs and the dead letters.
    pub(crate) logs_retry: Retry,
    pub(crate) filter: Filter,
    /// The rule by which folders have a time.
    pub(crate) dates: FolderDates,
    /// The number of objects that were read whole in this run.
    pub(crate) objects_read: AtomicU64,
    /// Objects that failed temporarily to the end of the patience in this run.
    pub(crate) objects_failed: AtomicU64,
    pub(crate) outliers: Outliers,
    pub(crate) read_options: ReadOptions,
}

/// Records whose time cannot be right.
#[derive(Debug, Default)]
pub(crate) struct Outliers {
    pub(crate) future: AtomicU64,
    pub(crate) past: AtomicU64,
}

impl<S: EtlStore + 'static> Engine<S> {
    pub(crate) async fn new(
        args: &EtlArgs,
        open: impl AsyncFnOnce() -> Result<S>,
        context: Context,
        began: Instant,
    ) -> Result<Self> {
        let logs_location = args.logs()?.clone();
        let dead_letters_location = args.dead_letters()?;
        let names = args.pipeline_names()?;
        let stop = context.shutdown.child_token();
        let store = open().await?;
        let own = own_files(&logs_location, &dead_letters_location, store.file().as_deref())?;
        let filter = Filter::new(&args.include, &args.exclude, &args.prefix, own)?;
        Ok(Self {
            pipeline: known_name(&store, names).await?,
            shard: args.shard.or(context.array_shard).unwrap_or(Shard::WHOLE),
            store: Arc::new(store),
            logs: Objects::open(&logs_location).await,
            logs_location,
            dead_letters: Objects::open(&dead_letters_location).await,
            dead_letters_location,
            run_uid: context.run_uid,
            model: context.model.clone(),
            started: to_microsecond(context.started),
            retry: Retry::new(args.retry_for, stop.clone()),
            logs_retry: Retry::new(args.retry_for, stop.clone()),
            stop,
            deadline: args.deadline_from(began),
            progress: context.progress,
            filter,
            dates: match &args.partition_by {
                Some(pattern) => FolderDates::Pattern(pattern.clone()),
                None => FolderDates::Usual,
            },
            objects_read: AtomicU64::new(0),
            objects_failed: AtomicU64::new(0),
            outliers: Outliers::default(),
            read_options: ReadOptions::new(args.max_record_bytes, args.uid_from)
                .of_model(context.model),
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

    /// Returns the time span of a partition's folder, if it has one.
    pub(crate) fn span(&self, partition: &Partition) -> Option<TimeSpan> {
        self.dates.span(&partition.folder)
    }

    /// Returns the latest time that a record of this run may have, and still be believed.
    pub(crate) fn latest_time(&self) -> Timestamp {
        self.started.checked_add(TOLERANCE).unwrap_or(Timestamp::MAX)
    }

    /// Returns whether a record's time may be right.
    pub(crate) fn is_credible(&self, time: Timestamp) -> bool {
        (FIRST_TIME..=self.latest_time()).contains(&time)
    }

    /// Counts a record whose time cannot be right.
    pub(crate) fn count_outlier(&self, time: Timestamp) {
        let Outliers { future, past } = &self.outliers;
        let count = if time < FIRST_TIME { past } else { future };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns a record under the uid by which the store has it, where another rule for uids gave it
    /// that uid.
    pub(crate) async fn under_stored_uid(
        &self,
        origin: &Origin,
        mut record: LogRecord,
    ) -> Result<LogRecord, StoreError> {
        if origin.former_uids.is_empty() {
            return Ok(record);
        }
        let former = origin.former_uids.iter();
        let former: Vec<RecordKey> =
            former.map(|uid| RecordKey { uid: uid.clone(), ..record.key.clone() }).collect();
        let there = self.store.find(&former.iter().collect::<Vec<_>>()).await?;
        let fingerprint = self.store.fingerprint(&record);
        if let Some(key) = former.into_iter().find(|key| there.get(key) == Some(&fingerprint)) {
            record.key = key;
        }
        Ok(record)
    }

    /// Returns whether a partition is too old for new objects to be expected.
    pub(crate) fn is_past(&self, partition: &Partition) -> bool {
        self.span(partition).is_some_and(|span| {
            before(self.started, self.args.lookback).is_some_and(|limit| span.to <= limit)
        })
    }
}

/// Returns the name under which the store knows the pipeline, or else the first name. Earlier
/// releases wrote one folder in several ways.
async fn known_name<S: EtlStore>(store: &S, names: Vec<String>) -> Result<String> {
    let (first, others) = names.split_first().expect("a pipeline has a name");
    if !others.is_empty() && store.watermark(first).await?.is_none() {
        for name in others {
            if store.watermark(name).await?.is_some() {
                return Ok(name.clone());
            }
        }
    }
    Ok(first.clone())
}

/// A time as the stores keep it, so that one that is read again is the same.
fn to_microsecond(time: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(time.as_microsecond()).expect("it is closer to 1970 than the time")
}

/// `span` before `time`; `None` before the year -9999.
pub(crate) fn before(time: Timestamp, span: SignedDuration) -> Option<Timestamp> {
    time.checked_sub(span).ok()
}
