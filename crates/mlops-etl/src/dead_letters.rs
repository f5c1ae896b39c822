use std::borrow::Cow;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use mlops_core::ports::{ObjectStore, StoreError, StoreErrorKind};
use mlops_core::record::LogRecord;
use mlops_core::text::chain;
use mlops_objects::Objects;
use mlops_record::{BadRecord, Position, RecordError, Within};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A dead letter object is written once it has this much, so that a source of bad lines only needs
/// no more memory.
const PART_BYTES: usize = 1 << 20;

/// The maximum number of bytes that are kept of a record. The object itself still has the rest.
const MAX_KEPT_BYTES: usize = 256 << 10;

/// One bad record: a line of NDJSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct DeadLetter {
    pub(crate) object: String,
    pub(crate) line: u64,
    /// The index in the innermost list of the envelope on that line, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    index: Option<u64>,
    /// The path in the envelope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    within: Option<String>,
    pub(crate) reason: String,
    /// The record's bytes, where they are UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) raw: Option<String>,
    /// The same where they are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    raw_base64: Option<String>,
    /// How many bytes the record has; more than are here if it is very long.
    raw_bytes: usize,
}

impl DeadLetter {
    pub(crate) fn new(object: &str, bad: &BadRecord) -> Self {
        let raw = std::str::from_utf8(&bad.raw).ok().map(str::to_owned);
        let within = bad.position.within.as_deref();
        Self {
            object: object.to_owned(),
            line: bad.position.line,
            index: within.and_then(|within| within.index),
            within: within.map(|within| within.path.clone()),
            reason: bad.reason.to_string(),
            raw_base64: raw.is_none().then(|| BASE64_STANDARD.encode(&bad.raw)),
            raw,
            raw_bytes: bad.raw_bytes,
        }
    }

    /// The position of the record in its object.
    pub(crate) fn position(&self) -> Position {
        let within = self.within.clone().map(|path| Within { index: self.index, path });
        Position { line: self.line, within: within.map(Box::new) }
    }

    /// The record's bytes, where all of them are here.
    pub(crate) fn bytes(&self) -> Option<Vec<u8>> {
        let bytes = match (&self.raw, &self.raw_base64) {
            // A person may have mended it in place, which changes its length.
            (Some(raw), _) => raw.clone().into_bytes(),
            (None, Some(base64)) => BASE64_STANDARD.decode(base64).ok()?,
            (None, None) => return None,
        };
        let is_cut = bytes.len() == MAX_KEPT_BYTES && self.raw_bytes > MAX_KEPT_BYTES;
        (!is_cut).then_some(bytes)
    }

    pub(crate) fn write(&self, lines: &mut Vec<u8>) {
        serde_json::to_writer(&mut *lines, self).expect("strings and numbers always serialise");
        lines.push(b'\n');
    }
}

/// A good record that the store refuses.
pub(crate) fn refused(position: &Position, record: &LogRecord, reason: String) -> BadRecord {
    let raw = record.payload.as_bytes();
    let kept = raw[..raw.len().min(MAX_KEPT_BYTES)].to_vec();
    BadRecord {
        position: position.clone(),
        reason: RecordError::Refused(reason),
        raw: kept,
        raw_bytes: raw.len(),
    }
}

/// Sets aside the bad records of one object, under the object's own key: a second run writes the
/// same bytes again.
pub(crate) struct DeadLetters<'s> {
    store: &'s Objects,
    object: &'s str,
    parts: u32,
    lines: Vec<u8>,
}

impl<'s> DeadLetters<'s> {
    pub(crate) fn new(store: &'s Objects, object: &'s str) -> Self {
        Self { store, object, parts: 0, lines: Vec::new() }
    }

    pub(crate) async fn add(&mut self, bad: &BadRecord) -> Result<(), StoreError> {
        tracing::debug!(
            object.key = self.object,
            object.line = bad.position.line,
            "bad record: {}",
            bad.reason
        );
        DeadLetter::new(self.object, bad).write(&mut self.lines);
        if self.lines.len() >= PART_BYTES { self.write_part().await } else { Ok(()) }
    }

