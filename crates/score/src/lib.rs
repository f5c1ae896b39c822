#![doc = include_str!("../README.md")]

mod answer;
mod args;
mod demand;
mod fields;
mod groups;
mod http;
mod json;
mod metrics;
mod model;
mod names;
mod predict_file;
mod reload;
mod report;
mod request;
mod rule;
mod run;
mod settings;
mod ship;
mod spec;
mod spool;

pub use args::Args;
pub use report::{Outcome, Predicted, Served};
pub use run::run;
