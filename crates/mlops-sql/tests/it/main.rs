//! Both databases: SQLite files, and a real MySQL server.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod addresses;
mod columns;
mod contract;
mod findings;
mod messages;
mod queries;
mod tables;