    pub(crate) async fn finish(mut self) -> Result<(), StoreError> {
        if self.lines.is_empty() { Ok(()) } else { self.write_part().await }
    }

    async fn write_part(&mut self) -> Result<(), StoreError> {
        let key = file_key(self.object, &format!("{:04}", self.parts));
        self.parts += 1;
        let lines = Bytes::from(std::mem::take(&mut self.lines));
        self.store.put(&key, lines).await.map_err(not_written)
    }
}

/// Returns the key of a file of dead letters: that of the object, changed where a store may refuse
/// it for its length or its characters.
fn file_key(object: &str, part: &str) -> String {
    const MAX_NAME_BYTES: usize = 200;
    const MAX_KEY_BYTES: usize = 900;
    let hash = || hex::encode(&Sha256::digest(object)[..8]);
    let is_plain = |name: &str| {
        !matches!(name, "" | "." | "..")
            && name.len() <= MAX_NAME_BYTES
            && !name.contains(|c: char| c.is_control() || c == '\\')
    };
    let names: Vec<Cow<'_, str>> = object
        .split('/')
        .map(|name| match is_plain(name) {
            true => Cow::Borrowed(name),
            false => {
                let kept = name.chars().filter(|c| !c.is_control() && !"./\\".contains(*c));
                Cow::Owned(format!("{}~{}", kept.take(40).collect::<String>(), hash()))
            }
        })
        .collect();
    let key = names.join("/");
    match key.len() <= MAX_KEY_BYTES {
        true => format!("{key}.{part}.ndjson"),
        false => format!("~{}.{part}.ndjson", hash()),
    }
}

/// Returns the error of dead letters that cannot be written. Their location may be missing, which
/// must not be taken for a missing object.
fn not_written(error: StoreError) -> StoreError {
    let kind = match error.kind {
        StoreErrorKind::Temporary => StoreErrorKind::Temporary,
        _ => StoreErrorKind::Denied,
    };
    let message = format!(
        "its bad records cannot be written to the dead letters: {}; make --dead-letters writable",
        chain(&error).replace("; ", ", ")
    );
    StoreError::new(kind, message)
}

/// Sets aside records of one object that are good, but whose uid has another content in the store,
/// each with the reason.
pub(crate) async fn set_aside_conflicts(
    store: &Objects,
    object: &str,
    records: &[(&Position, &LogRecord, String)],
) -> Result<(), StoreError> {
    let mut lines = Vec::new();
    for (position, record, reason) in records {
        DeadLetter::new(object, &refused(position, record, reason.clone())).write(&mut lines);
    }
    let Some((first, ..)) = records.first() else { return Ok(()) };
    let mut part = format!("conflict-{}", first.line);
    if let Some(within) = &first.within {
        part.push_str(&format!("-{}", hex::encode(&Sha256::digest(&within.path)[..4])));
    }
    let key = file_key(object, &part);
    store.put(&key, lines.into()).await.map_err(not_written)
}

#[cfg(test)]
mod tests {
    use super::file_key;

    #[test]
    fn the_key_of_a_file_of_dead_letters_suits_every_store() {
        assert_eq!(file_key("dt=1/a b+ü.json", "0000"), "dt=1/a b+ü.json.0000.ndjson");
        let long = "x".repeat(250);
        for object in
            ["../a", "a//b", "a/./b", "/a", "a\n/b", "a/", "..", "a\\b", &long, &"y/".repeat(512)]
        {
            let key = file_key(object, "0000");
            assert!(key.ends_with(".0000.ndjson") && key.len() <= 1000, "{object:?}: {key}");
            for name in key.split('/') {
                assert!(!matches!(name, "" | "." | "..") && name.len() <= 250, "{object:?}: {key}");
            }
            assert!(!key.contains(|c: char| c.is_control()), "{object:?}: {key}");
        }
        assert_ne!(file_key("a//b", "0"), file_key("a///b", "0"));
        assert_ne!(file_key("../a", "0"), file_key("./a", "0"));
    }
}
