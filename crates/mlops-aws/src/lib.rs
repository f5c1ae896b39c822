#![doc = include_str!("../README.md")]

mod access;
mod client;
mod error;
mod secret;

pub use access::READ_SECRET;
use client::has_no_credentials;
pub use client::{SdkConfig, config, loader};
pub use error::failed;
pub use secret::read_secret;
