#![doc = include_str!("../README.md")]

mod args;
mod auth;
mod figure;
mod filter;
mod findings;
mod page;
mod refresh;
mod run;
mod server;
mod spec;
mod view;
mod words;

pub use args::Args;
pub use run::{Outcome, run};
