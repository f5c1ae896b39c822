//! What both ETL jobs promise, over the servers that they are made for.

mod commands;
mod faults;
mod filter;
mod growth;
mod identity;
mod kills;
mod late;
mod lease;
mod listings;
mod policies;
mod schema;
mod shards;
mod unreadable;
pub(crate) mod world;
