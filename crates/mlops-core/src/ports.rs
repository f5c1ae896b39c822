//! The ports: what the jobs ask of the world outside. Adapters implement them; nothing here does any IO.

use std::error::Error;
use std::future::Future;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use jiff::Timestamp;

use crate::record::LogRecord;
use crate::shift::FeatureShift;

/// What a caller can do about a store's failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// The object, the table or the column is not there.
    NotFound,
    /// The store refuses this caller.
    Denied,
    /// The store was named or set up wrongly; trying again changes nothing.
    Configuration,
    /// Trying again later may work.
    Temporary,
    /// Anything else.
    Other,
}

/// A store's failure: what was being done, to what, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct StoreError {
    /// What a caller can do about it.
    pub kind: StoreErrorKind,
    /// What was being done, to what, and the remedy where there is one.
    pub message: String,
    /// The adapter's own error.
    #[source]
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

impl StoreError {
    /// A failure without an error below it.
    pub fn new(kind: StoreErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    /// A failure with the error that caused it.
    pub fn caused(
        kind: StoreErrorKind,
        message: impl Into<String>,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self { kind, message: message.into(), source: Some(source.into()) }
    }
}

/// An object in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectMeta {
    /// Its key below the store's root.
    pub key: String,
    /// Its size as stored.
    pub size_bytes: u64,
    /// When it was last written, to the precision of the store.
    pub last_modified: Timestamp,
}

/// The bytes of an object as they arrive, each chunk of moderate size.
pub type ByteStream = BoxStream<'static, Result<Bytes, StoreError>>;

/// Named bytes below one root: a bucket with a prefix, or a folder.
pub trait ObjectStore: Send + Sync {
    /// The objects whose key starts with `prefix`, in the byte order of their keys.
    fn list(&self, prefix: &str) -> BoxStream<'_, Result<ObjectMeta, StoreError>>;

    /// The bytes of one object. [`StoreErrorKind::NotFound`] where there is none.
    fn get(&self, key: &str) -> impl Future<Output = Result<ByteStream, StoreError>> + Send;

    /// Writes one object whole: a reader sees either what was there before or all of it.
    fn put(&self, key: &str, body: Bytes) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// What became of a batch of records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Inserted {
    /// Records that were written now.
    pub loaded: u64,
    /// Records whose uid was there before, or earlier in the same batch; what is there stays.
    pub already_there: u64,
}

/// A span of logging timestamps, open where an end is `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// The first moment inside.
    pub from: Option<Timestamp>,
    /// The first moment after.
    pub to: Option<Timestamp>,
}

/// The model's log, `model_logs`.
pub trait LogStore: Send + Sync {
    /// Writes records in one transaction, each uid once; what is there already stays as it is.
    fn insert(&self, records: &[LogRecord]) -> impl Future<Output = Result<Inserted, StoreError>> + Send;

    /// The payloads logged in `window`, in no order.
    fn payloads(&self, window: Window) -> BoxStream<'_, Result<String, StoreError>>;
}

/// One run of a comparison, for `data_shift`.
#[derive(Debug, Clone)]
pub struct ShiftRun<'a> {
    /// Names the run; writing it again replaces what it wrote before.
    pub run_uid: &'a str,
    /// When it ran.
    pub run_timestamp: Timestamp,
    /// What it looked at.
    pub window: Window,
    /// The level that adjusted p-values were compared with.
    pub significance: f64,
    /// What it found.
    pub features: &'a [FeatureShift],
}

/// Where verdicts are kept.
pub trait VerdictStore: Send + Sync {
    /// Writes one row a feature in one transaction.
    fn write_data_shift(&self, run: ShiftRun<'_>) -> impl Future<Output = Result<(), StoreError>> + Send;
}
