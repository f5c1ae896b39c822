#![doc = include_str!("../README.md")]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod aws;
mod batch;
pub mod contract;
mod dynamo;
mod faults;
mod job;
mod mysql;
mod private_mysql;
mod runtimes;
mod s3;
mod server;

pub use aws::AwsServer;
pub use batch::{BatchServer, batch};
pub use dynamo::{DynamoServer, dynalite, moto_dynamo};
pub use faults::{Calls, Fault, Faults};
pub use job::{Ended, Job, end};
pub use mysql::{MySqlServer, mysql};
pub use private_mysql::PrivateMySql;
pub use runtimes::{runtimes, stacks};
pub use s3::{S3Server, s3};
