//! The job's binary, over files and databases.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod databases;
mod files;
mod parts;
mod retrain;
