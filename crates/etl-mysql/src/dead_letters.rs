use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use mlops_core::ports::{ObjectStore, StoreError};
use mlops_core::record::BadRecord;
use serde::Serialize;

/// A dead letter object is written once it has this much, so that a source of bad lines only needs no more memory.
const PART_BYTES: usize = 1 << 20;

/// One bad record as it is set aside: a line of NDJSON.
#[derive(Debug, Serialize)]
struct DeadLetter<'a> {
    object: &'a str,
    line: u64,
    reason: String,
    /// The record's bytes, where they are UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    raw: Option<&'a str>,
    /// The same where they are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    raw_base64: Option<String>,
    /// How many bytes the record has; more than are here if it is very long.
    raw_bytes: usize,
}

/// Sets aside the bad records of one object, under the object's own key: a second run writes the same bytes again.
pub(crate) struct DeadLetters<'s, S> {
    store: &'s S,
    object: &'s str,
    parts: u32,
    lines: Vec<u8>,
}

impl<'s, S: ObjectStore> DeadLetters<'s, S> {
    pub(crate) fn new(store: &'s S, object: &'s str) -> Self {
        Self { store, object, parts: 0, lines: Vec::new() }
    }

    pub(crate) async fn add(&mut self, bad: &BadRecord) -> Result<(), StoreError> {
        let raw = std::str::from_utf8(&bad.raw).ok();
        let letter = DeadLetter {
            object: self.object,
            line: bad.line,
            reason: bad.reason.to_string(),
            raw,
            raw_base64: raw.is_none().then(|| BASE64_STANDARD.encode(&bad.raw)),
            raw_bytes: bad.raw_bytes,
        };
        serde_json::to_writer(&mut self.lines, &letter).expect("strings and numbers always serialise");
        self.lines.push(b'\n');
        if self.lines.len() >= PART_BYTES { self.write_part().await } else { Ok(()) }
    }

    pub(crate) async fn finish(mut self) -> Result<(), StoreError> {
        if self.lines.is_empty() { Ok(()) } else { self.write_part().await }
    }

    async fn write_part(&mut self) -> Result<(), StoreError> {
        let key = format!("{}.{:04}.ndjson", self.object, self.parts);
        self.parts += 1;
        self.store.put(&key, Bytes::from(std::mem::take(&mut self.lines))).await
    }
}
