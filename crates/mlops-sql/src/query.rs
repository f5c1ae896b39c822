//! The rows of any query as a table.

use futures_util::TryStreamExt;
use mlops_core::table::{Cell, Column, Kind, Table};
use sqlx::mysql::{MySqlPool, MySqlRow};
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{AssertSqlSafe, Column as _, Error, Row, TypeInfo, ValueRef};
use time::PrimitiveDateTime;

pub(crate) async fn of_mysql(pool: &MySqlPool, query: &str) -> Result<Table, Error> {
    let mut rows = sqlx::query(AssertSqlSafe(query.to_owned())).fetch(pool);
    let mut columns: Vec<Column> = Vec::new();
    while let Some(row) = rows.try_next().await? {
        if columns.is_empty() {
            columns = row
                .columns()
                .iter()
                .map(|column| Column::new(column.name(), mysql_kind(column)))
                .collect();
        }
        for (place, column) in columns.iter_mut().enumerate() {
            push_mysql(&row, place, column)?;
        }
    }
    Ok(Table { columns })
}

fn mysql_kind(column: &sqlx::mysql::MySqlColumn) -> Kind {
    match column.type_info().name() {
        "DATE" | "DATETIME" | "TIMESTAMP" => Kind::Date,
        "FLOAT" | "DOUBLE" | "DECIMAL" | "YEAR" | "BOOLEAN" => Kind::Numeric,
        name if name.contains("INT") => Kind::Numeric,
        _ => Kind::Categorical,
    }
}

fn push_mysql(row: &MySqlRow, place: usize, column: &mut Column) -> Result<(), Error> {
    let name = row.columns()[place].type_info().name();
    match name {
        "DATE" => {
            let date: Option<time::Date> = row.try_get(place)?;
            column.push(cell_of_time(date.map(|date| date.with_time(time::Time::MIDNIGHT))));
        }
        "DATETIME" => column.push(cell_of_time(row.try_get(place)?)),
        "TIMESTAMP" => {
            let time: Option<time::OffsetDateTime> = row.try_get(place)?;
            column.push(cell_of_time(
                time.map(|time| PrimitiveDateTime::new(time.date(), time.time())),
            ));
        }
        "DOUBLE" => column.push(cell_of_number(row.try_get(place)?)),
        // The number that was meant: as an f64, 0.1 of four bytes is 0.10000000149.
        "FLOAT" => match row.try_get::<Option<f32>, _>(place)? {
            Some(number) => column.push(Cell::Text(&number.to_string())),
            None => column.push(Cell::Missing),
        },
        name if name.ends_with("UNSIGNED") || name == "YEAR" => {
            let number: Option<u64> = row.try_get_unchecked(place)?;
            column.push(cell_of_number(number.map(|number| number as f64)));
        }
        name if name.contains("INT") || name == "BOOLEAN" => {
            let number: Option<i64> = row.try_get_unchecked(place)?;
            column.push(cell_of_number(number.map(|number| number as f64)));
        }
        _ => {
            let text: Option<String> = row.try_get_unchecked(place)?;
            column.push(text.as_deref().map_or(Cell::Missing, Cell::Text));
        }
    }
    Ok(())
}

/// A column has the kind of its first value; texts that are all dates are dates.
pub(crate) async fn of_sqlite(pool: &SqlitePool, query: &str) -> Result<Table, Error> {
    let mut rows = sqlx::query(AssertSqlSafe(query.to_owned())).fetch(pool);
    let mut columns: Vec<Column> = Vec::new();
    let mut is_settled: Vec<bool> = Vec::new();
    while let Some(row) = rows.try_next().await? {
        if columns.is_empty() {
            columns = row
                .columns()
                .iter()
                .map(|column| Column::new(column.name(), Kind::Numeric))
                .collect();
            is_settled = vec![false; columns.len()];
        }
        for (place, column) in columns.iter_mut().enumerate() {
            push_sqlite(&row, place, column, &mut is_settled[place])?;
        }
    }
    columns.iter_mut().for_each(settle_dates);
    Ok(Table { columns })
}

fn push_sqlite(
    row: &SqliteRow,
    place: usize,
    column: &mut Column,
    is_settled: &mut bool,
) -> Result<(), Error> {
    let value = row.try_get_raw(place)?;
    if value.is_null() {
        column.push(Cell::Missing);
        return Ok(());
    }
    let name = value.type_info().name().to_owned();
    let is_text = !matches!(name.as_str(), "INTEGER" | "REAL" | "BOOLEAN");
    if !std::mem::replace(is_settled, true) && is_text {
        *column =
            std::mem::replace(column, Column::new("", Kind::Numeric)).into_kind(Kind::Categorical);
    }
    match name.as_str() {
        "REAL" => column.push(Cell::Number(row.try_get_unchecked(place)?)),
        "INTEGER" | "BOOLEAN" => {
            column.push(Cell::Number(row.try_get_unchecked::<i64, _>(place)? as f64))
        }
        _ => {
            let text: String = row.try_get_unchecked(place)?;
            column.push(Cell::Text(&text));
        }
    }
    Ok(())
}

fn settle_dates(column: &mut Column) {
    if column.kind() == Kind::Categorical && column.len() > column.missing() {
        let times = column.times();
        if times.iter().filter(|time| time.is_none()).count() == column.missing() {
            let mut dates = Column::new(&column.name, Kind::Date);
            times.into_iter().for_each(|time| dates.push(time.map_or(Cell::Missing, Cell::Time)));
            *column = dates;
        }
    }
}

fn cell_of_number(number: Option<f64>) -> Cell<'static> {
    number.map_or(Cell::Missing, Cell::Number)
}

fn cell_of_time(time: Option<PrimitiveDateTime>) -> Cell<'static> {
    let microseconds =
        |time: PrimitiveDateTime| (time.assume_utc().unix_timestamp_nanos() / 1000) as i64;
    time.map_or(Cell::Missing, |time| Cell::Time(microseconds(time)))
}
