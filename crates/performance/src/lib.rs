#![doc = include_str!("../README.md")]

mod args;
mod html;
mod judge;
mod report;
mod rows;
mod run;
mod spec;

pub use args::Args;
pub use report::PerformanceReport;
pub use run::run;
