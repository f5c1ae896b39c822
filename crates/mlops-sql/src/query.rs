//! The rows of any query as a table.

use futures_util::TryStreamExt;
use futures_util::stream::BoxStream;
use mlops_core::ports::{StoreError, StoreErrorKind};
use mlops_core::table::{self, Column, Kind, Rules, Table};
use sqlx::mysql::MySqlRow;
use sqlx::sqlite::SqlitePool;
use sqlx::{Column as _, Error, Row as _, TypeInfo};

use crate::connection::Connection;
use crate::error::failed_on;
use crate::row::{Cell, mysql_cell, sqlite_cell};
use crate::statement::{Statement, sql};

/// A longer query is cut in messages.
const SHOWN: usize = 200;

pub(crate) async fn table_of(
    connection: &Connection,
    query: &str,
    rules: &Rules,
) -> Result<Table, StoreError> {
    let statement = sql(query.to_owned());
    let read = match connection {
        Connection::MySql { pool, limit, .. } => {
            of_mysql(limit.clone().keep_each(statement.mysql().fetch(pool)), rules).await
        }
        Connection::Sqlite(pool) => of_sqlite(pool, &statement, rules).await,
    };
    let words = || {
        let mut words = query.split_whitespace().collect::<Vec<&str>>().join(" ");
        if let Some((end, _)) = words.char_indices().nth(SHOWN) {
            words.truncate(end);
            words.push('…');
        }
        words
    };
    let columns = read.map_err(|error| {
        failed_on(&statement.table(), format!("running the query `{}`", words()), error)
    })?;
    let read = columns.into_iter().map(|Unread { column, has_numbers }| {
        let name = column.name.clone();
        column.read_texts(rules, !has_numbers).map_err(|error| {
            let what = format!("the column `{name}` of the query `{}`", words());
            StoreError::caused(StoreErrorKind::Invalid, what, error)
        })
    });
    Ok(Table { columns: read.collect::<Result<Vec<Column>, StoreError>>()? })
}

/// A column, before it is known what its texts are.
struct Unread {
    column: Column,
    /// Whether some cells are numbers, though the column has texts.
    has_numbers: bool,
}

impl Unread {
    fn new(name: &str, kind: Kind, rules: &Rules) -> Self {
        let kind = if rules.is_levels(name) { Kind::Categorical } else { kind };
        Self { column: Column::new(name, kind), has_numbers: false }
    }
}

async fn of_mysql(
    mut rows: BoxStream<'_, Result<MySqlRow, Error>>,
    rules: &Rules,
) -> Result<Vec<Unread>, Error> {
    let mut columns: Vec<Unread> = Vec::new();
    while let Some(row) = rows.try_next().await? {
        if columns.is_empty() {
            let of = |column: &sqlx::mysql::MySqlColumn| {
                Unread::new(column.name(), mysql_kind(column.type_info().name()), rules)
            };
            columns = row.columns().iter().map(of).collect();
        }
        for (index, unread) in columns.iter_mut().enumerate() {
            push(&mut unread.column, mysql_cell(&row, index)?)?;
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

/// A column is numbers until its first text, which makes it texts.
async fn of_sqlite(
    pool: &SqlitePool,
    statement: &Statement<'_>,
    rules: &Rules,
) -> Result<Vec<Unread>, Error> {
    let mut rows = statement.sqlite().fetch(pool);
    let mut columns: Vec<Unread> = Vec::new();
    while let Some(row) = rows.try_next().await? {
        if columns.is_empty() {
            let of = |column: &sqlx::sqlite::SqliteColumn| {
                Unread::new(column.name(), Kind::Numeric, rules)
            };
            columns = row.columns().iter().map(of).collect();
        }
        for (index, Unread { column, has_numbers }) in columns.iter_mut().enumerate() {
            let cell = sqlite_cell(&row, index)?;
            let is_text = matches!(cell, Cell::Text(_) | Cell::Bytes(_));
            if is_text && column.kind() == Kind::Numeric {
                *has_numbers = column.missing() < column.len();
                let empty = Column::new("", Kind::Numeric);
                *column = std::mem::replace(column, empty).into_kind(Kind::Categorical);
            }
            *has_numbers |= column.kind() == Kind::Categorical
                && matches!(cell, Cell::Integer(_) | Cell::Float(_));
            push(column, cell)?;
        }
    }
    Ok(columns)
}

fn push(column: &mut Column, cell: Cell) -> Result<(), Error> {
    match cell {
        Cell::Null => column.push(table::Cell::Missing),
        Cell::Integer(integer) => column.push(table::Cell::Integer(integer)),
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
