#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod binary;
mod boundary;
mod decode;
mod discarded;
mod envelope;
mod fingerprint;
mod found;
pub mod literal;
mod logged;
mod naming;
mod prefix;
mod reader;
mod scan;
mod splitter;
mod utf8;

#[cfg(test)]
mod tests;

pub use decode::{Decoder, Step};
pub use fingerprint::{fingerprint, payload_fingerprint};
pub use found::{BadRecord, Origin, Position, RecordSink, Within};
pub use logged::{RecordError, parse_payload};
pub use naming::{Naming, UidFrom};
pub use reader::{DEFAULT_MAX_RECORD_BYTES, RecordReader};
