use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use futures_util::future::LocalBoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use indicatif::ProgressBar;
use mlops_core::etl::{EndedObject, EtlStore, Inserted, ObjectId, Totals, insert_new};
use mlops_core::ports::{StoreError, StoreErrorKind};
use mlops_core::record::{LogRecord, RecordKey};
use mlops_record::{Origin, Position};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use crate::conflicts::{Origins, RecordOrigin};
use crate::dead_letters::set_aside_conflicts;
use crate::engine::Engine;
use crate::object::{Message, Source};
use crate::unreadable::{UnreadableObjects, reason};

/// Rows of one transaction. More gain little and hold locks longer.
const BATCH_ROWS: usize = 1000;

/// A transaction ends earlier at this size.
const BATCH_BYTES: usize = 4 << 20;

/// Transactions under way at once.
const WRITERS: usize = 4;

/// Counts over all batches.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Written {
    pub(crate) totals: Totals,
    pub(crate) loaded: u64,
    pub(crate) already_there: u64,
    pub(crate) conflicts: u64,
}

/// Packs the records of many objects into transactions.
///
/// An object is entered into the ledger with its last records, or later: never before all its
/// records are written.
pub(crate) struct Batcher<'e, S> {
    engine: &'e Engine<S>,
    bar: ProgressBar,
    open: Batch,
    under_way: FuturesUnordered<LocalBoxFuture<'e, Result<Done, StoreError>>>,
    /// The numbers of the batches under way.
    numbers: BTreeSet<u64>,
    /// The keys in them: another record of the same key waits, so that it finds what was written.
    keys: HashSet<RecordKey>,
    /// For each object that has not ended, the first batch that has records of it.
    begun: HashMap<ObjectId, u64>,
    /// Objects that have ended, and the last batch that they wait for.
    waiting: Vec<(u64, EndedObject)>,
    unreadable: Arc<UnreadableObjects>,
    origins: Rc<RefCell<Origins>>,
    written: Written,
}

#[derive(Default)]
struct Batch {
    number: u64,
    records: Vec<LogRecord>,
    /// The object of each record, and its position there.
    origins: Vec<(Arc<Source>, Origin)>,
    bytes: usize,
    /// The room of its large records.
    room: Vec<Arc<OwnedSemaphorePermit>>,
    ended: Vec<EndedObject>,
}

impl Batch {
    fn origin(&self, index: usize) -> RecordOrigin {
        let (object, origin) = &self.origins[index];
        RecordOrigin { object: object.clone(), line: origin.position.line }
    }
}

struct Done {
    batch: Batch,
    inserted: Inserted,
}

impl<'e, S: EtlStore + 'static> Batcher<'e, S> {
    pub(crate) fn new(
        engine: &'e Engine<S>,
        bar: ProgressBar,
        unreadable: Arc<UnreadableObjects>,
    ) -> Self {
        Self {
            engine,
            bar,
            open: Batch::default(),
            under_way: FuturesUnordered::new(),
            numbers: BTreeSet::new(),
            keys: HashSet::new(),
            begun: HashMap::new(),
            waiting: Vec::new(),
            unreadable,
            origins: Rc::default(),
            written: Written::default(),
        }
    }

    /// Writes all that comes in, until every sender is gone.
    ///
    /// # Errors
    ///
    /// The first failure of a store. What was committed until then stays; running again goes on
    /// from there.
    pub(crate) async fn run(
        mut self,
        mut receiver: mpsc::Receiver<Message>,
    ) -> Result<Written, StoreError> {
        loop {
            tokio::select! {
                message = receiver.recv(), if self.under_way.len() < WRITERS => match message {
                    Some(message) => self.take(message).await?,
                    None => break,
                },
                Some(done) = self.under_way.next() => self.count(done?)?,
            }
        }
        self.launch();
        self.drain().await?;
        // Objects of several batches.
        if !self.waiting.is_empty() {
            self.launch();
            self.drain().await?;
        }
        Ok(self.written)
    }

    async fn take(&mut self, message: Message) -> Result<(), StoreError> {
        if message.records.iter().any(|(_, record)| self.keys.contains(&record.key)) {
            self.launch();
            self.drain().await?;
        }
        let has_records = !message.records.is_empty();
        for (origin, record) in message.records {
            self.open.bytes += record.payload.len();
            self.open.records.push(record);
            self.open.origins.push((message.object.clone(), origin));
        }
        self.open.room.extend(message.room);
        match message.ended {
            Some(ended) => match self.begun.remove(&message.object.id) {
                // Its last batch may be written before its first.
                Some(first) if first < self.open.number => {
                    self.waiting.push((self.open.number, ended))
                }
                _ => self.open.ended.push(ended),
            },
            None if has_records => {
                self.begun.entry(message.object.id).or_insert(self.open.number);
            }
            None => {}
        }
        if self.open.records.len() >= BATCH_ROWS
            || self.open.bytes >= BATCH_BYTES
            || self.open.ended.len() >= BATCH_ROWS
            // A batch that waits for more would let the readers of large records wait for it.
            || !self.open.room.is_empty()
        {
            self.launch();
        }
        Ok(())
    }

    /// Starts to write the open batch, and begins another.
    fn launch(&mut self) {
        let oldest = self.numbers.first().copied().unwrap_or(self.open.number);
        let (ready, waiting) =
            std::mem::take(&mut self.waiting).into_iter().partition(|(after, _)| *after < oldest);
        self.waiting = waiting;
        let ready: Vec<(u64, EndedObject)> = ready;
        self.open.ended.extend(ready.into_iter().map(|(_, ended)| ended));
        let next = Batch { number: self.open.number + 1, ..Batch::default() };
        let batch = std::mem::replace(&mut self.open, next);
        if batch.records.is_empty() && batch.ended.is_empty() {
            return;
        }
        self.numbers.insert(batch.number);
        self.keys.extend(batch.records.iter().map(|record| record.key.clone()));
        let unreadable = self.unreadable.clone();
        let origins = self.origins.clone();
        self.under_way.push(Box::pin(write(self.engine, batch, unreadable, origins)));
    }

    async fn drain(&mut self) -> Result<(), StoreError> {
        while let Some(done) = self.under_way.next().await {
            self.count(done?)?;
        }
        Ok(())
    }

    fn count(&mut self, done: Done) -> Result<(), StoreError> {
        let Done { batch, inserted } = done;
        if let Some(partition) = inserted.fenced {
            let message =
                format!("another run has taken over the partition {partition}; run again");
            return Err(StoreError::new(StoreErrorKind::Temporary, message));
        }
        self.numbers.remove(&batch.number);
        let mut origins = self.origins.borrow_mut();
        for (index, record) in batch.records.iter().enumerate() {
            let is_kept = inserted.conflicts.binary_search(&index).is_err();
            if is_kept && let Some(key) = self.keys.take(&record.key) {
                origins.add(key, batch.origin(index));
            }
        }
        for &index in &inserted.conflicts {
            self.keys.remove(&batch.records[index].key);
        }
        self.written.loaded += inserted.loaded;
        self.written.already_there += inserted.already_there;
        self.written.conflicts += inserted.conflicts.len() as u64;
        for ended in &batch.ended {
            self.written.totals = self.written.totals.and(ended.totals);
        }
        self.bar.inc(batch.ended.len() as u64);
        Ok(())
    }
}

