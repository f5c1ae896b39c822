//! The ETL's own notions: partitions of a listing, what was listed and loaded, and when two
//! contents are the same.

mod fingerprint;
mod insert;
mod listing;
mod partition;
mod time_span;

#[cfg(test)]
mod tests;

pub use fingerprint::{Fingerprint, fingerprint, payload_fingerprint};
pub use insert::{Inserted, insert_new};
pub use listing::{Listing, ObjectId, Totals};
pub use partition::{NameRange, Partition, Scope};
pub use time_span::TimeSpan;
