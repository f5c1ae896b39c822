use std::collections::HashSet;
use std::fs::File;
use std::path::{Path, PathBuf};

use csv::{Reader, ReaderBuilder, StringRecord};
use mlops_core::table::{Cell, Column, Kind, Table, is_missing_text};
use mlops_core::timestamp::parse_utc;

use crate::TableError;
use crate::batch::BATCH_ROWS;

/// The rows of a CSV file, one by one, as text.
pub struct CsvRows {
    path: PathBuf,
    reader: Reader<File>,
    names: Vec<String>,
    row: StringRecord,
}

impl CsvRows {
    /// Opens a file and reads its header. A name that ends in `.tsv` is separated by tabs.
    ///
    /// # Errors
    ///
    /// [`TableError`] where there is no header or where two columns have one name.
    pub fn open(path: &Path) -> Result<Self, TableError> {
        let file =
            File::open(path).map_err(|source| TableError::Io { path: path.to_owned(), source })?;
        let delimiter =
            if path.extension().is_some_and(|extension| extension == "tsv") { b'\t' } else { b',' };
        let mut reader = ReaderBuilder::new().delimiter(delimiter).from_reader(file);
        let header =
            reader.headers().map_err(|source| TableError::Csv { path: path.to_owned(), source })?;
        let names: Vec<String> = header
            .iter()
            .map(|name| name.trim_start_matches('\u{FEFF}').trim().to_owned())
            .collect();
        let wrong = |what: String| TableError::Header { path: path.to_owned(), what };
        if names.is_empty() {
            return Err(wrong(
                "the file is empty; the first line must name the columns".to_owned(),
            ));
        }
        let mut seen = HashSet::new();
        if let Some(twice) = names.iter().find(|name| !seen.insert(name.as_str())) {
            return Err(wrong(format!("the column `{twice}` occurs twice; rename one")));
        }
        Ok(Self { path: path.to_owned(), reader, names, row: StringRecord::new() })
    }

    /// The columns' names.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The cells of the next row, as many as there are names; `None` at the end.
    ///
    /// # Errors
    ///
    /// [`TableError::Csv`] with the line, for a row of another length and for bytes that are no
    /// UTF-8.
    pub fn next_row(&mut self) -> Result<Option<&StringRecord>, TableError> {
        match self.reader.read_record(&mut self.row) {
            Ok(true) => Ok(Some(&self.row)),
            Ok(false) => Ok(None),
            Err(source) => Err(TableError::Csv { path: self.path.clone(), source }),
        }
    }
}

/// The columns of a file. Each starts as numeric; the first cell that is no number makes it dates
/// or levels.
pub(crate) fn kinds(path: &Path) -> Result<Vec<(String, Kind)>, TableError> {
    let mut rows = CsvRows::open(path)?;
    let mut columns: Vec<(String, Kind)> =
        rows.names().iter().map(|name| (name.clone(), Kind::Numeric)).collect();
    let mut has_values = vec![false; columns.len()];
    while let Some(row) = rows.next_row()? {
        for (((_, kind), has_values), text) in columns.iter_mut().zip(&mut has_values).zip(row) {
            if is_missing_text(text) {
                continue;
            }
            if !fits(*kind, text) {
                // A column may have been numeric up to here and turn out to be dates, or neither.
                *kind = if !*has_values && fits(Kind::Date, text) {
                    Kind::Date
                } else {
                    Kind::Categorical
                };
            }
            *has_values = true;
        }
    }
    Ok(columns)
}

/// The rows of a file, in tables of a batch each.
pub(crate) struct CsvBatches {
    rows: CsvRows,
    kinds: Vec<Kind>,
}

impl CsvBatches {
    pub(crate) fn open(path: &Path, columns: &[(String, Kind)]) -> Result<Self, TableError> {
        Ok(Self {
            rows: CsvRows::open(path)?,
            kinds: columns.iter().map(|(_, kind)| *kind).collect(),
        })
    }

    fn next_batch(&mut self) -> Result<Option<Table>, TableError> {
        let names = self.rows.names().iter();
        let mut columns: Vec<Column> =
            names.zip(&self.kinds).map(|(name, &kind)| Column::new(name.clone(), kind)).collect();
        let mut rows = 0;
        while rows < BATCH_ROWS {
            let Some(row) = self.rows.next_row()? else { break };
            columns.iter_mut().zip(row).for_each(|(column, text)| column.push(Cell::Text(text)));
            rows += 1;
        }
        Ok((rows > 0).then_some(Table { columns }))
    }
}

impl Iterator for CsvBatches {
    type Item = Result<Table, TableError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_batch().transpose()
    }
}

fn fits(kind: Kind, text: &str) -> bool {
    match kind {
        Kind::Numeric => text.trim().parse::<f64>().is_ok(),
        Kind::Date => text.contains('-') && parse_utc(text).is_some(),
        Kind::Categorical => true,
    }
}
