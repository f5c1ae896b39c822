//! Rows that are read by the names of their columns. A NULL or a value of another type than the
//! caller expects is an error, which names the table and the column.

use std::sync::Arc;

use jiff::Timestamp;
use mlops_core::model_name::ModelName;
use mlops_core::ports::{StoreError, StoreErrorKind};
use mlops_core::timestamp::parse_utc;
use mlops_core::verdict::Verdict;
use sqlx::mysql::MySqlRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Error, Row as _, TypeInfo, ValueRef};
use time::{OffsetDateTime, PrimitiveDateTime};

use crate::statement::Statement;

/// One row of a statement.
#[derive(Debug)]
pub(crate) struct Row {
    table: Arc<str>,
    values: Values,
}

/// A row as its driver has it.
#[derive(Debug)]
pub(crate) enum Values {
    MySql(MySqlRow),
    Sqlite(SqliteRow),
}

/// One value of a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Null,
    Integer(i64),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    /// Microseconds since 1970 in UTC: MySQL has later times than [`Timestamp`].
    Time(i64),
}

/// A type that a column is read as.
pub(crate) trait FromCell: Sized {
    /// The type in the words of an error.
    const EXPECTED: &'static str;

    /// Returns nothing where the cell is not of this type.
    fn from_cell(cell: Cell) -> Option<Self>;
}

impl Row {
    pub(crate) fn new(table: &Arc<str>, values: impl Into<Values>) -> Self {
        Self { table: Arc::clone(table), values: values.into() }
    }

    pub(crate) fn all<V: Into<Values>>(statement: &Statement<'_>, rows: Vec<V>) -> Vec<Self> {
        let table = statement.table();
        rows.into_iter().map(|values| Self::new(&table, values)).collect()
    }

    /// Reads a column. A column that may be NULL is read as an `Option`.
    pub(crate) fn get<T: FromCell>(&self, column: &str) -> Result<T, StoreError> {
        let cell = match &self.values {
            Values::MySql(row) => mysql_cell(row, column),
            Values::Sqlite(row) => sqlite_cell(row, column),
        };
        let cell = cell.map_err(|error| {
            let message = format!("reading the column {}.{column}", self.table);
            StoreError::caused(StoreErrorKind::Invalid, message, error)
        })?;
        let found = cell.type_name();
        T::from_cell(cell)
            .ok_or_else(|| self.wrong(column, format!("expected {}, found {found}", T::EXPECTED)))
    }

    /// Reads a column whose texts are the names of known values.
    pub(crate) fn one_of<T: Copy>(
        &self,
        column: &str,
        known: &[T],
        name: fn(T) -> &'static str,
    ) -> Result<T, StoreError> {
        let text: String = self.get(column)?;
        known.iter().copied().find(|value| name(*value) == text).ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|value| name(*value)).collect();
            self.wrong(column, format!("unknown value `{text}`; known are {}", names.join(", ")))
        })
    }

    /// Reads the columns `verdict` and `why`.
    pub(crate) fn verdict(&self) -> Result<Verdict, StoreError> {
        let (name, why): (String, String) = (self.get("verdict")?, self.get("why")?);
        Verdict::from_name(&name, why).ok_or_else(|| {
            let known = "known are stable, shifted, inconclusive";
            self.wrong("verdict", format!("unknown value `{name}`; {known}"))
        })
    }

    /// The error of a value that does not belong into a column.
    pub(crate) fn wrong(&self, column: &str, what: impl AsRef<str>) -> StoreError {
        let message = format!("reading the column {}.{column}: {}", self.table, what.as_ref());
        StoreError::new(StoreErrorKind::Invalid, message)
    }
}

impl From<MySqlRow> for Values {
    fn from(row: MySqlRow) -> Self {
        Self::MySql(row)
    }
}

impl From<SqliteRow> for Values {
    fn from(row: SqliteRow) -> Self {
        Self::Sqlite(row)
    }
}

