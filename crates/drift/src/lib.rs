#![doc = include_str!("../README.md")]

mod args;
mod html;
mod logs;
mod model;
mod production;
mod report;
mod retrain;
mod run;
mod source;

pub use args::Args;
pub use report::{DriftReport, Outcome};
pub use run::run;
