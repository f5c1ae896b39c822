use mlops_core::record::LogRecord;

use super::logged::{ParsedRecord, RecordError, parse_record};
use crate::literal::{Value, read};

/// A record may be this long by default: 16 MiB, a quarter of what MySQL takes in one packet.
pub const DEFAULT_MAX_RECORD_BYTES: usize = 16 << 20;

/// Of a bad record at most this much is kept; the object itself still has the rest.
const MAX_KEPT_BYTES: usize = 256 << 10;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// A part of an object that is no record, set aside with what one needs to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRecord {
    /// The line of the object, from 1.
    pub line: u64,
    /// Why it is no record.
    pub reason: RecordError,
    /// Its bytes as they stood there; the first 256 KiB of them.
    pub raw: Vec<u8>,
    /// How many bytes it has in all.
    pub raw_bytes: usize,
}

/// Takes what a [`RecordReader`] finds, in the order of the object.
pub trait RecordSink {
    /// One good record, and the line of the object that it begins on, from 1.
    fn record(&mut self, line: u64, record: LogRecord);
    /// One bad one.
    fn bad(&mut self, bad: BadRecord);
}

/// Splits the bytes of one object into records, in memory that one record bounds.
///
/// An object holds one record a line (NDJSON, or Python dicts), records that follow each other on
/// one line, or a single record over several lines. Blank lines, a byte order mark and CRLF are
/// skipped. A bad line costs that line only.
///
/// A record without `input.uid` takes the object's stem as its uid if it is the object's only
/// record.
#[derive(Debug)]
pub struct RecordReader {
    stem: String,
    max_record_bytes: usize,
    line: u64,
    pending: Vec<u8>,
    /// The current line is over the limit: its length so far. Its bytes are dropped until the next
    /// line.
    overlong: Option<usize>,
    /// Everything so far, while it may still be one record over several lines.
    document: Option<Vec<u8>>,
    unnamed: Option<Unnamed>,
    found: u64,
}

/// The first record of an object, waiting to know whether it is the only one.
#[derive(Debug)]
struct Unnamed {
    parsed: ParsedRecord,
    line: u64,
    raw: Vec<u8>,
    raw_bytes: usize,
}

impl RecordReader {
    /// A reader of the object `key`, whose stem is what follows its last `/` up to the first `.`.
    pub fn new(key: &str, max_record_bytes: usize) -> Self {
        let name = key.rsplit('/').next().unwrap_or(key);
        Self {
            stem: name.split('.').next().unwrap_or(name).to_owned(),
            max_record_bytes,
            line: 0,
            pending: Vec::new(),
            overlong: None,
            document: None,
            unnamed: None,
            found: 0,
        }
    }

    /// Takes the next bytes of the object, decompressed.
    pub fn push(&mut self, mut bytes: &[u8], sink: &mut impl RecordSink) {
        while let Some(end) = bytes.iter().position(|&byte| byte == b'\n') {
            self.push_part(&bytes[..end]);
            self.end_line(sink);
            bytes = &bytes[end + 1..];
        }
        self.push_part(bytes);
    }

    /// Ends the object: its last line need not end with a newline.
    pub fn finish(mut self, sink: &mut impl RecordSink) {
        if !self.pending.is_empty() || self.overlong.is_some() {
            self.end_line(sink);
        }
        self.end_document(sink);
        if let Some(unnamed) = self.unnamed.take() {
            let sole = self.found == 1;
            let result = if sole {
                unnamed.parsed.clone().named(self.stem)
            } else {
                Err(RecordError::NoUid)
            };
            match result {
                Ok(record) => sink.record(unnamed.line, record),
                Err(reason) => sink.bad(unnamed.bad(reason)),
            }
        }
    }

    /// Ends the object where it could not be read on, after the records that stand before.
    pub fn damaged(mut self, reason: String, sink: &mut impl RecordSink) {
        let raw = std::mem::take(&mut self.pending);
        let line = self.line + 1;
        self.overlong = None;
        self.found += 1;
        sink.bad(bad_record(line, RecordError::Damaged(reason), &raw));
        self.finish(sink);
    }

    fn push_part(&mut self, part: &[u8]) {
        if let Some(length) = &mut self.overlong {
            *length += part.len();
        } else if self.pending.len() + part.len() > self.max_record_bytes {
            self.overlong = Some(self.pending.len() + part.len());
            let room = MAX_KEPT_BYTES.saturating_sub(self.pending.len());
            self.pending.extend_from_slice(&part[..part.len().min(room)]);
            self.pending.truncate(MAX_KEPT_BYTES);
            self.pending.shrink_to_fit();
        } else {
            self.pending.extend_from_slice(part);
        }
    }

