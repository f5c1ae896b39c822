use std::path::PathBuf;

use mlops_core::table::ReadingError;

/// Why a file is no table.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The file cannot be read.
    #[error("reading {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
    /// The file is no CSV with a header and rows of one length.
    #[error("{} is not a valid CSV table; check its header, quotes and separators", path.display())]
    Csv {
        /// The file.
        path: PathBuf,
        /// The line, and what is wrong with it.
        source: csv::Error,
    },
    /// The file has no header or two columns of one name.
    #[error("the header of {}: {what}", path.display())]
    Header {
        /// The file.
        path: PathBuf,
        /// The problem and the remedy.
        what: String,
    },
    /// The file is no Parquet that can be read.
    #[error("{} cannot be read as Parquet; write it with snappy, gzip, zstd or lz4", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// The error of the reader.
        source: parquet::errors::ParquetError,
    },
    /// The file is no profile, or a damaged one.
    #[error("{} is not a profile of `drift profile`: {what}", path.display())]
    Profile {
        /// The file.
        path: PathBuf,
        /// The problem.
        what: String,
    },
    /// The cells of a column cannot be read.
    #[error("the column `{column}` of {}", path.display())]
    Column {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The reason.
        source: ReadingError,
    },
    /// A column of a type that is no table's.
    #[error("the column `{column}` of {} is {kind}; flatten it or leave it out", path.display())]
    Nested {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// Its type.
        kind: String,
    },
}
