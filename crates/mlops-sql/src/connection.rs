//! The one way to both databases: a statement is carried out over a pool or in a transaction.

use futures_util::stream::{BoxStream, StreamExt};
use mlops_core::ports::{StoreError, StoreErrorKind};
use sqlx::mysql::MySqlPool;
use sqlx::sqlite::SqlitePool;

use crate::dialect::Dialect;
use crate::error::failed;
use crate::limit::Limit;
use crate::row::Row;
use crate::statement::Statement;

/// A pool of connections to one database.
#[derive(Debug, Clone)]
pub(crate) enum Connection {
    MySql { pool: MySqlPool, max_packet_bytes: usize, limit: Limit },
    Sqlite(SqlitePool),
}

impl Connection {
    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::MySql { .. } => Dialect::MySql,
            Self::Sqlite(_) => Dialect::Sqlite,
        }
    }

    /// Returns the same database, whose statements take as long as they need while it answers.
    pub(crate) fn while_it_lives(&self) -> Self {
        match self {
            Self::MySql { pool, max_packet_bytes, limit } => Self::MySql {
                pool: pool.clone(),
                max_packet_bytes: *max_packet_bytes,
                limit: limit.while_it_lives(pool),
            },
            Self::Sqlite(pool) => Self::Sqlite(pool.clone()),
        }
    }

    /// Carries out a statement that gives no rows. Returns the number of rows that it changed.
    pub(crate) async fn execute(&self, statement: Statement<'_>) -> Result<u64, StoreError> {
        debug_assert!(statement.names_its_model(), "{statement:?}");
        let done = match self {
            Self::MySql { pool, limit, .. } => {
                let done = limit.keep(statement.mysql().execute(pool)).await;
                done.map(|done| done.rows_affected())
            }
            Self::Sqlite(pool) => {
                statement.sqlite().execute(pool).await.map(|done| done.rows_affected())
            }
        };
        done.map_err(|error| statement.failed(error))
    }

    /// Returns all rows of a statement.
    pub(crate) async fn fetch(&self, statement: Statement<'_>) -> Result<Vec<Row>, StoreError> {
        debug_assert!(statement.names_its_model(), "{statement:?}");
        let rows = match self {
            Self::MySql { pool, limit, .. } => {
                let rows = limit.keep(statement.mysql().fetch_all(pool)).await;
                rows.map(|rows| Row::all(&statement, rows))
            }
            Self::Sqlite(pool) => {
                statement.sqlite().fetch_all(pool).await.map(|rows| Row::all(&statement, rows))
            }
        };
        rows.map_err(|error| statement.failed(error))
    }

    /// Returns the first row of a statement, if there is one.
    pub(crate) async fn first(&self, statement: Statement<'_>) -> Result<Option<Row>, StoreError> {
        Ok(self.fetch(statement).await?.into_iter().next())
    }

    /// Returns the one row of a statement over a whole table, such as `SELECT COUNT(*)`.
    pub(crate) async fn one(&self, statement: Statement<'_>) -> Result<Row, StoreError> {
        let table = statement.table();
        let row = self.first(statement).await?;
        row.ok_or_else(|| StoreError::new(StoreErrorKind::Other, format!("{table} gave no row")))
    }

    /// Returns the rows of a statement as the database sends them, so that memory stays flat.
    pub(crate) fn stream<'s>(
        &'s self,
        statement: Statement<'s>,
    ) -> BoxStream<'s, Result<Row, StoreError>> {
        debug_assert!(statement.names_its_model(), "{statement:?}");
        let table = statement.table();
        match self {
            Self::MySql { pool, limit, .. } => {
                let rows = limit.clone().keep_each(statement.mysql().fetch(pool));
                rows.map(move |row| match row {
                    Ok(row) => Ok(Row::new(&table, row)),
                    Err(error) => Err(statement.failed(error)),
                })
                .boxed()
            }
            Self::Sqlite(pool) => {
                let rows = statement.sqlite().fetch(pool);
                rows.map(move |row| match row {
                    Ok(row) => Ok(Row::new(&table, row)),
                    Err(error) => Err(statement.failed(error)),
                })
                .boxed()
            }
        }
    }

    /// Begins a transaction; in SQLite it holds the file's write lock from the start.
    pub(crate) async fn transaction(&self) -> Result<Transaction, StoreError> {
        let begun = match self {
            Self::MySql { pool, limit, .. } => {
                let begun = limit.keep(pool.begin()).await;
                begun.map(|transaction| Transaction::MySql(transaction, limit.clone()))
            }
            Self::Sqlite(pool) => pool.begin_with("BEGIN IMMEDIATE").await.map(Transaction::Sqlite),
        };
        begun.map_err(|error| failed("beginning a transaction", error))
    }
}

/// Statements that take effect together, at the commit. Dropping it takes them back.
pub(crate) enum Transaction {
    MySql(sqlx::Transaction<'static, sqlx::MySql>, Limit),
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
}

impl Transaction {
    /// As [`Connection::execute`].
    pub(crate) async fn execute(&mut self, statement: Statement<'_>) -> Result<u64, StoreError> {
        debug_assert!(statement.names_its_model(), "{statement:?}");
        let done = match self {
            Self::MySql(transaction, limit) => {
                let done = limit.keep(statement.mysql().execute(&mut **transaction)).await;
                done.map(|done| done.rows_affected())
            }
            Self::Sqlite(transaction) => {
                let done = statement.sqlite().execute(&mut **transaction).await;
                done.map(|done| done.rows_affected())
            }
        };
        done.map_err(|error| statement.failed(error))
    }

    /// As [`Connection::fetch`].
    pub(crate) async fn fetch(&mut self, statement: Statement<'_>) -> Result<Vec<Row>, StoreError> {
        debug_assert!(statement.names_its_model(), "{statement:?}");
        let rows = match self {
            Self::MySql(transaction, limit) => {
                let rows = limit.keep(statement.mysql().fetch_all(&mut **transaction)).await;
                rows.map(|rows| Row::all(&statement, rows))
            }
            Self::Sqlite(transaction) => {
                let rows = statement.sqlite().fetch_all(&mut **transaction).await;
                rows.map(|rows| Row::all(&statement, rows))
            }
        };
        rows.map_err(|error| statement.failed(error))
    }

    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        let committed = match self {
            Self::MySql(transaction, limit) => limit.keep(transaction.commit()).await,
            Self::Sqlite(transaction) => transaction.commit().await,
        };
        committed.map_err(|error| failed("committing a transaction", error))
    }

    pub(crate) async fn roll_back(self) -> Result<(), StoreError> {
        let taken_back = match self {
            Self::MySql(transaction, limit) => limit.keep(transaction.rollback()).await,
            Self::Sqlite(transaction) => transaction.rollback().await,
        };
        taken_back.map_err(|error| failed("rolling a transaction back", error))
    }
}
