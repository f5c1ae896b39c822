#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod fingerprint;
pub mod literal;
mod logged;
mod reader;

#[cfg(test)]
mod tests;

pub use fingerprint::{fingerprint, payload_fingerprint};
pub use logged::{RecordError, parse_payload};
pub use reader::{BadRecord, DEFAULT_MAX_RECORD_BYTES, RecordReader, RecordSink};
