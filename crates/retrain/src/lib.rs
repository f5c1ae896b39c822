#![doc = include_str!("../README.md")]

mod args;
mod champion;
mod check;
mod column_args;
mod data;
mod html;
mod inspect;
mod logistic;
mod models;
mod reasons;
mod recipe;
mod release;
mod released;
mod report;
mod rollback;
mod rows;
mod run;
mod search;
mod search_report;
mod spec;
mod train;

pub use args::Args;
pub use report::Outcome;
pub use run::run;
