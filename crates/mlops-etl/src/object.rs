use std::sync::Arc;

use futures_util::TryStreamExt;
use mlops_core::etl::{Claim, EndedObject, EtlStore};
use mlops_core::etl::{ObjectId, Totals};
use mlops_core::ports::{ObjectMeta, StoreError, StoreErrorKind};
use mlops_core::record::LogRecord;
use mlops_objects::record_batches;
use tokio::sync::mpsc;

use crate::dead_letters::{DeadLetters, refused};
use crate::engine::Engine;

/// Records travel in groups of about this many, or of this size, so that reading ahead of the
/// writing has a bound.
const GROUP_ROWS: usize = 250;
const GROUP_BYTES: usize = 256 << 10;

/// Records of one object, on their way to the store.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) object: Arc<str>,
    /// Each with its line.
    pub(crate) records: Vec<(u64, LogRecord)>,
    /// Set with the last records of the object.
    pub(crate) ended: Option<EndedObject>,
}

/// How reading an object ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Read {
    /// All of it was sent on.
    Whole,
    /// It was deleted since it was listed.
    Gone,
    /// The job is to stop; the next run reads it again.
    Stopped,
}

impl<S: EtlStore + 'static> Engine<S> {
    /// Reads one object, sets its bad records aside, and sends the others on.
    pub(crate) async fn read(
        &self,
        object: &ObjectMeta,
        claim: Claim,
        sender: &mpsc::Sender<Message>,
    ) -> Result<Read, StoreError> {
        let mut reading = Reading {
            key: object.key.as_str().into(),
            sent: 0,
            group: Vec::new(),
            group_bytes: 0,
            sender,
        };
        let mut patience = self.logs_retry.begin();
        let read = loop {
            match self.try_read(&mut reading).await {
                Err(error) if patience.outlasts(&error).await => {}
                read => break read,
            }
        };
        match read {
            Ok(Some(totals)) => {
                let ended = EndedObject { claim, id: ObjectId::of(object), totals };
                reading.send(Some(ended)).await;
                Ok(Read::Whole)
            }
            Ok(None) => Ok(Read::Stopped),
            Err(error) if error.kind == StoreErrorKind::NotFound => {
                tracing::warn!(object.key = object.key, "gone before it was read");
                Ok(Read::Gone)
            }
            Err(error) => Err(error),
        }
    }

    /// Reads from the start, and passes over the records that an earlier attempt has sent; they are
    /// the same ones.
    async fn try_read(&self, reading: &mut Reading<'_>) -> Result<Option<Totals>, StoreError> {
        let key = reading.key.clone();
        let mut dead_letters = DeadLetters::new(&self.dead_letters, &key);
        let mut batches =
            std::pin::pin!(record_batches(&self.logs, &key, self.args.max_record_bytes));
        let mut totals = Totals { objects: 1, ..Totals::default() };
        let mut passed = 0;
        while let Some(batch) = batches.try_next().await? {
            totals.bytes += batch.bytes;
            totals.records += (batch.records.len() + batch.bad.len()) as u64;
            totals.bad += batch.bad.len() as u64;
            for bad in &batch.bad {
                dead_letters.add(bad).await?;
            }
            for (line, record) in batch.records {
                if let Some(reason) = self.store.refuses(&record) {
                    totals.bad += 1;
                    dead_letters.add(&refused(line, &record, reason)).await?;
                    continue;
                }
                totals.newest = totals.newest.max(Some(record.logging_timestamp));
                passed += 1;
                if passed > reading.sent {
                    reading.add(line, record).await;
                }
            }
            if self.stop.is_cancelled() && reading.sent > 0 {
                return Ok(None);
            }
        }
        dead_letters.finish().await?;
        Ok(Some(totals))
    }
}

struct Reading<'s> {
    key: Arc<str>,
    /// Records that were added, in all attempts.
    sent: u64,
    group: Vec<(u64, LogRecord)>,
    group_bytes: usize,
    sender: &'s mpsc::Sender<Message>,
}

impl Reading<'_> {
    async fn add(&mut self, line: u64, record: LogRecord) {
        self.sent += 1;
        self.group_bytes += record.payload.len();
        self.group.push((line, record));
        if self.group.len() >= GROUP_ROWS || self.group_bytes >= GROUP_BYTES {
            self.send(None).await;
        }
    }

    async fn send(&mut self, ended: Option<EndedObject>) {
        self.group_bytes = 0;
        let message =
            Message { object: self.key.clone(), records: std::mem::take(&mut self.group), ended };
        // The writer only ends early with an error, which ends the reading too.
        drop(self.sender.send(message).await);
    }
}
