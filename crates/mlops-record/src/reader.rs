use mlops_core::model_name::ModelName;

use crate::binary::{LOOKED_AT_BYTES, binary};
use crate::found::Found;
use crate::splitter::{Splitter, Target};
use crate::{BadRecord, Naming, Position, RecordError, RecordSink};

/// A record may be this long by default: 16 MiB, a quarter of what MySQL takes in one packet.
pub const DEFAULT_MAX_RECORD_BYTES: usize = 16 << 20;

/// Splits the bytes of one object into records, in memory that one record bounds.
///
/// An object holds one record a line (NDJSON, or Python dicts), records over several lines, records
/// that follow each other with or without commas, a list of records, or a JSON text sequence
/// (RFC 7464). Before a record may stand a byte order mark, or what a logger writes there: a time
/// and a level. Envelopes of those who ship logs are opened. A bad record costs that record only.
///
/// A record without `input.uid` takes its uid from the name of the object if it is the object's only
/// record.
#[derive(Debug)]
pub struct RecordReader {
    splitter: Splitter,
    found: Found,
    start: Start,
}

/// Whether the object is a text shows in its first bytes.
#[derive(Debug)]
enum Start {
    Unknown(Vec<u8>),
    Text,
    Binary(BadRecord),
}

impl RecordReader {
    /// A reader of an object that gives these names.
    pub fn new(naming: Naming, max_record_bytes: usize) -> Self {
        Self {
            splitter: Splitter::new(max_record_bytes),
            found: Found::new(naming),
            start: Start::Unknown(Vec::new()),
        }
    }

    /// Returns the reader, for records that are of `model` where they name none.
    #[must_use]
    pub fn of_model(self, model: ModelName) -> Self {
        Self { found: self.found.of_model(model), ..self }
    }

    /// Takes the next bytes of the object, decompressed.
    pub fn push(&mut self, bytes: &[u8], sink: &mut impl RecordSink) {
        match &mut self.start {
            Start::Text => {
                self.splitter.push(bytes, &mut Target { found: &mut self.found, sink });
            }
            Start::Binary(bad) => bad.extend(bytes),
            Start::Unknown(start) if start.len() + bytes.len() < LOOKED_AT_BYTES => {
                start.extend_from_slice(bytes);
            }
            Start::Unknown(start) => {
                let mut start = std::mem::take(start);
                // The first bytes alone decide, whatever the size of the parts that they come in.
                let missing = LOOKED_AT_BYTES - start.len();
                start.extend_from_slice(&bytes[..missing]);
                self.begin(&start, sink);
                self.push(&bytes[missing..], sink);
            }
        }
    }

    /// The number of bytes that wait for the end of their record.
    pub fn held_bytes(&self) -> usize {
        self.splitter.held_bytes()
    }

    /// Whether nothing that follows can be a record.
    pub fn is_over(&self) -> bool {
        matches!(self.start, Start::Binary(_))
    }

    /// Ends the object: its last line need not end with a newline.
    pub fn finish(mut self, sink: &mut impl RecordSink) {
        if let Start::Unknown(start) = &mut self.start {
            let start = std::mem::take(start);
            self.begin(&start, sink);
        }
        match self.start {
            Start::Binary(bad) => self.found.bad(bad, sink),
            _ => self.splitter.finish(&mut Target { found: &mut self.found, sink }),
        }
        self.found.finish(sink);
    }

    /// Ends the object where it could not be read on, after the records that stand before.
    pub fn damaged(mut self, reason: String, sink: &mut impl RecordSink) {
        if let Start::Unknown(start) = &mut self.start {
            let start = std::mem::take(start);
            self.begin(&start, sink);
        }
        let (position, raw) = self.splitter.cut();
        self.found.bad(BadRecord::new(position, RecordError::Damaged(reason), &raw), sink);
        self.finish(sink);
    }

    fn begin(&mut self, start: &[u8], sink: &mut impl RecordSink) {
        self.start = match binary(start) {
            Some(what) => {
                let position = Position { line: 1, within: None };
                Start::Binary(BadRecord::new(position, RecordError::Binary(what), start))
            }
            None => Start::Text,
        };
        if matches!(self.start, Start::Text) {
            self.splitter.push(start, &mut Target { found: &mut self.found, sink });
        }
    }
}