    fn end_line(&mut self, sink: &mut impl RecordSink) {
        let mut line = std::mem::take(&mut self.pending);
        if let Some(raw_bytes) = self.overlong.take() {
            self.end_document(sink);
            self.line += 1;
            self.found += 1;
            let reason = RecordError::TooLong { limit: self.max_record_bytes };
            sink.bad(BadRecord { raw_bytes, ..bad_record(self.line, reason, &line) });
            return;
        }
        self.line += 1;
        if let Some(document) = &mut self.document {
            document.push(b'\n');
            document.extend_from_slice(&line);
            if document.len() > self.max_record_bytes {
                self.end_document(sink);
            }
            return;
        }
        self.read_line(&line, true, sink);
        // The allocation serves the next line.
        line.clear();
        if self.pending.is_empty() {
            self.pending = line;
        }
    }

    /// The records of one line. A first line that ends inside a record may be the start of a longer
    /// one.
    fn read_line(&mut self, raw: &[u8], may_start_document: bool, sink: &mut impl RecordSink) {
        let start = if self.line == 1 && raw.starts_with(BYTE_ORDER_MARK) {
            BYTE_ORDER_MARK.len()
        } else {
            0
        };
        let text = match std::str::from_utf8(&raw[start..]) {
            Ok(text) => text,
            Err(error) => {
                let reason = RecordError::NotUtf8 { at: start + error.valid_up_to() };
                self.found += 1;
                return sink.bad(bad_record(self.line, reason, raw));
            }
        };
        let mut rest = text.trim();
        while !rest.is_empty() {
            match read(rest) {
                // What follows a mere number or text is no record either.
                Ok((value, _)) if !matches!(value, Value::Map(_)) => {
                    self.found += 1;
                    return sink.bad(bad_record(
                        self.line,
                        RecordError::NotAnObject,
                        rest.as_bytes(),
                    ));
                }
                Ok((value, length)) => {
                    let (one, following) = rest.split_at(length);
                    self.take(parse_record(&value), one.trim_end().as_bytes(), sink);
                    rest = following;
                }
                Err(error) if error.incomplete && may_start_document && self.found == 0 => {
                    self.document = Some(raw.to_vec());
                    return;
                }
                Err(error) => {
                    self.found += 1;
                    return sink.bad(bad_record(self.line, error.into(), rest.as_bytes()));
                }
            }
        }
    }

    /// Reads the lines held back as one record, or, where they are none, each as its own.
    fn end_document(&mut self, sink: &mut impl RecordSink) {
        let Some(document) = self.document.take() else { return };
        let last_line = self.line;
        let lines = document.split(|&byte| byte == b'\n').count() as u64;
        self.line = last_line + 1 - lines;
        let body = document.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&document);
        if let Some((value, length)) =
            std::str::from_utf8(body).ok().and_then(|text| read(text).ok())
            && length == body.len()
        {
            self.take(parse_record(&value), body, sink);
        } else {
            for line in document.split(|&byte| byte == b'\n') {
                self.read_line(line, false, sink);
                self.line += 1;
            }
        }
        self.line = last_line;
    }

    fn take(
        &mut self,
        parsed: Result<ParsedRecord, RecordError>,
        raw: &[u8],
        sink: &mut impl RecordSink,
    ) {
        self.found += 1;
        let line = self.line;
        let named = match parsed {
            Ok(parsed) => match parsed.uid.clone() {
                Some(uid) => parsed.named(uid),
                None if self.found == 1 => {
                    let kept = raw[..raw.len().min(MAX_KEPT_BYTES)].to_vec();
                    self.unnamed = Some(Unnamed { parsed, line, raw: kept, raw_bytes: raw.len() });
                    return;
                }
                None => Err(RecordError::NoUid),
            },
            Err(reason) => Err(reason),
        };
        match named {
            Ok(record) => sink.record(line, record),
            Err(reason) => sink.bad(bad_record(line, reason, raw)),
        }
    }
}

impl Unnamed {
    fn bad(self, reason: RecordError) -> BadRecord {
        BadRecord { line: self.line, reason, raw: self.raw, raw_bytes: self.raw_bytes }
    }
}

fn bad_record(line: u64, reason: RecordError, raw: &[u8]) -> BadRecord {
    BadRecord {
        line,
        reason,
        raw: raw[..raw.len().min(MAX_KEPT_BYTES)].to_vec(),
        raw_bytes: raw.len(),
    }
}
