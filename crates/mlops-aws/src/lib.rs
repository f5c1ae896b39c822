#![doc = include_str!("../README.md")]

mod access;
mod caller;
mod client;
mod error;
mod secret;

pub use access::READ_SECRET;
pub use caller::caller_arn;
use client::has_no_credentials;
pub use client::{SdkConfig, config, endpoint_url, loader};
pub use error::failed;
pub use secret::read_secret;
