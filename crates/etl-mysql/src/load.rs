use std::time::Instant;

use anyhow::{Context as _, Result};
use futures_util::stream::{FuturesUnordered, StreamExt, TryStreamExt};
use jiff::Timestamp;
use mlops_core::ports::{Inserted, LogStore, ObjectStore, StoreError, StoreErrorKind};
use mlops_core::record::{LogRecord, to_sql_text};
use mlops_job::{CancellationToken, Context, UsageError};
use mlops_objects::{Location, Objects, record_batches};
use mlops_sql::Database;
use tokio::sync::mpsc;

use crate::dead_letters::DeadLetters;
use crate::{Args, EtlReport};

/// Rows of one transaction. More gain little and hold locks longer.
const BATCH_ROWS: usize = 1000;

/// A transaction ends earlier at this size, well below MySQL's `max_allowed_packet`.
const BATCH_BYTES: usize = 4 << 20;

/// Transactions under way at once.
const WRITERS: usize = 4;

/// Batches that wait between reading and writing.
const WAITING: usize = 8;

/// Loads the logs. A second run finds every uid there and writes nothing, but the same dead letters over again.
pub async fn run(args: Args, context: Context) -> Result<EtlReport> {
    let dead_letters = dead_letters(&args)?;
    let address = &args.store.database;
    context.check_lasting(address)?;
    let database = Database::connect(address).await?;
    if args.store.create_tables {
        database.create_tables().await?;
    }
    let loader = Loader {
        logs: &Objects::open(&args.logs).await,
        dead_letters: &Objects::open(&dead_letters).await,
        database: &database,
        concurrency: args.concurrency.into(),
        max_record_bytes: args.max_record_bytes,
    };
    tracing::info!(logs.location = %args.logs, database.url = %address, "loading");
    let started = Instant::now();
    let bar = context.progress.start("records", None);
    let mut report = loader
        .load(&args.prefix, &context.shutdown, |records| bar.inc(records))
        .await
        .with_context(|| format!("loading {} into {address}", args.logs))?;
    bar.finish_and_clear();
    report.seconds = started.elapsed().as_secs_f64();
    report.max_bad_ratio = args.max_bad_ratio;
    report.dead_letters = (report.bad > 0).then(|| dead_letters.to_string());
    let newest = report.watermark.as_deref().and_then(mlops_core::record::parse_utc);
    report.lag_seconds = newest.map(|newest| context.started.duration_since(newest).as_secs_f64());
    Ok(report)
}

/// Where bad records go: as the arguments say, or beside the logs, but never among them.
fn dead_letters(args: &Args) -> Result<Location, UsageError> {
    let Some(place) = args.dead_letters.clone().or_else(|| args.logs.sibling("-dead-letters")) else {
        let message =
            format!("--logs {} has no name to put bad records beside; say where with --dead-letters", args.logs);
        return Err(UsageError::new(message));
    };
    if args.logs.contains(&place) {
        let message =
            format!("--dead-letters {place} lies in --logs, where the next run would load it; choose another place");
        return Err(UsageError::new(message));
    }
    Ok(place)
}

/// Moves records from objects to a log store.
struct Loader<'a, S, D> {
    logs: &'a S,
    dead_letters: &'a S,
    database: &'a D,
    concurrency: usize,
    max_record_bytes: usize,
}

/// What an object gave, on its way to the writers.
struct Read {
    records: Vec<LogRecord>,
    bad: u64,
    bytes: u64,
    object_ended: bool,
}

impl<S: ObjectStore, D: LogStore> Loader<'_, S, D> {
    /// Loads every object whose key starts with `prefix`, until `shutdown`; `progress` hears of records written.
    ///
    /// What is read at a shutdown is still written. Memory is bounded by the objects read at once and the batches under
    /// way, whatever the number and size of the objects.
    ///
    /// # Errors
    ///
    /// The first failure of a store. What was committed until then stays; running again goes on from there.
    async fn load(
        &self,
        prefix: &str,
        shutdown: &CancellationToken,
        progress: impl Fn(u64),
    ) -> Result<EtlReport, StoreError> {
        let (sender, receiver) = mpsc::channel(WAITING);
        let reading = async {
            let objects = self.logs.list(prefix).take_until(shutdown.cancelled());
            let read = |object: mlops_core::ports::ObjectMeta| {
                let sender = sender.clone();
                async move { self.read(&object.key, &sender).await }
            };
            let result = objects.try_for_each_concurrent(self.concurrency, read).await;
            drop(sender);
            result
        };
        let ((), report) = tokio::try_join!(reading, self.write(receiver, progress))?;
        Ok(report)
    }

    async fn read(&self, key: &str, sender: &mpsc::Sender<Read>) -> Result<(), StoreError> {
        let mut dead_letters = DeadLetters::new(self.dead_letters, key);
        let mut batches = std::pin::pin!(record_batches(self.logs, key, self.max_record_bytes));
        loop {
            let batch = match batches.try_next().await {
                Ok(batch) => batch,
                // Deleted since it was listed: a lifecycle rule, or someone tidying up.
                Err(error) if error.kind == StoreErrorKind::NotFound => {
                    tracing::warn!(object.key = key, "gone before it was read");
                    return Ok(());
                }
                Err(error) => return Err(error),
            };
            let Some(batch) = batch else { break };
            for bad in &batch.bad {
                tracing::debug!(object.key = key, object.line = bad.line, "bad record: {}", bad.reason);
                dead_letters.add(bad).await?;
            }
            let bad = batch.bad.len() as u64;
            send(sender, Read { records: batch.records, bad, bytes: batch.bytes, object_ended: false }).await;
        }
        dead_letters.finish().await?;
        send(sender, Read { records: Vec::new(), bad: 0, bytes: 0, object_ended: true }).await;
        Ok(())
    }

    async fn write(&self, mut receiver: mpsc::Receiver<Read>, progress: impl Fn(u64)) -> Result<EtlReport, StoreError> {
        let mut report = EtlReport::default();
        let mut newest: Option<Timestamp> = None;
        let mut batch = Vec::with_capacity(BATCH_ROWS);
        let mut batch_bytes = 0;
        let mut under_way = FuturesUnordered::new();
        loop {
            tokio::select! {
                read = receiver.recv(), if under_way.len() < WRITERS => {
                    let Some(read) = read else { break };
                    report.objects += u64::from(read.object_ended);
                    report.records += read.records.len() as u64 + read.bad;
                    report.bad += read.bad;
                    report.bytes += read.bytes;
                    for record in read.records {
                        newest = newest.max(Some(record.logging_timestamp));
                        batch_bytes += record.payload.len();
                        batch.push(record);
                        if batch.len() == BATCH_ROWS || batch_bytes >= BATCH_BYTES {
                            under_way.push(self.insert(std::mem::take(&mut batch)));
                            batch_bytes = 0;
                        }
                    }
                }
                Some(inserted) = under_way.next() => progress(report.add(inserted?)),
            }
        }
        under_way.push(self.insert(batch));
        while let Some(inserted) = under_way.try_next().await? {
            progress(report.add(inserted));
        }
        report.watermark = newest.map(to_sql_text);
        Ok(report)
    }

    async fn insert(&self, batch: Vec<LogRecord>) -> Result<Inserted, StoreError> {
        if batch.is_empty() { Ok(Inserted::default()) } else { self.database.insert(&batch).await }
    }
}

/// The writer only ends early with an error, which ends the reading too.
async fn send(sender: &mpsc::Sender<Read>, read: Read) {
    drop(sender.send(read).await);
}
