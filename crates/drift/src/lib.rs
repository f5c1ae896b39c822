#![doc = include_str!("../README.md")]

mod args;
mod html;
mod production;
mod report;
mod run;

pub use args::Args;
pub use report::DriftReport;
pub use run::run;
