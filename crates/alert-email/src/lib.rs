#![doc = include_str!("../README.md")]

mod args;
mod chart;
mod html;
mod mail;
mod mail_folder;
mod post;
mod run;
mod settings;
mod smtp;
mod spec;

pub use args::Args;
pub use run::run;
