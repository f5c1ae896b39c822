use std::borrow::Cow;

use jiff::Timestamp;

use crate::literal::{JsonWriter, LiteralError, Value, Visitor, read, show};
use mlops_core::model_name::{ModelName, ModelNameError};
use mlops_core::record::{LogRecord, RecordKey};
use mlops_core::timestamp::{TimeError, parse_epoch, parse_time};

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
    /// The time has an unknown zone in brackets.
    #[error(
        "unknown time zone `{0}` in `output.logging_timestamp`; use a name of the IANA database, such as `Europe/Berlin`"
    )]
    UnknownZone(String),
    /// There is no `input.uid`, and the object's name cannot stand in for it.
    #[error(
        "no `input.uid`, and the object holds more than one record, so that its name cannot stand in for it"
    )]
    NoUid,
    /// `input.uid` is nothing that can be a uid.
    #[error("bad `input.uid`: {0}; log a text or a number, or nothing for the name of the object")]
    BadUid(&'static str),
    /// `model_name` is no name of a model.
    #[error("bad `model_name` `{name}`: {error}")]
    BadModelName {
        /// The logged text.
        name: String,
        /// The reason.
        error: ModelNameError,
    },
    /// The `uid` does not fit the primary key.
    #[error("the uid has {chars} characters; the limit is {MAX_UID_CHARS}")]
    UidTooLong {
        /// Its length.
        chars: usize,
    },
    /// The key of the object, which is to be the uid, does not fit the primary key.
    #[error(
        "the key of the object has {chars} characters and cannot be the uid; the limit is {MAX_UID_CHARS}; log `input.uid`, or use --uid-from file-name"
    )]
    KeyTooLong {
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
    /// The object is no text.
    #[error("the object is binary, not a log: {0}")]
    Binary(&'static str),
    /// The part of an envelope that should be a record.
    #[error("no record in the envelope: {0}")]
    Envelope(String),
}

/// A record whose `uid` may still have to come from the name of its object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ParsedRecord {
    pub(crate) uid: Option<String>,
    /// The model that the record names itself.
    pub(crate) model_name: Option<ModelName>,
    pub(crate) logging_timestamp: Timestamp,
    pub(crate) payload: String,
}

impl ParsedRecord {
    /// Returns the record with this uid, and of `model` if it names none itself.
    pub(crate) fn named(self, uid: String, model: &ModelName) -> Result<LogRecord, RecordError> {
        match uid_chars(&uid) {
            chars if chars > MAX_UID_CHARS => Err(RecordError::UidTooLong { chars }),
            _ => Ok(LogRecord {
                key: RecordKey {
                    model_name: self.model_name.unwrap_or_else(|| model.clone()),
                    uid,
                },
                logging_timestamp: self.logging_timestamp,
                payload: self.payload,
            }),
        }
    }

    /// Takes the key of its object as the uid.
    pub(crate) fn named_by_key(
        self,
        key: String,
        model: &ModelName,
    ) -> Result<LogRecord, RecordError> {
        self.named(key, model).map_err(|error| match error {
            RecordError::UidTooLong { chars } => RecordError::KeyTooLong { chars },
            error => error,
        })
    }
}