/// Says of each conflicting record which other has its uid.
async fn conflict_reasons<S: EtlStore + 'static>(
    engine: &Engine<S>,
    batch: &Batch,
    conflicts: &[usize],
    origins: &RefCell<Origins>,
) -> Result<Vec<String>, StoreError> {
    let mut kept: HashMap<&RecordKey, usize> = HashMap::new();
    for (index, record) in batch.records.iter().enumerate() {
        if conflicts.binary_search(&index).is_err() {
            kept.entry(&record.key).or_insert(index);
        }
    }
    let keys: Vec<&RecordKey> = conflicts.iter().map(|&index| &batch.records[index].key).collect();
    let in_run = |key: &RecordKey| {
        let origin = match kept.get(key) {
            Some(&index) => Some(batch.origin(index)),
            None => origins.borrow_mut().get(key),
        };
        origin.map(|origin| (origin.object.key.clone(), origin.line))
    };
    engine.conflict_reasons(&keys, in_run).await
}

async fn write<S: EtlStore + 'static>(
    engine: &Engine<S>,
    mut batch: Batch,
    unreadable: Arc<UnreadableObjects>,
    origins: Rc<RefCell<Origins>>,
) -> Result<Done, StoreError> {
    // An object whose conflicting records cannot be written to the dead letters is not entered into
    // the ledger, whichever batch ends it.
    batch.ended.retain(|ended| !unreadable.has_failed(ended.id));
    let set_aside = async |conflicts: &[usize]| {
        let mut incomplete = HashSet::new();
        let reasons = conflict_reasons(engine, &batch, conflicts, &origins).await?;
        let mut by_object: BTreeMap<ObjectId, Vec<(usize, String)>> = BTreeMap::new();
        for (&index, reason) in conflicts.iter().zip(reasons) {
            by_object.entry(batch.origins[index].0.id).or_default().push((index, reason));
        }
        for conflicts in by_object.into_values() {
            let object = &batch.origins[conflicts[0].0].0;
            let records: Vec<(&Position, &LogRecord, String)> = conflicts
                .into_iter()
                .map(|(index, reason)| {
                    (&batch.origins[index].1.position, &batch.records[index], reason)
                })
                .collect();
            let put =
                async || set_aside_conflicts(&engine.dead_letters, &object.key, &records).await;
            if let Err(error) = engine.logs_retry.run(put).await {
                unreadable.note(&object.partition, object.id, &object.key, &reason(&error));
                incomplete.insert(object.id);
            }
        }
        Ok(incomplete)
    };
    let insert = async || {
        let (store, pipeline) = (engine.store.as_ref(), &engine.pipeline);
        insert_new(store, pipeline, &batch.records, &batch.ended, &set_aside).await
    };
    let inserted = engine.retry.run(insert).await?;
    batch.ended.retain(|ended| !unreadable.has_failed(ended.id));
    Ok(Done { batch, inserted })
}
