use jiff::Timestamp;

use crate::literal::{LiteralError, Value, read, write_json};
use mlops_core::record::LogRecord;
use mlops_core::timestamp::{parse_epoch, parse_utc};

/// The longest `uid`: what the primary key of `model_logs` holds.
const MAX_UID_CHARS: usize = 255;

/// Why a line is no record, in words for the person who mends the producer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The bytes are no UTF-8.
    #[error("invalid UTF-8 at byte {at}; write the log as UTF-8")]
    NotUtf8 {
        /// The first byte that is none.
        at: usize,
    },
    /// The text is neither JSON nor a Python literal.
    #[error("neither JSON nor a Python dict: {0}")]
    Syntax(#[from] LiteralError),
    /// The value is a list, a number, a string, …
    #[error("not a JSON object; log one object per request, with `input` and `output`")]
    NotAnObject,
    /// Neither field names a usable time.
    #[error(
        "no usable `output.logging_timestamp` (UTC, 1970 to 9999) and no usable `output.logging_epoch` (seconds)"
    )]
    NoTimestamp,
    /// There is no `input.uid`, and the object's name cannot stand in for it.
    #[error(
        "no `input.uid`, and the object holds more than one record, so that its name cannot stand in for it"
    )]
    NoUid,
    /// The `uid` does not fit the primary key.
    #[error("the uid has {chars} characters; the limit is {MAX_UID_CHARS}")]
    UidTooLong {
        /// Its length.
        chars: usize,
    },
    /// The record does not end within the limit.
    #[error(
        "the record is longer than {limit} bytes; raise --max-record-bytes or log less in one request"
    )]
    TooLong {
        /// The limit in force.
        limit: usize,
    },
    /// The record is good, and the store that it was for cannot hold it, or holds another under its
    /// uid.
    #[error("{0}")]
    Refused(String),
    /// The object cannot be decompressed to its end.
    #[error("the compressed object is damaged: {0}")]
    Damaged(String),
}

/// A record whose `uid` may still have to come from the name of its object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ParsedRecord {
    pub(super) uid: Option<String>,
    pub(super) logging_timestamp: Timestamp,
    pub(super) payload: String,
}

impl ParsedRecord {
    pub(super) fn named(self, uid: String) -> Result<LogRecord, RecordError> {
        let chars = uid.chars().count();
        if chars > MAX_UID_CHARS {
            return Err(RecordError::UidTooLong { chars });
        }
        Ok(LogRecord { uid, logging_timestamp: self.logging_timestamp, payload: self.payload })
    }
}

/// Reads the payload of a stored record again.
///
/// # Errors
///
/// As [`read`]; a payload that an application inserted itself may be any text.
pub fn parse_payload(payload: &str) -> Result<Value<'_>, LiteralError> {
    let (value, length) = read(payload)?;
    if length < payload.len() {
        return Err(LiteralError {
            what: "more text after the value".to_owned(),
            at: length,
            incomplete: false,
        });
    }
    Ok(value)
}

pub(super) fn parse_record(value: &Value<'_>) -> Result<ParsedRecord, RecordError> {
    let Value::Map(_) = value else { return Err(RecordError::NotAnObject) };
    let uid = value
        .get("input")
        .and_then(|input| input.get("uid"))
        .and_then(Value::as_text)
        .filter(|uid| !uid.is_empty())
        .map(str::to_owned);
    let output_text =
        |field| value.get("output").and_then(|output| output.get(field)).and_then(Value::as_text);
    let logging_timestamp = output_text("logging_timestamp")
        .and_then(parse_utc)
        .or_else(|| output_text("logging_epoch").and_then(parse_epoch))
        .ok_or(RecordError::NoTimestamp)?;
    Ok(ParsedRecord { uid, logging_timestamp, payload: write_json(value) })
}
