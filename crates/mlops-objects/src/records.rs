use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, Stream, TryStreamExt};
use mlops_core::model_name::ModelName;
use mlops_core::ports::{ByteStream, ObjectStore, StoreError};
use mlops_core::record::LogRecord;
use mlops_record::{
    BadRecord, DEFAULT_MAX_RECORD_BYTES, Decoder, Naming, Origin, RecordReader, RecordSink, Step,
    UidFrom,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A record that has more bytes takes room.
const LARGE_RECORD_BYTES: usize = 256 << 10;

/// Room is shared out in parts of this size.
const ROOM_UNIT_BYTES: usize = 64 << 10;

/// How the records of an object are read.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    max_record_bytes: usize,
    uid_from: UidFrom,
    model: ModelName,
    room: Arc<Semaphore>,
}

impl ReadOptions {
    /// `max_record_bytes` is the length of the longest good record, and `uid_from` names a record
    /// without a uid.
    ///
    /// All readers with these options and their clones share room for twice the longest record: one
    /// that is being read, and large records that their users still hold.
    pub fn new(max_record_bytes: usize, uid_from: UidFrom) -> Self {
        let room = Arc::new(Semaphore::new(2 * room_units(max_record_bytes) as usize));
        Self { max_record_bytes, uid_from, model: ModelName::default(), room }
    }

    /// Returns the options, for records that are of `model` where they name none.
    #[must_use]
    pub fn of_model(self, model: ModelName) -> Self {
        Self { model, ..self }
    }
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self::new(DEFAULT_MAX_RECORD_BYTES, UidFrom::FileName)
    }
}

fn room_units(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(ROOM_UNIT_BYTES)).unwrap_or(u32::MAX / 2)
}

/// A few records of one object, in its order.
#[derive(Debug, Default)]
pub struct RecordBatch {
    /// Good ones.
    pub records: Vec<(Origin, LogRecord)>,
    /// Bad ones.
    pub bad: Vec<BadRecord>,
    /// The bytes of the object that were read for them, as stored.
    pub bytes: u64,
    /// The room of large records among them. Readers of other large records may wait until it is
    /// dropped, so drop it before the next batch is read.
    pub room: Option<OwnedSemaphorePermit>,
}

impl RecordSink for RecordBatch {
    fn record(&mut self, origin: Origin, record: LogRecord) {
        self.records.push((origin, record));
    }

    fn bad(&mut self, bad: BadRecord) {
        self.bad.push(bad);
    }
}

/// The records of the object `key`, batch by batch as its bytes arrive.
///
/// An object that cannot be decompressed to its end gives what stands before the damage, and one
/// bad record. An error of the store ends the stream.
pub fn record_batches<'s>(
    store: &'s impl ObjectStore,
    key: &'s str,
    options: &'s ReadOptions,
) -> impl Stream<Item = Result<RecordBatch, StoreError>> + Send + 's {
    let opened = async move {
        let body = store.get(key).await?;
        let naming = Naming::of(key, options.uid_from);
        let reading = Reading {
            options,
            body,
            decoder: Decoder::new(),
            reader: RecordReader::new(naming, options.max_record_bytes)
                .of_model(options.model.clone()),
            room: None,
        };
        Ok(stream::try_unfold(Some(reading), |reading| async {
            match reading {
                Some(reading) => reading.next().await,
                None => Ok(None),
            }
        }))
    };
    stream::once(opened).try_flatten()
}

struct Reading<'s> {
    options: &'s ReadOptions,
    body: ByteStream,
    decoder: Decoder,
    reader: RecordReader,
    /// Enough for the longest record, while a large one is read.
    room: Option<OwnedSemaphorePermit>,
}

impl Reading<'_> {
    /// The next batch, and what is left to read.
    async fn next(mut self) -> Result<Option<(RecordBatch, Option<Self>)>, StoreError> {
        let mut batch = RecordBatch::default();
        loop {
            if self.reader.held_bytes() > LARGE_RECORD_BYTES && self.room.is_none() {
                let units = room_units(self.options.max_record_bytes);
                self.room = self.options.room.clone().acquire_many_owned(units).await.ok();
            }
            match self.decoder.step() {
                Ok(Step::Bytes(bytes)) => {
                    self.reader.push(bytes, &mut batch);
                    if self.reader.is_over() {
                        self.reader.finish(&mut batch);
                        return Ok(Some((batch, None)));
                    }
                    self.give_room(&mut batch);
                    return Ok(Some((batch, Some(self))));
                }
                Ok(Step::Hungry) => match self.body.try_next().await? {
                    Some(chunk) => self.feed(chunk, &mut batch),
                    None => self.decoder.end(),
                },
                Ok(Step::End) => {
                    self.reader.finish(&mut batch);
                    batch.room = self.room;
                    return Ok(Some((batch, None)));
                }
                Err(error) => {
                    self.reader.damaged(error.to_string(), &mut batch);
                    batch.room = self.room;
                    return Ok(Some((batch, None)));
                }
            }
        }
    }

    /// Gives a batch the room of its records. What is left is free, unless another large record has
    /// begun.
    fn give_room(&mut self, batch: &mut RecordBatch) {
        let Some(mut room) = self.room.take() else { return };
        let bytes = batch.records.iter().map(|(_, record)| record.payload.len()).sum();
        let units = room.num_permits().min(room_units(bytes) as usize);
        batch.room = room.split(units);
        if self.reader.held_bytes() > LARGE_RECORD_BYTES {
            self.room = Some(room);
        }
    }

    fn feed(&mut self, chunk: Bytes, batch: &mut RecordBatch) {
        batch.bytes += chunk.len() as u64;
        self.decoder.feed(chunk);
    }
}
