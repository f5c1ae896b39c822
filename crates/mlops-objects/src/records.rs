use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, Stream, TryStreamExt};
use mlops_core::ports::{ByteStream, ObjectStore, StoreError};
use mlops_core::record::LogRecord;
use mlops_record::{
    BadRecord, DEFAULT_MAX_RECORD_BYTES, Decoder, Naming, Origin, RecordReader, RecordSink, Step,
    UidFrom,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A record that has more bytes waits until no other reader has such a one.
const LARGE_RECORD_BYTES: usize = 256 << 10;

/// How the records of an object are read.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    /// A longer record is bad.
    pub max_record_bytes: usize,
    /// The uid of a record without one.
    pub uid_from: UidFrom,
    /// Bounds the large records that all readers with these options hold together.
    pub large_records: Arc<Semaphore>,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            max_record_bytes: DEFAULT_MAX_RECORD_BYTES,
            uid_from: UidFrom::FileName,
            large_records: Arc::new(Semaphore::new(1)),
        }
    }
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
    /// Among them is a large record, beside which no other reader reads one until this is dropped.
    pub large_record: Option<OwnedSemaphorePermit>,
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
            reader: RecordReader::new(naming, options.max_record_bytes),
            large_record: None,
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
    large_record: Option<OwnedSemaphorePermit>,
}

impl Reading<'_> {
    /// The next batch, and what is left to read.
    async fn next(mut self) -> Result<Option<(RecordBatch, Option<Self>)>, StoreError> {
        let mut batch = RecordBatch::default();
        loop {
            if self.reader.held_bytes() > LARGE_RECORD_BYTES && self.large_record.is_none() {
                let permit = self.options.large_records.clone().acquire_owned();
                self.large_record = permit.await.ok();
            }
            match self.decoder.step() {
                Ok(Step::Bytes(bytes)) => {
                    self.reader.push(bytes, &mut batch);
                    if self.reader.is_over() {
                        self.reader.finish(&mut batch);
                        return Ok(Some((batch, None)));
                    }
                    if self.reader.held_bytes() <= LARGE_RECORD_BYTES {
                        batch.large_record = self.large_record.take();
                    }
                    return Ok(Some((batch, Some(self))));
                }
                Ok(Step::Hungry) => match self.body.try_next().await? {
                    Some(chunk) => self.feed(chunk, &mut batch),
                    None => self.decoder.end(),
                },
                Ok(Step::End) => {
                    self.reader.finish(&mut batch);
                    batch.large_record = self.large_record;
                    return Ok(Some((batch, None)));
                }
                Err(error) => {
                    self.reader.damaged(error.to_string(), &mut batch);
                    batch.large_record = self.large_record;
                    return Ok(Some((batch, None)));
                }
            }
        }
    }

    fn feed(&mut self, chunk: Bytes, batch: &mut RecordBatch) {
        batch.bytes += chunk.len() as u64;
        self.decoder.feed(chunk);
    }
}
