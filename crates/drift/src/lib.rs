#![doc = include_str!("../README.md")]

mod args;
mod comparison;
mod html;
mod model;
mod production;
mod reference;
mod report;
mod retrain;
mod run;
mod spec;
mod text;

pub use args::Args;
pub use report::{DriftReport, Outcome};
pub use run::run;
