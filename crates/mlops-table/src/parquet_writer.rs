use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::builder::StringDictionaryBuilder;
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, Float64Array, RecordBatch, TimestampMicrosecondArray};
use mlops_core::table::{Column, Table, Values};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use crate::TableError;

/// The bytes of a Parquet file with the rows of a table; the same table gives the same bytes.
///
/// # Errors
///
/// [`TableError::Parquet`] where a table has two columns of one name, or none.
pub fn write_parquet(table: &Table) -> Result<Vec<u8>, TableError> {
    let failed =
        |source: ParquetError| TableError::Parquet { path: PathBuf::from("a new file"), source };
    let columns = table.columns.iter().map(|column| (column.name.as_str(), array(column), true));
    let batch =
        RecordBatch::try_from_iter_with_nullable(columns).map_err(|error| failed(error.into()))?;
    let compression = Compression::ZSTD(ZstdLevel::default());
    let properties = WriterProperties::builder()
        .set_compression(compression)
        .set_created_by("mlops".to_owned())
        .build();
    let mut writer =
        ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).map_err(failed)?;
    writer.write(&batch).map_err(failed)?;
    writer.into_inner().map_err(failed)
}

fn array(column: &Column) -> ArrayRef {
    match &column.values {
        Values::Numeric(values) => Arc::new(
            values
                .iter()
                .map(|value| (!value.is_nan()).then_some(*value))
                .collect::<Float64Array>(),
        ),
        Values::Date(times) => {
            Arc::new(TimestampMicrosecondArray::from(times.clone()).with_timezone("UTC"))
        }
        Values::Categorical { levels, codes } => {
            let mut builder = StringDictionaryBuilder::<Int32Type>::new();
            for code in codes {
                builder.append_option(code.map(|code| &levels.names()[code as usize]));
            }
            Arc::new(builder.finish())
        }
    }
}
