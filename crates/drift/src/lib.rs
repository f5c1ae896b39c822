#![doc = include_str!("../README.md")]

mod args;
mod html;
mod model;
mod production;
mod reference;
mod report;
mod retrain;
mod run;
mod spec;

pub use args::Args;
pub use report::{DriftReport, Outcome};
pub use run::run;
