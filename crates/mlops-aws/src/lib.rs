#![doc = include_str!("../README.md")]

mod client;

pub use client::{SdkConfig, config, has_no_credentials, loader};
