//! The job's binary, over folders and S3, into SQLite and MySQL.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod dead_letters;
mod failures;
mod formats;
mod forms;
mod interruption;
mod memory;
mod models;
mod world;
