//! The service, over folders, S3 and MySQL, and what goes wrong with each.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod answers;
mod caller;
mod description;
mod failures;
mod fields;
mod health;
mod kill;
mod logs;
mod pipelining;
mod reload;
mod security;
mod service;
mod settings;
mod slow;
mod world;
