#![doc = include_str!("../README.md")]

mod access;
mod args;
mod batcher;
mod command;
mod conflicts;
mod dead_letters;
mod discover;
mod engine;
mod filter;
mod ignore;
mod lease;
mod memory;
mod object;
mod own_files;
mod partition;
mod passes;
mod plan;
mod redrive;
mod report;
mod retry;
mod run;
mod status;
mod unreadable;
mod verify;
mod watermark;

pub use access::GRANTS;
pub use args::{Command, EtlArgs};
pub use command::{Outcome, execute};
pub use filter::Globs;
