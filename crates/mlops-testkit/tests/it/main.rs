//! The servers and the fault proxy, over the servers themselves.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod dynamo;
mod dynamo_faults;
mod private_mysql;
mod s3_faults;
