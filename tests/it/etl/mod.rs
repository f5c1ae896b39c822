//! What both ETL jobs promise, over the servers that they are made for.

mod commands;
mod faults;
mod kills;
mod late;
mod lease;
mod policies;
mod shards;
mod world;
