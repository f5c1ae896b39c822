//! The notions of the ETL: partitions of a listing, what was listed and loaded, and the port of the
//! databases that it loads into.

mod date_pattern;
mod folder_dates;
mod insert;
mod listing;
mod partition;
mod seen;
mod store;
mod time_span;

#[cfg(test)]
mod tests;

pub use date_pattern::{DatePattern, DatePatternError};
pub use folder_dates::FolderDates;
pub use insert::{Inserted, insert_new};
pub use listing::{Listing, ObjectId, Totals};
pub use partition::{Partition, Scope};
pub use seen::Seen;
pub use store::{
    Batch, Claim, Commit, EndedObject, EtlStore, Ignored, Lease, PartitionState, Settled,
    Unreadable, Watermark,
};
pub use time_span::TimeSpan;
