#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

pub mod access;
pub mod address;
pub mod alert;
pub mod concept;
pub mod etl;
pub mod literal;
pub mod model;
pub mod outcomes;
pub mod performance;
pub mod pickle;
pub mod policy;
pub mod ports;
pub mod profile;
pub mod record;
pub mod shift;
pub mod span;
pub mod stats;
pub mod table;
pub mod verdict;
