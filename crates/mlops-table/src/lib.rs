#![doc = include_str!("../README.md")]

mod arrow_column;
mod batch;
mod csv_file;
mod error;
mod file_column;
mod parquet_file;
mod parquet_writer;
mod profile_file;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use mlops_core::table::{Column, Kind, Rules, Table};
use mlops_stats::profile::Profiles;

pub use csv_file::CsvRows;
pub use error::TableError;
use file_column::FileColumn;
pub use parquet_writer::write_parquet;
pub use profile_file::write_profiles;

const PARQUET_MAGIC: [u8; 4] = *b"PAR1";
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

/// A file of columns, of which the names and kinds are known.
pub struct TableFile {
    path: PathBuf,
    columns: Vec<FileColumn>,
    is_parquet: bool,
}

impl TableFile {
    /// Finds out what the columns are. Of a Parquet file its types say so, and of columns of texts
    /// their cells; a CSV file is read through.
    ///
    /// # Errors
    ///
    /// [`TableError`], which names the file, and the line or the column.
    pub fn open(path: &Path, rules: &Rules) -> Result<Self, TableError> {
        let is_parquet = start(path)? == PARQUET_MAGIC;
        let columns = match is_parquet {
            true => parquet_file::columns(path, rules)?,
            false => csv_file::columns(path, rules)?,
        };
        Ok(Self { path: path.to_owned(), columns, is_parquet })
    }

    /// The columns with their kinds, in the order of the file.
    pub fn columns(&self) -> impl Iterator<Item = (&str, Kind)> {
        self.columns.iter().map(|column| (column.name.as_str(), column.reading().kind))
    }

    /// Whether there is such a column.
    pub fn has(&self, column: &str) -> bool {
        self.columns().any(|(name, _)| name == column)
    }

    /// Reads all rows at once.
    ///
    /// # Errors
    ///
    /// As [`TableFile::read`].
    pub fn read_all(&self) -> Result<Table, TableError> {
        self.read_columns(|_| true)
    }

    /// Reads all rows at once, of the columns that are wanted.
    ///
    /// # Errors
    ///
    /// As [`TableFile::read`].
    pub fn read_columns(&self, wanted: impl Fn(&str) -> bool) -> Result<Table, TableError> {
        let columns = self
            .columns
            .iter()
            .filter(|column| wanted(&column.name))
            .map(|column| Column::with_reading(&column.name, column.reading()));
        let mut all = Table { columns: columns.collect() };
        self.read(wanted, |batch| all.append(&batch))?;
        all.shrink_to_fit();
        Ok(all)
    }

    /// Reads the rows batch by batch, of the columns that are wanted.
    ///
    /// # Errors
    ///
    /// [`TableError`], which names the file, and the line or the column.
    pub fn read(
        &self,
        wanted: impl Fn(&str) -> bool,
        mut take: impl FnMut(Table),
    ) -> Result<(), TableError> {
        for column in self.columns.iter().filter(|column| wanted(&column.name)) {
            if let Err(source) = &column.reading {
                return Err(TableError::Column {
                    path: self.path.clone(),
                    column: column.name.clone(),
                    source: source.clone(),
                });
            }
        }
        if self.is_parquet {
            for batch in parquet_file::ParquetBatches::open(&self.path, &self.columns, &wanted)? {
                take(batch?);
            }
        } else {
            for batch in csv_file::CsvBatches::open(&self.path, &self.columns)? {
                let mut batch = batch?;
                batch.columns.retain(|column| wanted(&column.name));
                take(batch);
            }
        }
        Ok(())
    }
}

/// The profiles in a file; `None` where it is a table.
///
/// # Errors
///
/// [`TableError::Profile`] where it is neither.
pub fn read_profiles(path: &Path) -> Result<Option<Profiles>, TableError> {
    if start(path)? == ZSTD_MAGIC { profile_file::read(path).map(Some) } else { Ok(None) }
}

/// The first bytes of a file.
fn start(path: &Path) -> Result<Vec<u8>, TableError> {
    let mut start = Vec::new();
    let opened = File::open(path).and_then(|file| file.take(4).read_to_end(&mut start));
    opened.map_err(|source| TableError::Io { path: path.to_owned(), source })?;
    Ok(start)
}
