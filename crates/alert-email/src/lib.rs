#![doc = include_str!("../README.md")]

mod args;
mod chart;
mod html;
mod mail;
mod run;
mod settings;
mod smtp;

pub use args::Args;
pub use run::run;
