//! The store, over two emulators of DynamoDB, and the job's binary.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod contract;
