#![doc = include_str!("../README.md")]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

pub mod contract;
mod cutting;
mod job;
mod mysql;
mod s3;
mod server;

pub use cutting::Cutting;
pub use job::{Ended, Job, end};
pub use mysql::{MySqlServer, mysql};
pub use s3::{S3Server, s3};
