use std::collections::HashMap;
use std::future::Future;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::etl::{Listing, ObjectId, Totals};
use crate::ports::StoreError;
use crate::record::{Fingerprint, LogRecord, RecordKey};

/// The state of a partition.
#[derive(Debug, Clone, PartialEq)]
pub struct PartitionState {
    /// Its name; see [`Partition`](crate::etl::Partition).
    pub id: String,
    /// Nothing is left to do in it, and it is too old to change; its ledger is gone.
    pub sealed: bool,
    /// Grows with each claim, from 0. Who writes with an older one is refused.
    pub fence: u64,
    /// The listing when everything in it was loaded; `None` before that.
    pub listing: Option<Listing>,
}

/// The right to load a partition, until the next claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The partition's name.
    pub id: String,
    /// The fence that the claim raised.
    pub fence: u64,
}

/// An object whose last records are in a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct EndedObject {
    /// The partition that it is of.
    pub claim: Claim,
    /// Its key and version.
    pub id: ObjectId,
    /// Counts over its records.
    pub totals: Totals,
}

/// A batch that is written at once.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'b> {
    /// The pipeline that writes.
    pub pipeline: &'b str,
    /// Records with distinct keys, none of which [`EtlStore::find`] found.
    pub records: &'b [&'b LogRecord],
    /// The objects all of whose records are now written.
    pub ended: &'b [EndedObject],
}

/// How writing a batch went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Commit {
    /// All of it is written.
    Done,
    /// Another writer was there first; nothing is written, and the keys must be looked up again.
    Raced,
    /// Another run has claimed this partition; nothing is entered for it.
    Fenced(String),
}

/// A partition in which nothing is left to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// The claim, or the fence that was seen.
    pub claim: Claim,
    /// The listing of the partition.
    pub listing: Listing,
    /// Whether it is to be sealed.
    pub seal: bool,
}

/// An object, or a folder, that could not be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Unreadable {
    /// The name of its partition.
    pub partition: String,
    /// The version that could not be read.
    pub object: ObjectId,
    /// The key, relative to the logs; that of a folder ends in `/`.
    pub key: String,
    /// Why it could not be read.
    pub reason: String,
    /// The remedy for the operator.
    pub remedy: String,
    /// The number of runs that tried.
    pub attempts: u64,
    /// The time of the next attempt.
    pub next_attempt: Timestamp,
    /// Set by the operator: the object is not to be read, and no longer counts.
    pub ignored: Option<Ignored>,
}

/// The operator's decision not to load an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored {
    /// The user or role that decided.
    pub by: String,
    /// The time of the decision.
    pub at: Timestamp,
    /// The reason that was given.
    pub reason: String,
}

/// The run that works on a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The run that holds it.
    pub owner: String,
    /// Changes with every heartbeat. Who sees it unchanged for the whole duration may take the
    /// lease over: no clock of another machine is looked at.
    pub beat: u64,
    /// How long the holder may be silent, in milliseconds.
    pub duration_ms: u64,
}

/// How far a pipeline is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Watermark {
    /// The first partition that is not sealed; `None` while none has a time.
    pub partition: Option<String>,
    /// When its span begins: everything before is sealed.
    pub position: Option<Timestamp>,
    /// Counts over all loaded objects.
    pub totals: Totals,
    /// The folders that were passed over as older than the lookback, by their names.
    pub past_folders: Listing,
    /// When all partitions, the sealed ones too, were last compared with what is listed.
    pub audited: Option<Timestamp>,
    /// When this was written.
    pub updated: Option<Timestamp>,
    /// Grows with each write.
    pub version: u64,
}

/// A database that an ETL job loads into, with the job's own books.
///
/// What makes a run safe to kill, to repeat and to run twice at once is in
/// [`commit`](EtlStore::commit): an object is in the ledger only if all its records are in the
/// database.
pub trait EtlStore: Send + Sync {
    /// The file that the store is, where it is one of this machine.
    fn file(&self) -> Option<PathBuf> {
        None
    }

    /// Why this store cannot hold the record, in words for a dead letter; `None` where it can.
    fn refuses(&self, record: &LogRecord) -> Option<String>;

    /// Returns the fingerprint that a stored record with the same content has.
    fn fingerprint(&self, record: &LogRecord) -> Fingerprint;

