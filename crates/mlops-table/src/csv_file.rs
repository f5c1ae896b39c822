use std::collections::HashSet;
use std::fs::File;
use std::path::{Path, PathBuf};

use csv::{Reader, ReaderBuilder, StringRecord};
use mlops_core::table::{Cell, Column, Reading, Rules, Survey, Table};

use crate::TableError;
use crate::batch::BATCH_ROWS;
use crate::file_column::FileColumn;

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

/// The columns of a file, each as all of its cells say.
pub(crate) fn columns(path: &Path, rules: &Rules) -> Result<Vec<FileColumn>, TableError> {
    let mut rows = CsvRows::open(path)?;
    let mut surveys: Vec<Option<Survey>> =
        rows.names().iter().map(|name| (!rules.is_levels(name)).then(Survey::default)).collect();
    while let Some(row) = rows.next_row()? {
        for (survey, text) in surveys.iter_mut().zip(row) {
            if let Some(survey) = survey {
                survey.see(text, 1);
            }
        }
    }
    let reading = |survey: Option<Survey>| match survey {
        Some(survey) => survey.reading(rules),
        None => Ok(Reading::levels()),
    };
    let names = rows.names().iter().cloned();
    Ok(names
        .zip(surveys)
        .map(|(name, survey)| FileColumn { name, reading: reading(survey) })
        .collect())
}

/// The rows of a file, in tables of a batch each.
pub(crate) struct CsvBatches {
    rows: CsvRows,
    readings: Vec<Reading>,
}

impl CsvBatches {
    pub(crate) fn open(path: &Path, columns: &[FileColumn]) -> Result<Self, TableError> {
        let readings = columns.iter().map(FileColumn::reading).collect();
        Ok(Self { rows: CsvRows::open(path)?, readings })
    }

    fn next_batch(&mut self) -> Result<Option<Table>, TableError> {
        let names = self.rows.names().iter();
        let mut columns: Vec<Column> = names
            .zip(&self.readings)
            .map(|(name, reading)| Column::with_reading(name.clone(), *reading))
            .collect();
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
