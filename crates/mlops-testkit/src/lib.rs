#![doc = include_str!("../README.md")]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod aws;
mod batch;
mod browser;
pub mod contract;
mod control;
mod dynamo;
mod faults;
mod job;
mod mute_server;
mod mysql;
mod odd_s3;
mod private_mysql;
mod runtimes;
mod s3;
mod secrets;
mod server;
mod slow_clients;
mod smtp;
mod twilio;

pub use aws::AwsServer;
pub use batch::{BatchServer, batch};
pub use browser::visit;
pub use dynamo::{DynamoServer, dynalite, moto_dynamo};
pub use faults::{Calls, Fault, Faults};
pub use job::{Ended, Job, end};
pub use mute_server::{MuteServer, Silence};
pub use mysql::{MySqlServer, mysql};
pub use odd_s3::{Listings, OddS3, Refusal};
pub use private_mysql::PrivateMySql;
pub use runtimes::{runtimes, schemathesis, stacks};
pub use s3::{S3Server, s3};
pub use secrets::{SecretsServer, secrets};
pub use slow_clients::SlowClients;
pub use smtp::{SmtpServer, smtp};
pub use twilio::{TwilioServer, twilio};
