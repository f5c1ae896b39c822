#![doc = include_str!("../README.md")]

mod database;
mod error;
mod insert;
mod mysql;
mod shift_rows;
mod sqlite;

pub use database::Database;
