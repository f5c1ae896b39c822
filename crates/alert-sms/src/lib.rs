#![doc = include_str!("../README.md")]

mod args;
mod http;
mod run;
mod settings;
mod sms;
mod sns;
mod spec;
mod twilio;

pub use args::Args;
pub use run::run;
