#![doc = include_str!("../README.md")]

mod args;
mod html;
mod report;
mod rows;
mod run;
mod spec;

pub use args::Args;
pub use report::ConceptReport;
pub use run::run;
