//! The logged record: one scored request with its input and output, as stores take it.

use jiff::Timestamp;

/// One scored request, ready for a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRecord {
    /// The request's identifier, compared by bytes.
    pub uid: String,
    /// When the request was answered, to the microsecond.
    pub logging_timestamp: Timestamp,
    /// The whole record as strict JSON; `mlops-record` says what is replaced in it.
    pub payload: String,
}

/// The fingerprint of a payload: the first 16 bytes of a SHA-256. Payloads with equal content share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub [u8; 16]);