    /// The write units that one record costs; 0 where writing has no price by the record.
    fn write_units(&self, record: &LogRecord) -> u64;

    /// Whether [`commit`](EtlStore::commit) answers [`Commit::Raced`] for a key that is there, so
    /// that no lookup is needed before; a store that overwrites says `false`.
    const REFUSES_DUPLICATES: bool;

    /// The fingerprints of those of the keys that are there.
    fn find(
        &self,
        keys: &[&RecordKey],
    ) -> impl Future<Output = Result<HashMap<RecordKey, Fingerprint>, StoreError>> + Send;

    /// The logging timestamps of those of the keys that are there.
    fn logged_at(
        &self,
        keys: &[&RecordKey],
    ) -> impl Future<Output = Result<HashMap<RecordKey, Timestamp>, StoreError>> + Send;

    /// Writes records, then enters their objects into the ledger and the counts; an object that is
    /// entered counts once.
    fn commit(&self, batch: Batch<'_>) -> impl Future<Output = Result<Commit, StoreError>> + Send;

    /// Writes this record over the one of its key.
    fn replace(&self, record: &LogRecord) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Those of the partitions that are known.
    fn partitions(
        &self,
        pipeline: &str,
        ids: &[String],
    ) -> impl Future<Output = Result<Vec<PartitionState>, StoreError>> + Send;

    /// All partitions that are not sealed.
    fn open_partitions(
        &self,
        pipeline: &str,
    ) -> impl Future<Output = Result<Vec<PartitionState>, StoreError>> + Send;

    /// Makes partitions known that are not, so that the watermark waits for them.
    fn register(
        &self,
        pipeline: &str,
        ids: &[String],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Raises the fence of partitions that are known and not sealed.
    fn claim(
        &self,
        pipeline: &str,
        ids: &[String],
        owner: &str,
    ) -> impl Future<Output = Result<Vec<PartitionState>, StoreError>> + Send;

    /// The objects that were loaded from an open partition.
    fn ledger(
        &self,
        pipeline: &str,
        id: &str,
    ) -> impl Future<Output = Result<Vec<ObjectId>, StoreError>> + Send;

    /// Notes that nothing is left to do, where the fence still stands; a sealed partition loses its
    /// ledger.
    fn settle(
        &self,
        pipeline: &str,
        settled: &[Settled],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Opens a sealed partition again, to be loaded from its start.
    fn reopen(
        &self,
        pipeline: &str,
        id: &str,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Returns what was loaded from all partitions. Partitions whose newest time is later than
    /// `until` are left out of the newest time.
    fn totals(
        &self,
        pipeline: &str,
        until: Timestamp,
    ) -> impl Future<Output = Result<Totals, StoreError>> + Send;

    /// How far the pipeline is; `None` before its first run.
    fn watermark(
        &self,
        pipeline: &str,
    ) -> impl Future<Output = Result<Option<Watermark>, StoreError>> + Send;

    /// Writes the watermark if the stored one has the version before its own. Returns whether it
    /// did.
    fn advance(
        &self,
        pipeline: &str,
        watermark: &Watermark,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Returns the holder of the lease of that name; `None` where it is free.
    fn lease(&self, name: &str) -> impl Future<Output = Result<Option<Lease>, StoreError>> + Send;

    /// Replaces the lease by `next`, or frees it, if the lease is still as it was seen. Returns
    /// whether it did.
    fn swap_lease(
        &self,
        name: &str,
        seen: Option<&Lease>,
        next: Option<&Lease>,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Returns the objects of a pipeline that could not be read.
    fn unreadable(
        &self,
        pipeline: &str,
    ) -> impl Future<Output = Result<Vec<Unreadable>, StoreError>> + Send;

    /// Enters unreadable objects, over what is known of the same ones.
    fn put_unreadable(
        &self,
        pipeline: &str,
        objects: &[Unreadable],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Removes objects that are no longer unreadable, or no longer listed.
    fn remove_unreadable(
        &self,
        pipeline: &str,
        objects: &[Unreadable],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Returns when the shard of this name last compared its sealed partitions with the listing.
    fn audited(
        &self,
        pipeline: &str,
        shard: &str,
    ) -> impl Future<Output = Result<Option<Timestamp>, StoreError>> + Send;

    /// Notes that a shard has compared its sealed partitions with the listing.
    fn note_audit(
        &self,
        pipeline: &str,
        shard: &str,
        at: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
