use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, DataType, Field, Schema};
use mlops_core::table::{Column, Reading, Rules, Survey, Table};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;

use crate::TableError;
use crate::arrow_column::{column, is_text, reading};
use crate::batch::BATCH_ROWS;
use crate::file_column::FileColumn;

/// The columns of a file; what a nested one is stands with its name. The cells of texts say whether
/// they are numbers or dates, unless `rules` do.
pub(crate) fn columns(path: &Path, rules: &Rules) -> Result<Vec<FileColumn>, TableError> {
    let (_, metadata) = open(path)?;
    let fields = metadata.schema().fields().iter();
    let columns = fields.map(|field| match reading(field.data_type()) {
        _ if rules.is_levels(field.name()) => {
            Ok(FileColumn { name: field.name().clone(), reading: Ok(Reading::levels()) })
        }
        Some(reading) => Ok(FileColumn { name: field.name().clone(), reading: Ok(reading) }),
        None => Err(TableError::Nested {
            path: path.to_owned(),
            column: field.name().clone(),
            kind: field.data_type().to_string(),
        }),
    });
    let mut columns = columns.collect::<Result<Vec<FileColumn>, TableError>>()?;
    if !rules.has_types {
        let texts = metadata.schema().fields().iter().filter(|field| is_text(field.data_type()));
        let texts: Vec<&str> = texts
            .map(|field| field.name().as_str())
            .filter(|name| !rules.is_levels(name))
            .collect();
        let rows = metadata.metadata().file_metadata().num_rows().unsigned_abs();
        for (name, survey) in survey(path, &columns, &texts, rows)? {
            let column = columns.iter_mut().find(|column| column.name == name);
            if let Some(column) = column {
                column.reading = survey.reading_of_texts(rules);
            }
        }
    }
    Ok(columns)
}

/// Looks at the cells of columns of texts, until it is known of all of them that they are levels.
fn survey(
    path: &Path,
    columns: &[FileColumn],
    texts: &[&str],
    rows: u64,
) -> Result<Vec<(String, Survey)>, TableError> {
    let mut surveys: Vec<(String, Survey)> =
        texts.iter().map(|name| ((*name).to_owned(), Survey::default())).collect();
    if surveys.is_empty() {
        return Ok(surveys);
    }
    for batch in ParquetBatches::open(path, columns, &|name| texts.contains(&name))? {
        for column in batch?.columns {
            let survey = surveys.iter_mut().find(|(name, _)| *name == column.name);
            if let Some((_, survey)) = survey {
                column.show_levels(survey);
            }
        }
        if surveys.iter().all(|(_, survey)| survey.is_settled(rows)) {
            break;
        }
    }
    Ok(surveys)
}

/// The rows of a file, in tables of a batch each.
pub(crate) struct ParquetBatches {
    path: PathBuf,
    reader: ParquetRecordBatchReader,
    readings: HashMap<String, Reading>,
}

impl ParquetBatches {
    /// With those of the columns that are wanted; the others are not decoded.
    pub(crate) fn open(
        path: &Path,
        columns: &[FileColumn],
        wanted: &dyn Fn(&str) -> bool,
    ) -> Result<Self, TableError> {
        let failed = |source: ParquetError| TableError::Parquet { path: path.to_owned(), source };
        let (file, metadata) = open(path)?;
        // Text is decoded as the dictionary that it mostly is in the file already.
        let fields: Vec<Arc<Field>> =
            metadata.schema().fields().iter().map(as_dictionary).collect();
        let schema =
            Arc::new(Schema::new_with_metadata(fields, metadata.schema().metadata().clone()));
        let options = ArrowReaderOptions::new().with_schema(schema);
        let metadata = ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options)
            .map_err(failed)?;
        let names = metadata.schema().fields().iter().map(|field| field.name().as_str());
        let indices: Vec<usize> =
            names.enumerate().filter(|(_, name)| wanted(name)).map(|(index, _)| index).collect();
        let mask = ProjectionMask::roots(metadata.parquet_schema(), indices);
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata);
        let reader =
            builder.with_batch_size(BATCH_ROWS).with_projection(mask).build().map_err(failed)?;
        let readings =
            columns.iter().map(|column| (column.name.clone(), column.reading())).collect();
        Ok(Self { path: path.to_owned(), reader, readings })
    }
}

impl ParquetBatches {
    fn table(&self, batch: &RecordBatch) -> Result<Table, ArrowError> {
        let schema = batch.schema();
        let fields = schema.fields().iter().zip(batch.columns());
        let columns: Result<Vec<Column>, ArrowError> = fields
            .map(|(field, array)| {
                let reading = self.readings.get(field.name()).copied();
                column(field.name(), reading.unwrap_or_else(Reading::levels), array)
            })
            .collect();
        Ok(Table { columns: columns? })
    }
}

impl Iterator for ParquetBatches {
    type Item = Result<Table, TableError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.reader.next()?;
        let table = batch.and_then(|batch| self.table(&batch));
        Some(
            table.map_err(|error| TableError::Parquet {
                path: self.path.clone(),
                source: error.into(),
            }),
        )
    }
}

fn open(path: &Path) -> Result<(File, ArrowReaderMetadata), TableError> {
    let file =
        File::open(path).map_err(|source| TableError::Io { path: path.to_owned(), source })?;
    let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())
        .map_err(|source| TableError::Parquet { path: path.to_owned(), source })?;
    Ok((file, metadata))
}

fn as_dictionary(field: &Arc<Field>) -> Arc<Field> {
    match field.data_type() {
        plain if is_text(plain) && !matches!(plain, DataType::Dictionary(..)) => {
            let text = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
            Arc::new(field.as_ref().clone().with_data_type(text))
        }
        _ => Arc::clone(field),
    }
}
