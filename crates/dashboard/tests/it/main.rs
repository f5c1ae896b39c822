//! The job's binary: what it serves, writes and counts, and how a browser shows it.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod browser;
mod refresh;
mod seed;
mod served;
mod slow;
mod world;
