#![doc = include_str!("../README.md")]

mod args;
mod case_study;
mod churn;
mod customers;
mod demo;
mod dials;
mod features;
mod layout;
mod report;
mod request;
mod rows;
mod run;
mod share;
mod spec;
mod traffic;

#[cfg(test)]
mod tests;

pub use args::Args;
pub use case_study::CaseStudyReport;
pub use demo::DemoReport;
pub use report::{SimulateReport, Written};
pub use run::run;
