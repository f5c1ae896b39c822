//! `simulate demo`: one year of a model on one machine, with all programs.

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
