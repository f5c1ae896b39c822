#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

pub mod access;
pub mod address;
pub mod etl;
pub mod model_name;
pub mod outcomes;
pub mod ports;
pub mod record;
pub mod span;
pub mod table;
pub mod text;
pub mod timestamp;
pub mod verdict;
pub mod window;
