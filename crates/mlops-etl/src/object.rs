use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::TryStreamExt;
use indicatif::ProgressBar;
use mlops_core::etl::{Claim, EndedObject, EtlStore, ObjectId, Totals};
use mlops_core::ports::{ObjectMeta, StoreError, StoreErrorKind};
use mlops_core::record::LogRecord;
use mlops_objects::record_batches;
use mlops_record::Origin;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::dead_letters::{DeadLetters, refused};
use crate::engine::Engine;
use crate::unreadable::{UnreadableObjects, is_of_object, reason};

/// Records travel in groups of about this many, or of this size, so that reading ahead of the
/// writing has a bound.
const GROUP_ROWS: usize = 250;
const GROUP_BYTES: usize = 256 << 10;

/// Resources that the passes over partitions share.
#[derive(Clone)]
pub(crate) struct Readers {
    pub(crate) permits: Arc<Semaphore>,
    pub(crate) sender: mpsc::Sender<Message>,
    pub(crate) bar: ProgressBar,
    pub(crate) unreadable: Arc<UnreadableObjects>,
}

/// Records of one object, on their way to the store.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) object: Arc<Source>,
    pub(crate) records: Vec<(Origin, LogRecord)>,
    /// The room of large records, until they are written.
    pub(crate) room: Option<Arc<OwnedSemaphorePermit>>,
    /// Set with the last records of the object.
    pub(crate) ended: Option<EndedObject>,
}

/// The object that records come from.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) key: String,
    pub(crate) id: ObjectId,
    /// The name of its partition.
    pub(crate) partition: String,
}

/// The end of reading an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Read {
    /// All of it was sent on.
    Whole,
    /// It was deleted since it was listed, or cannot be read.
    Missing,
    /// The job is to stop; the next run reads it again.
    Stopped,
}

impl<S: EtlStore + 'static> Engine<S> {
    /// Reads one object, writes its bad records to the dead letters, and sends the others on. An
    /// object that cannot be read is noted, and stops no other.
    ///
    /// # Errors
    ///
    /// The failure of a store that is about more than this object.
    pub(crate) async fn read(
        &self,
        object: &ObjectMeta,
        id: ObjectId,
        claim: Claim,
        readers: &Readers,
    ) -> Result<Read, StoreError> {
        let mut reading = Reading {
            object: Arc::new(Source { key: object.key.clone(), id, partition: claim.id.clone() }),
            sent: 0,
            group: Vec::new(),
            group_bytes: 0,
            room: None,
            sender: &readers.sender,
        };
        let read_before = self.objects_read.load(Ordering::Relaxed);
        let mut patience = self.logs_retry.begin();
        let read = loop {
            match self.try_read(&mut reading).await {
                Err(error) if patience.outlasts(&error).await => {}
                read => break read,
            }
        };
        match read {
            Ok(Some(totals)) => {
                self.objects_read.fetch_add(1, Ordering::Relaxed);
                readers.unreadable.was_read(id);
                reading.send(Some(EndedObject { claim, id, totals })).await;
                Ok(Read::Whole)
            }
            Ok(None) => Ok(Read::Stopped),
            Err(error) if error.kind == StoreErrorKind::NotFound => {
                tracing::warn!(object.key = object.key, "gone before it was read");
                Ok(Read::Missing)
            }
            Err(error) => {
                // Where all objects fail the server does, and it is asked again in another run.
                let fails_alone = || {
                    self.objects_read.load(Ordering::Relaxed) > read_before
                        || readers.unreadable.is_known(id)
                        || (patience.is_alone()
                            && self.objects_failed.fetch_add(1, Ordering::Relaxed) == 0)
                };
                if !is_of_object(&error, || !self.stop.is_cancelled() && fails_alone()) {
                    return Err(error);
                }
                readers.unreadable.note(&claim.id, id, &object.key, &reason(&error));
                Ok(Read::Missing)
            }
        }
    }

    /// Reads from the start, and passes over the records that an earlier attempt has sent; they are
    /// the same ones.
    async fn try_read(&self, reading: &mut Reading<'_>) -> Result<Option<Totals>, StoreError> {
        let object = reading.object.clone();
        let mut dead_letters = DeadLetters::new(&self.dead_letters, &object.key);
        let mut batches =
            std::pin::pin!(record_batches(&self.logs, &object.key, &self.read_options));
        let mut totals = Totals { objects: 1, ..Totals::default() };
        let mut passed = 0;
        while let Some(batch) = batches.try_next().await? {
            totals.bytes += batch.bytes;
            totals.records += (batch.records.len() + batch.bad.len()) as u64;
            totals.bad += batch.bad.len() as u64;
            for bad in &batch.bad {
                dead_letters.add(bad).await?;
            }
            reading.room = batch.room.map(Arc::new);
            for (origin, record) in batch.records {
                let record = self.under_stored_uid(&origin, record).await?;
                if let Some(reason) = self.store.refuses(&record) {
                    totals.bad += 1;
                    dead_letters.add(&refused(&origin.position, &record, reason)).await?;
                    continue;
                }
                let time = record.logging_timestamp;
                let is_credible = self.is_credible(time);
                totals.newest = totals.newest.max(is_credible.then_some(time));
                passed += 1;
                if passed > reading.sent {
                    if !is_credible {
                        self.count_outlier(time);
                    }
                    reading.add(origin, record).await;
                }
            }
            if reading.room.is_some() {
                reading.send(None).await;
                reading.room = None;
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
    object: Arc<Source>,
    /// Records that were added, in all attempts.
    sent: u64,
    group: Vec<(Origin, LogRecord)>,
    group_bytes: usize,
    /// The room of the batch that is being sent.
    room: Option<Arc<OwnedSemaphorePermit>>,
    sender: &'s mpsc::Sender<Message>,
}

impl Reading<'_> {
    async fn add(&mut self, origin: Origin, record: LogRecord) {
        self.sent += 1;
        self.group_bytes += record.payload.len();
        self.group.push((origin, record));
        if self.group.len() >= GROUP_ROWS || self.group_bytes >= GROUP_BYTES {
            self.send(None).await;
        }
    }

    async fn send(&mut self, ended: Option<EndedObject>) {
        self.group_bytes = 0;
        let records = std::mem::take(&mut self.group);
        let room = self.room.clone();
        let message = Message { object: self.object.clone(), records, room, ended };
        // The writer only ends early with an error, which ends the reading too.
        drop(self.sender.send(message).await);
    }
}
