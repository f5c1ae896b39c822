#![doc = include_str!("../README.md")]

mod args;
mod batch;
mod trigger;

pub use args::RetrainArgs;
pub use trigger::{RetrainAction, RetrainReport, Trigger, Wish};
