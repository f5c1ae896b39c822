#![doc = include_str!("../README.md")]

mod alerts;
mod columns;
mod connect_options;
mod connection;
mod database;
mod dialect;
mod error;
mod etl;
mod insert;
mod limit;
mod logs;
mod metrics;
mod migrate;
mod models;
mod monitors;
mod open;
mod query;
pub mod reader;
mod retrain;
mod rollup;
mod row;
mod schema;
mod statement;
mod unreadable;
mod verdicts;
mod watermark;

pub use database::Database;
pub use rollup::{RollupState, Stretch};
