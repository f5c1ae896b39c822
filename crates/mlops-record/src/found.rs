use mlops_core::model_name::ModelName;
use mlops_core::record::LogRecord;

use crate::logged::ParsedRecord;
use crate::{Naming, RecordError};

/// The maximum number of bytes that are kept of a bad record; the object itself still has the rest.
pub(crate) const MAX_KEPT_BYTES: usize = 256 << 10;

/// The position of a record in its object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Position {
    /// The line of the object, from 1.
    pub line: u64,
    /// The position in the envelope on that line, if the record was in one.
    pub within: Option<Box<Within>>,
}

/// A position in an envelope.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Within {
    /// The index in the innermost list, from 0; `None` where there is no list.
    pub index: Option<u64>,
    /// The path from the outermost envelope, such as `records[2].data/logEvents[0].message`.
    pub path: String,
}

/// The origin of a good record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// Its position in the object.
    pub position: Position,
    /// The uids under which an earlier release, or another `UidFrom`, has stored it.
    pub former_uids: Vec<String>,
}

/// A part of an object that is no record, with all that is needed to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRecord {
    /// Its position.
    pub position: Position,
    /// Why it is no record.
    pub reason: RecordError,
    /// Its bytes as they stood there; the first 256 KiB of them.
    pub raw: Vec<u8>,
    /// How many bytes it has in all.
    pub raw_bytes: usize,
}

impl BadRecord {
    pub(crate) fn new(position: Position, reason: RecordError, raw: &[u8]) -> Self {
        let kept = raw[..raw.len().min(MAX_KEPT_BYTES)].to_vec();
        Self { position, reason, raw: kept, raw_bytes: raw.len() }
    }

    /// Adds bytes that follow.
    pub(crate) fn extend(&mut self, raw: &[u8]) {
        let room = MAX_KEPT_BYTES.saturating_sub(self.raw.len());
        self.raw.extend_from_slice(&raw[..raw.len().min(room)]);
        self.raw_bytes += raw.len();
    }
}

/// Takes what a [`RecordReader`](crate::RecordReader) finds, in the order of the object.
pub trait RecordSink {
    /// One good record.
    fn record(&mut self, origin: Origin, record: LogRecord);
    /// One bad one.
    fn bad(&mut self, bad: BadRecord);
}

/// The findings in an object so far.
#[derive(Debug)]
pub(crate) struct Found {
    naming: Naming,
    /// The model of records that name none.
    model: ModelName,
    count: u64,
    unnamed: Option<Unnamed>,
}

/// The first record of an object, waiting to know whether it is the only one.
#[derive(Debug)]
struct Unnamed {
    parsed: ParsedRecord,
    position: Position,
    /// Its beginning, for a dead letter.
    raw: Vec<u8>,
    raw_bytes: usize,
}

impl Found {
    pub(crate) fn new(naming: Naming) -> Self {
        Self { naming, model: ModelName::default(), count: 0, unnamed: None }
    }

    pub(crate) fn of_model(self, model: ModelName) -> Self {
        Self { model, ..self }
    }

    pub(crate) fn bad(&mut self, bad: BadRecord, sink: &mut dyn RecordSink) {
        self.count += 1;
        sink.bad(bad);
    }

    pub(crate) fn take(
        &mut self,
        parsed: Result<ParsedRecord, RecordError>,
        raw: &[u8],
        position: Position,
        sink: &mut dyn RecordSink,
    ) {
        self.count += 1;
        let named = match parsed {
            Ok(mut parsed) => match parsed.uid.take() {
                Some(uid) => parsed.named(uid, &self.model),
                None if self.count == 1 => {
                    let kept = raw[..raw.len().min(MAX_KEPT_BYTES)].to_vec();
                    let raw_bytes = raw.len();
                    self.unnamed = Some(Unnamed { parsed, position, raw: kept, raw_bytes });
                    return;
                }
                None => Err(RecordError::NoUid),
            },
            Err(reason) => Err(reason),
        };
        match named {
            Ok(record) => sink.record(Origin { position, former_uids: Vec::new() }, record),
            Err(reason) => sink.bad(BadRecord::new(position, reason, raw)),
        }
    }

    /// Ends the object: its only record takes its name.
    pub(crate) fn finish(self, sink: &mut dyn RecordSink) {
        let Some(Unnamed { parsed, position, raw, raw_bytes }) = self.unnamed else { return };
        let named = match self.count {
            1 => self.naming.name(parsed, &self.model),
            _ => Err(RecordError::NoUid),
        };
        match named {
            Ok((record, former_uids)) => sink.record(Origin { position, former_uids }, record),
            Err(reason) => sink.bad(BadRecord { position, reason, raw, raw_bytes }),
        }
    }
}
