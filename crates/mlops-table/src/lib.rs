#![doc = include_str!("../README.md")]

mod csv_file;
mod error;
mod parquet_file;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use mlops_core::table::Table;

pub use csv_file::CsvRows;
pub use error::TableError;

const PARQUET_MAGIC: &[u8] = b"PAR1";

/// Reads a whole table.
///
/// # Errors
///
/// [`TableError`], which names the file, and the line or the column.
pub fn read_table(path: &Path) -> Result<Table, TableError> {
    if is_parquet(path)? { parquet_file::read(path) } else { csv_file::read(path) }
}

fn is_parquet(path: &Path) -> Result<bool, TableError> {
    let mut start = Vec::new();
    let opened = File::open(path).and_then(|file| file.take(PARQUET_MAGIC.len() as u64).read_to_end(&mut start));
    opened.map_err(|source| TableError::Io { path: path.to_owned(), source })?;
    Ok(start == PARQUET_MAGIC)
}
