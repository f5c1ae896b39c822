//! The whole loop on one machine: a year of a model's life, told week by week.

mod args;
mod bad_model;
mod ending;
mod event;
mod http;
mod monitors;
mod post;
mod programs;
mod report;
mod service;
mod story;
mod teller;
#[cfg(test)]
mod tests;
mod world;
mod year;

pub(crate) use args::DemoArgs;
pub use report::DemoReport;
pub(crate) use story::demo;
