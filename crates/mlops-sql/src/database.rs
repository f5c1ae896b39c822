use mlops_core::address::DatabaseUrl;
use mlops_core::ports::StoreError;
use mlops_core::table::{Rules, Table};

use crate::connection::Connection;
use crate::error::failed;
use crate::{migrate, query};

/// The tables in the database that an address names.
#[derive(Debug, Clone)]
pub struct Database(pub(crate) Connection);

impl Database {
    /// Connects. A SQLite file is created, with its tables, if it does not exist.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::Configuration`](mlops_core::ports::StoreErrorKind::Configuration) for an
    /// address that is none, and what the server says.
    pub async fn connect(url: &DatabaseUrl) -> Result<Self, StoreError> {
        Connection::open(url).await.map(Self)
    }

    /// Creates the tables that are missing and brings the others up to date. In SQLite this is
    /// already done when the file is opened.
    ///
    /// # Errors
    ///
    /// What the server says; [`StoreErrorKind::Denied`](mlops_core::ports::StoreErrorKind::Denied)
    /// where the user may not create tables.
    pub async fn create_tables(&self) -> Result<(), StoreError> {
        let Connection::MySql { pool, limit, .. } = &self.0 else { return Ok(()) };
        let run = limit.while_it_lives(pool).keep(migrate::mysql(pool)).await;
        run.map_err(|error| failed("creating the tables", error))
    }

    /// Returns the same database for statements that may take hours. They end early only where the
    /// server answers nothing else either.
    #[must_use]
    pub fn for_long_statements(&self) -> Self {
        Self(self.0.while_it_lives())
    }

    /// Returns the rows of a query. MySQL's columns have a type; in SQLite, a column has the type of
    /// its values. Texts are read by `rules`.
    ///
    /// # Errors
    ///
    /// What the server says of the query, and a column that is neither numbers, times nor text.
    pub async fn query(&self, query: &str, rules: &Rules) -> Result<Table, StoreError> {
        query::table_of(&self.0, query, rules).await
    }

    /// Returns the query for all rows of a table, which may be written as `DATABASE.TABLE`.
    pub fn select_all(&self, table: &str) -> String {
        format!("SELECT * FROM {}", self.0.dialect().quoted(table))
    }
}
