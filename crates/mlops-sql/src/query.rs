//! The rows of any query as a table.

use futures_util::TryStreamExt;
use futures_util::stream::BoxStream;
use mlops_core::ports::StoreError;
use mlops_core::table::{self, Column, Kind, Table};
use sqlx::mysql::MySqlRow;
use sqlx::sqlite::SqlitePool;
use sqlx::{Column as _, Error, Row as _, TypeInfo};

use crate::connection::Connection;
use crate::error::failed_on;
use crate::row::{Cell, mysql_cell, sqlite_cell};
use crate::statement::{Statement, sql};

/// A longer query is cut in messages.
const SHOWN: usize = 200;

pub(crate) async fn table_of(connection: &Connection, query: &str) -> Result<Table, StoreError> {
    let statement = sql(query.to_owned());
    let read = match connection {
        Connection::MySql { pool, limit, .. } => {
            of_mysql(limit.clone().keep_each(statement.mysql().fetch(pool))).await
        }
        Connection::Sqlite(pool) => of_sqlite(pool, &statement).await,
    };
    let columns = read.map_err(|error| {
        let mut words = query.split_whitespace().collect::<Vec<&str>>().join(" ");
        if let Some((end, _)) = words.char_indices().nth(SHOWN) {
            words.truncate(end);
            words.push('…');
        }
        failed_on(&statement.table(), format!("running the query `{words}`"), error)
    })?;
    Ok(Table { columns })
}

async fn of_mysql(mut rows: BoxStream<'_, Result<MySqlRow, Error>>) -> Result<Vec<Column>, Error> {
    let mut columns: Vec<Column> = Vec::new();
    while let Some(row) = rows.try_next().await? {
        if columns.is_empty() {
            let of = |column: &sqlx::mysql::MySqlColumn| {
                Column::new(column.name(), mysql_kind(column.type_info().name()))
            };
            columns = row.columns().iter().map(of).collect();
        }
        for (index, column) in columns.iter_mut().enumerate() {
            push(column, mysql_cell(&row, index)?)?;
        }
    }
    Ok(columns)
}

fn mysql_kind(name: &str) -> Kind {
    match name {
        "DATE" | "DATETIME" | "TIMESTAMP" => Kind::Date,
        "FLOAT" | "DOUBLE" | "DECIMAL" | "YEAR" | "BOOLEAN" => Kind::Numeric,
        name if name.contains("INT") => Kind::Numeric,
        _ => Kind::Categorical,
    }
}

/// A column has the kind of its first value; texts that are all dates are dates.
async fn of_sqlite(pool: &SqlitePool, statement: &Statement<'_>) -> Result<Vec<Column>, Error> {
    let mut rows = statement.sqlite().fetch(pool);
    let mut columns: Vec<Column> = Vec::new();
    let mut is_settled: Vec<bool> = Vec::new();
    while let Some(row) = rows.try_next().await? {
        if columns.is_empty() {
            let of =
                |column: &sqlx::sqlite::SqliteColumn| Column::new(column.name(), Kind::Numeric);
            columns = row.columns().iter().map(of).collect();
            is_settled = vec![false; columns.len()];
        }
        for (index, column) in columns.iter_mut().enumerate() {
            let cell = sqlite_cell(&row, index)?;
            let is_text = matches!(cell, Cell::Text(_) | Cell::Bytes(_));
            if cell != Cell::Null && !std::mem::replace(&mut is_settled[index], true) && is_text {
                let empty = Column::new("", Kind::Numeric);
                *column = std::mem::replace(column, empty).into_kind(Kind::Categorical);
            }
            push(column, cell)?;
        }
    }
    columns.iter_mut().for_each(settle_dates);
    Ok(columns)
}

fn push(column: &mut Column, cell: Cell) -> Result<(), Error> {
    match cell {
        Cell::Null => column.push(table::Cell::Missing),
        Cell::Integer(integer) => column.push(table::Cell::Number(integer as f64)),
        Cell::Float(float) => column.push(table::Cell::Number(float)),
        Cell::Text(text) => column.push(table::Cell::Text(&text)),
        Cell::Time(time) => column.push(table::Cell::Time(time)),
        Cell::Bytes(bytes) => {
            let text = String::from_utf8(bytes).map_err(|_| {
                let message = format!("the column {} has bytes that are not text", column.name);
                Error::Decode(message.into())
            })?;
            column.push(table::Cell::Text(&text));
        }
    }
    Ok(())
}

fn settle_dates(column: &mut Column) {
    if column.kind() == Kind::Categorical && column.len() > column.missing() {
        let times = column.times();
        if times.iter().filter(|time| time.is_none()).count() == column.missing() {
            let mut dates = Column::new(&column.name, Kind::Date);
            let cell = |time: Option<i64>| time.map_or(table::Cell::Missing, table::Cell::Time);
            times.into_iter().for_each(|time| dates.push(cell(time)));
            *column = dates;
        }
    }
}