fn uid_chars(uid: &str) -> usize {
    if uid.len() <= MAX_UID_CHARS { uid.len() } else { uid.chars().count() }
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

/// Reads the record at the start of `source`, and the number of bytes that it took. `room` is the
/// length that its payload may have.
///
/// The payload is written while the record is read, so that nothing of it is held twice.
///
/// # Errors
///
/// [`LiteralError`] where `source` does not begin with a literal.
pub(crate) fn parse_record(
    source: &str,
    room: usize,
) -> Result<(Result<ParsedRecord, RecordError>, usize), LiteralError> {
    let mut writer = RecordWriter { json: JsonWriter::with_capacity(room), ..Default::default() };
    let length = show(source, &mut writer)?;
    Ok((writer.finish(), length))
}

/// Writes the payload of a record, and remembers the fields that a row has beside it.
#[derive(Default)]
struct RecordWriter<'a> {
    json: JsonWriter,
    is_map: bool,
    depth: usize,
    section: Section,
    field: Field,
    uid: Uid<'a>,
    /// `output.model_name`, and else `model_name` beside `input` and `output`.
    model_names: [Option<Cow<'a, str>>; 2],
    timestamp: Option<Cow<'a, str>>,
    epoch: Option<Cow<'a, str>>,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Section {
    Input,
    Output,
    ModelName,
    #[default]
    Other,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Field {
    Uid,
    ModelName,
    Timestamp,
    Epoch,
    #[default]
    Other,
}

/// The `input.uid` as far as it was read.
#[derive(Default)]
enum Uid<'a> {
    #[default]
    Absent,
    Text(Cow<'a, str>),
    /// An object: the text of its `$oid` if that is the only key so far.
    Object {
        keys: usize,
        oid: Option<Cow<'a, str>>,
    },
    Bad(&'static str),
}

impl<'a> RecordWriter<'a> {
    fn finish(self) -> Result<ParsedRecord, RecordError> {
        if !self.is_map {
            return Err(RecordError::NotAnObject);
        }
        let uid = match self.uid {
            Uid::Absent => None,
            Uid::Text(text) | Uid::Object { keys: 1, oid: Some(text) } if text.is_empty() => {
                return Err(RecordError::BadUid("an empty text"));
            }
            Uid::Text(text) | Uid::Object { keys: 1, oid: Some(text) } => Some(text.into_owned()),
            Uid::Object { .. } => {
                return Err(RecordError::BadUid("an object other than {\"$oid\": \"…\"}"));
            }
            Uid::Bad(found) => return Err(RecordError::BadUid(found)),
        };
        let logging_timestamp = match self.timestamp.as_deref().map(parse_time) {
            Some(Ok(time)) => time,
            Some(Err(TimeError::UnknownZone(zone))) => return Err(RecordError::UnknownZone(zone)),
            Some(Err(TimeError::NoTime)) | None => {
                self.epoch.as_deref().and_then(parse_epoch).ok_or(RecordError::NoTimestamp)?
            }
        };
        let name = self.model_names.into_iter().flatten().next();
        let model_name = name.map(|name| {
            name.parse()
                .map_err(|error| RecordError::BadModelName { name: name.into_owned(), error })
        });
        let model_name = model_name.transpose()?;
        Ok(ParsedRecord { uid, model_name, logging_timestamp, payload: self.json.finish() })
    }

    /// The field of the record that the next value is; `None` for one that no row needs.
    fn field(&self) -> Option<Field> {
        (self.depth == 2 && self.field != Field::Other).then_some(self.field)
    }

    fn begin(&mut self, found: &'static str) {
        match self.field() {
            Some(Field::Uid) if found == AN_OBJECT => {
                self.uid = Uid::Object { keys: 0, oid: None };
            }
            Some(Field::Uid) => self.uid = Uid::Bad(found),
            Some(Field::ModelName) => self.model_names[0] = None,
            Some(Field::Timestamp) => self.timestamp = None,
            Some(Field::Epoch) => self.epoch = None,
            _ => {}
        }
        self.depth += 1;
    }
}

const AN_OBJECT: &str = "an object";

impl<'a> Visitor<'a> for RecordWriter<'a> {
    fn scalar(&mut self, value: Value<'a>) {
        let text = || match &value {
            Value::String(text) | Value::Number(text) => Some(text.clone()),
            Value::Surrogate { text, .. } => Some(Cow::Owned(text.clone())),
            _ => None,
        };
        match self.field() {
            Some(Field::Uid) => {
                self.uid = match &value {
                    Value::Null => Uid::Absent,
                    Value::Bool(_) => Uid::Bad("a boolean"),
                    Value::NonFinite(_) => Uid::Bad("no finite number"),
                    _ => text().map_or(Uid::Absent, Uid::Text),
                };
            }
            Some(Field::ModelName) => self.model_names[0] = text(),
            Some(Field::Timestamp) => self.timestamp = text(),
            Some(Field::Epoch) => self.epoch = text(),
            _ if self.depth == 1 && self.section == Section::ModelName => {
                self.model_names[1] = text();
            }
            _ if self.depth == 3 && self.field == Field::Uid => {
                if let Uid::Object { oid, .. } = &mut self.uid {
                    *oid = text();
                }
            }
            _ => {}
        }
        self.json.scalar(value);
    }

    fn begin_list(&mut self) {
        self.begin("a list");
        self.json.begin_list();
    }

    fn end_list(&mut self) {
        self.depth -= 1;
        self.json.end_list();
    }

    fn begin_map(&mut self) {
        self.is_map |= self.depth == 0;
        self.begin(AN_OBJECT);
        self.json.begin_map();
    }

    fn key(&mut self, key: Cow<'a, str>) {
        match self.depth {
            // Of a field that is there twice the last one counts.
            1 => {
                self.field = Field::Other;
                self.section = match key.as_ref() {
                    "input" => {
                        self.uid = Uid::Absent;
                        Section::Input
                    }
                    "output" => {
                        (self.timestamp, self.epoch) = (None, None);
                        self.model_names[0] = None;
                        Section::Output
                    }
                    "model_name" => {
                        self.model_names[1] = None;
                        Section::ModelName
                    }
                    _ => Section::Other,
                };
            }
            2 => {
                self.field = match (self.section, key.as_ref()) {
                    (Section::Input, "uid") => Field::Uid,
                    (Section::Output, "model_name") => Field::ModelName,
                    (Section::Output, "logging_timestamp") => Field::Timestamp,
                    (Section::Output, "logging_epoch") => Field::Epoch,
                    _ => Field::Other,
                };
            }
            3 if self.field == Field::Uid => {
                if let Uid::Object { keys, oid } = &mut self.uid {
                    *keys += 1;
                    *oid = None;
                    // Any other key makes it no object ID.
                    *keys += usize::from(key != "$oid");
                }
            }
            _ => {}
        }
        self.json.key(key);
    }

    fn end_map(&mut self) {
        self.depth -= 1;
        self.json.end_map();
    }
}
