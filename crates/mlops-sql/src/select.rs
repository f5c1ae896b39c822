//! Rows of any statement with values, the same for both databases.

use jiff::Timestamp;
use mlops_core::timestamp::{parse_utc, to_sql_text};
use sqlx::mysql::MySqlRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Column, Error, Row as _, TypeInfo, ValueRef};
use time::{OffsetDateTime, PrimitiveDateTime};

use crate::mysql::datetime;

/// A value in the place of a statement's `?`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bind<'a> {
    Text(&'a str),
    Time(Timestamp),
}

/// What a row has in one place.
#[derive(Debug, Clone, PartialEq)]
enum Cell {
    Nothing,
    Number(f64),
    Text(String),
    Time(Timestamp),
}

/// One row, read by place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row(Vec<Cell>);

impl Row {
    pub(crate) fn number(&self, place: usize) -> Option<f64> {
        match self.0.get(place) {
            Some(Cell::Number(number)) => Some(*number),
            // MySQL's exact numbers come as texts.
            Some(Cell::Text(text)) => text.parse().ok(),
            _ => None,
        }
    }

    pub(crate) fn count(&self, place: usize) -> u64 {
        self.number(place).map_or(0, |number| number as u64)
    }

    pub(crate) fn is_true(&self, place: usize) -> bool {
        self.number(place).is_some_and(|number| number != 0.0)
    }

    pub(crate) fn text(&self, place: usize) -> String {
        self.maybe_text(place).unwrap_or_default()
    }

    pub(crate) fn maybe_text(&self, place: usize) -> Option<String> {
        match self.0.get(place) {
            Some(Cell::Text(text)) => Some(text.clone()),
            Some(Cell::Number(number)) => Some(number.to_string()),
            Some(Cell::Time(time)) => Some(to_sql_text(*time)),
            Some(Cell::Nothing) | None => None,
        }
    }

    pub(crate) fn maybe_time(&self, place: usize) -> Option<Timestamp> {
        match self.0.get(place) {
            Some(Cell::Time(time)) => Some(*time),
            // SQLite has no type of its own for times.
            Some(Cell::Text(text)) => parse_utc(text),
            _ => None,
        }
    }

    /// A time in a column that always has one.
    pub(crate) fn time(&self, place: usize) -> Timestamp {
        self.maybe_time(place).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

pub(crate) async fn of_mysql<'e, E>(
    executor: E,
    statement: &str,
    binds: &[Bind<'_>],
) -> Result<Vec<Row>, Error>
where
    E: sqlx::Executor<'e, Database = sqlx::MySql>,
{
    let mut query = sqlx::query(AssertSqlSafe(statement.to_owned()));
    for bind in binds {
        query = match *bind {
            Bind::Text(text) => query.bind(text.to_owned()),
            Bind::Time(time) => query.bind(datetime(time)),
        };
    }
    query.fetch_all(executor).await?.iter().map(row_of_mysql).collect()
}

fn row_of_mysql(row: &MySqlRow) -> Result<Row, Error> {
    let cells = row.columns().iter().enumerate().map(|(place, column)| {
        if row.try_get_raw(place)?.is_null() {
            return Ok(Cell::Nothing);
        }
        Ok(match column.type_info().name() {
            "DOUBLE" => Cell::Number(row.try_get(place)?),
            "DATETIME" => time_cell(row.try_get::<PrimitiveDateTime, _>(place)?.assume_utc()),
            "TIMESTAMP" => time_cell(row.try_get::<OffsetDateTime, _>(place)?),
            name if name.ends_with("UNSIGNED") => {
                Cell::Number(row.try_get_unchecked::<u64, _>(place)? as f64)
            }
            name if name.contains("INT") || name == "BOOLEAN" => {
                Cell::Number(row.try_get_unchecked::<i64, _>(place)? as f64)
            }
            _ => Cell::Text(row.try_get_unchecked(place)?),
        })
    });
    cells.collect::<Result<Vec<Cell>, Error>>().map(Row)
}

pub(crate) async fn of_sqlite<'e, E>(
    executor: E,
    statement: &str,
    binds: &[Bind<'_>],
) -> Result<Vec<Row>, Error>
where
    E: sqlx::Executor<'e, Database = sqlx::Sqlite>,
{
    let mut query = sqlx::query(AssertSqlSafe(statement.to_owned()));
    for bind in binds {
        query = match *bind {
            Bind::Text(text) => query.bind(text.to_owned()),
            Bind::Time(time) => query.bind(to_sql_text(time)),
        };
    }
    query.fetch_all(executor).await?.iter().map(row_of_sqlite).collect()
}

fn row_of_sqlite(row: &SqliteRow) -> Result<Row, Error> {
    let cells = (0..row.columns().len()).map(|place| {
        let value = row.try_get_raw(place)?;
        if value.is_null() {
            return Ok(Cell::Nothing);
        }
        let name = value.type_info().name().to_owned();
        Ok(match name.as_str() {
            "REAL" => Cell::Number(row.try_get_unchecked(place)?),
            "INTEGER" | "BOOLEAN" => Cell::Number(row.try_get_unchecked::<i64, _>(place)? as f64),
            _ => Cell::Text(row.try_get_unchecked(place)?),
        })
    });
    cells.collect::<Result<Vec<Cell>, Error>>().map(Row)
}

fn time_cell(time: OffsetDateTime) -> Cell {
    Timestamp::from_nanosecond(time.unix_timestamp_nanos()).map_or(Cell::Nothing, Cell::Time)
}