/// Reads a value of MySQL, by the column's name or index.
pub(crate) fn mysql_cell<I>(row: &MySqlRow, column: I) -> Result<Cell, Error>
where
    I: sqlx::ColumnIndex<MySqlRow> + Copy,
{
    let value = row.try_get_raw(column)?;
    if value.is_null() {
        return Ok(Cell::Null);
    }
    let type_info = value.type_info();
    Ok(match type_info.name() {
        "DOUBLE" => Cell::Float(row.try_get(column)?),
        // The decimal number that was meant: as an f64, 0.1 of four bytes is 0.10000000149.
        "FLOAT" => number(row.try_get::<f32, _>(column)?.to_string()),
        "DECIMAL" => number(row.try_get_unchecked(column)?),
        "DATETIME" => time(row.try_get::<PrimitiveDateTime, _>(column)?.assume_utc()),
        "TIMESTAMP" => time(row.try_get(column)?),
        "DATE" => time(row.try_get::<time::Date, _>(column)?.midnight().assume_utc()),
        name if name.ends_with("UNSIGNED") || name == "YEAR" => {
            let unsigned: u64 = row.try_get_unchecked(column)?;
            i64::try_from(unsigned).map_or_else(|_| Cell::Text(unsigned.to_string()), Cell::Integer)
        }
        name if name.contains("INT") || name == "BOOLEAN" => {
            Cell::Integer(row.try_get_unchecked(column)?)
        }
        name if name.contains("BINARY") || name.contains("BLOB") => {
            Cell::Bytes(row.try_get_unchecked(column)?)
        }
        name @ ("TIME" | "BIT" | "GEOMETRY") => {
            let message = format!("the type {name} is not supported. CAST it AS CHAR in the query");
            return Err(Error::Decode(message.into()));
        }
        _ => Cell::Text(row.try_get_unchecked(column)?),
    })
}

/// Reads a value of SQLite, by the column's name or index.
pub(crate) fn sqlite_cell<I>(row: &SqliteRow, column: I) -> Result<Cell, Error>
where
    I: sqlx::ColumnIndex<SqliteRow> + Copy,
{
    let value = row.try_get_raw(column)?;
    let type_info = value.type_info();
    Ok(match type_info.name() {
        _ if value.is_null() => Cell::Null,
        "REAL" => Cell::Float(row.try_get_unchecked(column)?),
        "INTEGER" | "BOOLEAN" => Cell::Integer(row.try_get_unchecked(column)?),
        "BLOB" => Cell::Bytes(row.try_get_unchecked(column)?),
        _ => Cell::Text(row.try_get_unchecked(column)?),
    })
}

/// A decimal number: an integer if it has no fraction, and its digits if it is a larger one.
fn number(text: String) -> Cell {
    match (text.parse(), text.parse()) {
        (Ok(integer), _) => Cell::Integer(integer),
        _ if text.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit()) => {
            Cell::Text(text)
        }
        (_, Ok(float)) => Cell::Float(float),
        _ => Cell::Text(text),
    }
}

fn time(time: OffsetDateTime) -> Cell {
    Cell::Time((time.unix_timestamp_nanos() / 1000) as i64)
}

impl Cell {
    fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "NULL",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a floating-point number",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
            Self::Time(_) => "a point in time",
        }
    }
}

impl FromCell for String {
    const EXPECTED: &'static str = "text";

    fn from_cell(cell: Cell) -> Option<Self> {
        match cell {
            Cell::Text(text) => Some(text),
            // MySQL's JSON functions give texts of the binary character set.
            Cell::Bytes(bytes) => Self::from_utf8(bytes).ok(),
            _ => None,
        }
    }
}

impl FromCell for ModelName {
    const EXPECTED: &'static str = "the name of a model";

    fn from_cell(cell: Cell) -> Option<Self> {
        String::from_cell(cell)?.parse().ok()
    }
}

impl FromCell for u64 {
    const EXPECTED: &'static str = "an integer that is not negative";

    fn from_cell(cell: Cell) -> Option<Self> {
        let Cell::Integer(integer) = cell else { return None };
        Self::try_from(integer).ok()
    }
}

impl FromCell for bool {
    const EXPECTED: &'static str = "0 or 1";

    fn from_cell(cell: Cell) -> Option<Self> {
        let Cell::Integer(integer @ (0 | 1)) = cell else { return None };
        Some(integer == 1)
    }
}

impl FromCell for f64 {
    const EXPECTED: &'static str = "a number";

    fn from_cell(cell: Cell) -> Option<Self> {
        match cell {
            Cell::Float(float) => Some(float),
            Cell::Integer(integer) => Some(integer as f64),
            _ => None,
        }
    }
}

impl FromCell for Timestamp {
    const EXPECTED: &'static str = "a point in time";

    fn from_cell(cell: Cell) -> Option<Self> {
        match cell {
            Cell::Time(microsecond) => Self::from_microsecond(microsecond).ok(),
            // SQLite has no type of its own for times.
            Cell::Text(text) => parse_utc(&text),
            _ => None,
        }
    }
}

impl FromCell for [u8; 16] {
    const EXPECTED: &'static str = "16 bytes";

    fn from_cell(cell: Cell) -> Option<Self> {
        let Cell::Bytes(bytes) = cell else { return None };
        bytes.try_into().ok()
    }
}

impl<T: FromCell> FromCell for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;

    fn from_cell(cell: Cell) -> Option<Self> {
        match cell {
            Cell::Null => Some(None),
            cell => T::from_cell(cell).map(Some),
        }
    }
}
