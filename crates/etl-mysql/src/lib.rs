#![doc = include_str!("../README.md")]

mod args;
mod dead_letters;
mod load;
mod report;

pub use args::Args;
pub use load::run;
pub use report::EtlReport;
