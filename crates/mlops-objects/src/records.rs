use bytes::Bytes;
use futures_util::stream::{self, Stream, TryStreamExt};
use mlops_core::ports::{ByteStream, ObjectStore, StoreError};
use mlops_core::record::LogRecord;
use mlops_record::{BadRecord, RecordReader, RecordSink};

use crate::decode::Decoder;

/// A few records of one object, in its order.
#[derive(Debug, Default)]
pub struct RecordBatch {
    /// Good ones, each with its line.
    pub records: Vec<(u64, LogRecord)>,
    /// Bad ones.
    pub bad: Vec<BadRecord>,
    /// The bytes of the object that were read for them, as stored.
    pub bytes: u64,
}

impl RecordSink for RecordBatch {
    fn record(&mut self, line: u64, record: LogRecord) {
        self.records.push((line, record));
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
    max_record_bytes: usize,
) -> impl Stream<Item = Result<RecordBatch, StoreError>> + Send + 's {
    let opened = async move {
        let body = store.get(key).await?;
        let reading = Reading {
            body,
            chunk: Bytes::new(),
            decoder: Decoder::new(),
            reader: RecordReader::new(key, max_record_bytes),
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

struct Reading {
    body: ByteStream,
    chunk: Bytes,
    decoder: Decoder,
    reader: RecordReader,
}

impl Reading {
    /// The next batch, and what is left to read.
    async fn next(mut self) -> Result<Option<(RecordBatch, Option<Self>)>, StoreError> {
        let mut batch = RecordBatch::default();
        if self.chunk.is_empty() {
            match self.body.try_next().await? {
                Some(chunk) => self.chunk = chunk,
                None => {
                    match self.decoder.finish(|plain| self.reader.push(plain, &mut batch)) {
                        Ok(()) => self.reader.finish(&mut batch),
                        Err(error) => self.reader.damaged(error.to_string(), &mut batch),
                    }
                    return Ok(Some((batch, None)));
                }
            }
        }
        let step = self.chunk.split_to(self.chunk.len().min(self.decoder.step_bytes()));
        batch.bytes = step.len() as u64;
        match self.decoder.push(&step, |plain| self.reader.push(plain, &mut batch)) {
            Ok(()) => Ok(Some((batch, Some(self)))),
            Err(error) => {
                self.reader.damaged(error.to_string(), &mut batch);
                Ok(Some((batch, None)))
            }
        }
    }
}
