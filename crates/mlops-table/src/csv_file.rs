use std::collections::HashSet;
use std::fs::File;
use std::path::{Path, PathBuf};

use csv::{Reader, ReaderBuilder, StringRecord};
use mlops_core::record::parse_utc;
use mlops_core::table::{Cell, Column, Kind, Table, is_missing_text};

use crate::TableError;

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
        let file = File::open(path).map_err(|source| TableError::Io { path: path.to_owned(), source })?;
        let delimiter = if path.extension().is_some_and(|extension| extension == "tsv") { b'\t' } else { b',' };
        let mut reader = ReaderBuilder::new().delimiter(delimiter).from_reader(file);
        let header = reader.headers().map_err(|source| TableError::Csv { path: path.to_owned(), source })?;
        let names: Vec<String> =
            header.iter().map(|name| name.trim_start_matches('\u{FEFF}').trim().to_owned()).collect();
        let wrong = |what: String| TableError::Header { path: path.to_owned(), what };
        if names.is_empty() {
            return Err(wrong("the file is empty; the first line must name the columns".to_owned()));
        }
        let mut seen = HashSet::new();
        if let Some(twice) = names.iter().find(|name| !seen.insert(name.as_str())) {
            return Err(wrong(format!("the column `{twice}` is there twice; rename one")));
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
    /// [`TableError::Csv`] with the line, for a row of another length and for bytes that are no UTF-8.
    pub fn next_row(&mut self) -> Result<Option<&StringRecord>, TableError> {
        match self.reader.read_record(&mut self.row) {
            Ok(true) => Ok(Some(&self.row)),
            Ok(false) => Ok(None),
            Err(source) => Err(TableError::Csv { path: self.path.clone(), source }),
        }
    }
}

/// Each column starts as numeric. One that turns out not to be makes the reading start again with that column's kind, so
/// that the earlier cells are taken as they stand in the file.
pub(crate) fn read(path: &Path) -> Result<Table, TableError> {
    let mut rows = CsvRows::open(path)?;
    let mut kinds = vec![Kind::Numeric; rows.names().len()];
    loop {
        match fill(&mut rows, &kinds)? {
            Ok(table) => return Ok(table),
            Err(better) => kinds = better,
        }
        rows = CsvRows::open(path)?;
    }
}

/// The table, or the kinds that the cells ask for.
fn fill(rows: &mut CsvRows, kinds: &[Kind]) -> Result<Result<Table, Vec<Kind>>, TableError> {
    let mut columns: Vec<Column> =
        rows.names().iter().zip(kinds).map(|(name, &kind)| Column::new(name.clone(), kind)).collect();
    let mut better = kinds.to_vec();
    while let Some(row) = rows.next_row()? {
        for ((column, kind), text) in columns.iter_mut().zip(&mut better).zip(row) {
            if !is_missing_text(text) && !fits(*kind, text) {
                // A column may have been numeric up to here and turn out to be dates, or neither.
                *kind = if column.len() == column.missing() && fits(Kind::Date, text) {
                    Kind::Date
                } else {
                    Kind::Categorical
                };
            }
            column.push(Cell::Text(text));
        }
    }
    if better == kinds { Ok(Ok(Table { columns })) } else { Ok(Err(better)) }
}

fn fits(kind: Kind, text: &str) -> bool {
    match kind {
        Kind::Numeric => text.trim().parse::<f64>().is_ok(),
        Kind::Date => text.contains('-') && parse_utc(text).is_some(),
        Kind::Categorical => true,
    }
}
