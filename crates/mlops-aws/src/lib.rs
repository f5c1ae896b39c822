#![doc = include_str!("../README.md")]

mod client;
mod error;

use client::has_no_credentials;
pub use client::{SdkConfig, config, loader};
pub use error::failed;
