use std::path::PathBuf;
use std::time::Duration;

/// The folder and the limits of the spool.
#[derive(Debug, Clone)]
pub(crate) struct SpoolPolicy {
    pub(crate) folder: PathBuf,
    pub(crate) durable: bool,
    /// All segments together.
    pub(crate) max_bytes: u64,
    /// One of them.
    pub(crate) segment_bytes: u64,
    /// How long one is written to.
    pub(crate) segment_age: Duration,
}
