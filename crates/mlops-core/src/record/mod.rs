//! The logged record: one scored request with its input and output.

mod logged;
mod reader;
mod timestamp;

#[cfg(test)]
mod tests;

pub use logged::{LogRecord, RecordError, parse_payload};
pub use reader::{BadRecord, DEFAULT_MAX_RECORD_BYTES, RecordReader, RecordSink};
pub use timestamp::{parse_utc, to_sql_text};
