#![doc = include_str!("../README.md")]

mod args;
mod clock;
mod config;
mod exit;
mod harness;
mod human;
mod logs;
mod metrics;
mod progress;
mod shutdown;
mod spec;
mod values;

#[cfg(test)]
mod tests;

pub use args::{CommonArgs, DatabaseArgs, EXIT_CODES_HELP, JobArgs, Output};
pub use clock::CLOCK_VARIABLE;
pub use config::PROGRAMS;
pub use exit::{Exit, UsageError};
pub use harness::{Context, Report, main};
pub use human::{grid, number, percent};
pub use metrics::Metrics;
pub use progress::Progress;
pub use spec::{Grant, Kind, Schedule, Size, Spec};
pub use tokio_util::sync::CancellationToken;
pub use values::{Shard, duration, share, span, utc_time};
