//! The logged record: one scored request with its input and output, as stores take it.

use jiff::Timestamp;

use crate::model_name::ModelName;

/// The key of a record in a database.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey {
    /// The model that answered the request.
    pub model_name: ModelName,
    /// The request's identifier, unique for the model and compared by bytes.
    pub uid: String,
}

impl RecordKey {
    /// Returns the key of a record of the model that was given no name.
    pub fn of_default_model(uid: impl Into<String>) -> Self {
        Self { model_name: ModelName::default(), uid: uid.into() }
    }
}

/// One scored request, ready for a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRecord {
    /// The key.
    pub key: RecordKey,
    /// When the request was answered, to the microsecond.
    pub logging_timestamp: Timestamp,
    /// The whole record as strict JSON; `mlops-record` says what is replaced in it.
    pub payload: String,
}

/// The fingerprint of a payload: the first 16 bytes of a SHA-256. Payloads with equal content share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub [u8; 16]);
