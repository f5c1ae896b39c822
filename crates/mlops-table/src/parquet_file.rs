use std::fs::File;
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, RecordBatch};
use arrow_schema::{ArrowError, DataType};
use mlops_core::table::{Cell, Column, Kind, Table};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::errors::ParquetError;

use crate::TableError;

/// Rows that are decoded together.
const BATCH_ROWS: usize = 8192;

pub(crate) fn read(path: &Path) -> Result<Table, TableError> {
    let file = File::open(path).map_err(|source| TableError::Io { path: path.to_owned(), source })?;
    let failed = |source: ParquetError| TableError::Parquet { path: path.to_owned(), source };
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(failed)?;
    let mut columns = Vec::new();
    for field in builder.schema().fields() {
        let kind = kind(field.data_type()).ok_or_else(|| TableError::Nested {
            path: path.to_owned(),
            column: field.name().clone(),
            kind: field.data_type().to_string(),
        })?;
        columns.push(Column::new(field.name().clone(), kind));
    }
    for batch in builder.with_batch_size(BATCH_ROWS).build().map_err(failed)? {
        let batch = batch.map_err(|error| failed(error.into()))?;
        push_batch(&mut columns, &batch).map_err(|error| failed(error.into()))?;
    }
    Ok(Table { columns })
}

fn kind(data_type: &DataType) -> Option<Kind> {
    match data_type {
        DataType::Dictionary(_, values) => kind(values),
        DataType::Boolean | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => {
            Some(Kind::Categorical)
        }
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => Some(Kind::Date),
        other if other.is_numeric() => Some(Kind::Numeric),
        _ => None,
    }
}

fn push_batch(columns: &mut [Column], batch: &RecordBatch) -> Result<(), ArrowError> {
    for (column, array) in columns.iter_mut().zip(batch.columns()) {
        match column.kind() {
            Kind::Numeric => {
                let array = arrow_cast::cast(array, &DataType::Float64)?;
                array.as_primitive::<Float64Type>().iter().for_each(|value| column.push(number(value)));
            }
            Kind::Categorical => {
                let array = arrow_cast::cast(array, &DataType::Utf8)?;
                array.as_string::<i32>().iter().for_each(|value| column.push(value.map_or(Cell::Missing, Cell::Text)));
            }
            Kind::Date => {
                // Which date it is matters to nobody; only whether there is one.
                let present = |row| if array.is_null(row) { Cell::Missing } else { Cell::Number(0.0) };
                (0..array.len()).for_each(|row| column.push(present(row)));
            }
        }
    }
    Ok(())
}

fn number(value: Option<f64>) -> Cell<'static> {
    value.map_or(Cell::Missing, Cell::Number)
}
