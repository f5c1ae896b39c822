#![doc = include_str!("../README.md")]

mod alert_statements;
mod concept_rows;
mod connect_options;
mod database;
mod error;
mod etl_statements;
mod insert;
mod metric_statements;
mod model_statements;
mod monitor_queries;
mod mysql;
mod outcome_statements;
mod performance_rows;
mod query;
pub mod reader;
mod retrain_statements;
mod rollup;
mod select;
mod select_statements;
mod shift_rows;
mod sqlite;
mod watermark_statements;

pub use database::Database;
pub use rollup::{RollupState, Stretch};
