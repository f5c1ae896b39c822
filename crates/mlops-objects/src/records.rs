use futures_util::TryStreamExt;
use mlops_core::ports::{ObjectStore, StoreError};
use mlops_core::record::{RecordReader, RecordSink};

use crate::decode::Decoder;

/// Gives the records of the object `key` to `sink` and returns the bytes read, as stored.
///
/// An object that cannot be decompressed to its end gives what stands before the damage, and one bad record.
///
/// # Errors
///
/// Those of the store. What the sink was given until then stands.
pub async fn read_records(
    store: &impl ObjectStore,
    key: &str,
    max_record_bytes: usize,
    sink: &mut impl RecordSink,
) -> Result<u64, StoreError> {
    let mut body = store.get(key).await?;
    let mut reader = RecordReader::new(key, max_record_bytes);
    let mut decoder = Decoder::new();
    let mut bytes = 0;
    while let Some(chunk) = body.try_next().await? {
        bytes += chunk.len() as u64;
        if let Err(error) = decoder.push(&chunk, |plain| reader.push(plain, sink)) {
            reader.damaged(error.to_string(), sink);
            return Ok(bytes);
        }
    }
    match decoder.finish(|plain| reader.push(plain, sink)) {
        Ok(()) => reader.finish(sink),
        Err(error) => reader.damaged(error.to_string(), sink),
    }
    Ok(bytes)
}
