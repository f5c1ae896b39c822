use mlops_core::table::{Reading, ReadingError};

/// A column of a file, and how its cells are read.
pub(crate) struct FileColumn {
    pub(crate) name: String,
    /// The reading, or why the column cannot be read.
    pub(crate) reading: Result<Reading, ReadingError>,
}

impl FileColumn {
    /// Returns the reading; levels for a column that is refused once it is wanted.
    pub(crate) fn reading(&self) -> Reading {
        self.reading.clone().unwrap_or_else(|_| Reading::levels())
    }
}
