//! Both stores, over real files and a real S3 endpoint.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod contract;
mod cut_answers;
mod locations;
mod reading;
mod refusals;
