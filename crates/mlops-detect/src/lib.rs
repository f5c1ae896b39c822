#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

pub mod concept;
pub mod performance;
pub mod policy;
pub mod shift;
pub mod store;
