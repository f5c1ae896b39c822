#![doc = include_str!("../README.md")]

mod access;
mod args;
mod batch;
mod trigger;

pub use access::GRANTS;
pub use args::RetrainArgs;
pub use trigger::{RetrainAction, RetrainReport, Trigger, Wish};
