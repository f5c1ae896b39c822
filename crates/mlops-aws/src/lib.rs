#![doc = include_str!("../README.md")]

mod client;
mod error;
mod secret;

use client::has_no_credentials;
pub use client::{SdkConfig, config, loader};
pub use error::failed;
pub use secret::read_secret;
