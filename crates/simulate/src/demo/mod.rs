//! The whole loop on one machine: a year of a model's life, told week by week.

mod args;
mod http;
mod programs;
mod report;
mod service;
mod story;
#[cfg(test)]
mod tests;
mod world;

pub(crate) use args::DemoArgs;
pub use report::DemoReport;
pub(crate) use story::demo;
