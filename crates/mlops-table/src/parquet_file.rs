use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, DataType, Field, Schema};
use mlops_core::table::{Column, Kind, Table};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;

use crate::TableError;
use crate::arrow_column::{column, kind};
use crate::batch::BATCH_ROWS;

/// The columns of a file; what a nested one is stands with its name.
pub(crate) fn kinds(path: &Path) -> Result<Vec<(String, Kind)>, TableError> {
    let (_, metadata) = open(path)?;
    let fields = metadata.schema().fields().iter();
    let kinds = fields.map(|field| match kind(field.data_type()) {
        Some(kind) => Ok((field.name().clone(), kind)),
        None => Err(TableError::Nested {
            path: path.to_owned(),
            column: field.name().clone(),
            kind: field.data_type().to_string(),
        }),
    });
    kinds.collect()
}

/// The rows of a file, in tables of a batch each.
pub(crate) struct ParquetBatches {
    path: PathBuf,
    reader: ParquetRecordBatchReader,
}

impl ParquetBatches {
    /// With those of the columns that are wanted; the others are not decoded.
    pub(crate) fn open(path: &Path, wanted: &dyn Fn(&str) -> bool) -> Result<Self, TableError> {
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
        Ok(Self { path: path.to_owned(), reader })
    }
}

impl Iterator for ParquetBatches {
    type Item = Result<Table, TableError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.reader.next()?;
        let table = batch.and_then(|batch| table(&batch));
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
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            let text = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
            Arc::new(field.as_ref().clone().with_data_type(text))
        }
        _ => Arc::clone(field),
    }
}

fn table(batch: &RecordBatch) -> Result<Table, ArrowError> {
    let schema = batch.schema();
    let fields = schema.fields().iter().zip(batch.columns());
    let columns: Result<Vec<Column>, ArrowError> =
        fields.map(|(field, array)| column(field, array)).collect();
    Ok(Table { columns: columns? })
}
