#![doc = include_str!("../README.md")]

mod args;
mod churn;
mod customers;
mod dials;
mod layout;
mod report;
mod request;
mod rows;
mod run;
mod traffic;

#[cfg(test)]
mod tests;

pub use args::Args;
pub use report::SimulateReport;
pub use run::run;
