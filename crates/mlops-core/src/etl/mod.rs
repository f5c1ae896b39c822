//! The notions of the ETL: partitions of a listing, what was listed and loaded, and the port of the
//! databases that it loads into.

mod insert;
mod listing;
mod partition;
mod store;
mod time_span;

#[cfg(test)]
mod tests;

pub use insert::{Inserted, insert_new};
pub use listing::{Listing, ObjectId, Totals};
pub use partition::{Partition, Scope};
pub use store::{
    Batch, Claim, Commit, EndedObject, EtlStore, Lease, PartitionState, Settled, Watermark,
};
pub use time_span::TimeSpan;
