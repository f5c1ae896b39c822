use futures_util::stream::BoxStream;
use mlops_core::address::DatabaseUrl;
use mlops_core::ports::{Inserted, LogStore, ShiftRun, StoreError, StoreErrorKind, VerdictStore, Window};
use mlops_core::record::LogRecord;

use crate::mysql::MySql;
use crate::sqlite::Sqlite;

/// The tables in the database that an address names.
#[derive(Debug, Clone)]
pub struct Database(Driver);

#[derive(Debug, Clone)]
enum Driver {
    MySql(MySql),
    Sqlite(Sqlite),
}

impl Database {
    /// Connects. A SQLite file is made, with its tables, where there is none.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::Configuration`] for an address that is none, and what the server says.
    pub async fn connect(url: &DatabaseUrl) -> Result<Self, StoreError> {
        match url.expose().split_once("://") {
            Some(("mysql", _)) => Ok(Self(Driver::MySql(MySql::connect(url).await?))),
            Some(("sqlite", _)) => Ok(Self(Driver::Sqlite(Sqlite::open(url).await?))),
            _ => {
                let message = "the database address has neither the form mysql://USER:PASSWORD@HOST:PORT/DATABASE \
                               nor sqlite://PATH";
                Err(StoreError::new(StoreErrorKind::Configuration, message))
            }
        }
    }

    /// Makes the tables that are missing and brings the others up to date.
    ///
    /// # Errors
    ///
    /// What the server says; [`StoreErrorKind::Denied`] where the user may not create tables.
    pub async fn create_tables(&self) -> Result<(), StoreError> {
        match &self.0 {
            Driver::MySql(database) => database.create_tables().await,
            // Done when the file was opened.
            Driver::Sqlite(_) => Ok(()),
        }
    }
}

impl LogStore for Database {
    async fn insert(&self, records: &[LogRecord]) -> Result<Inserted, StoreError> {
        match &self.0 {
            Driver::MySql(database) => database.insert(records).await,
            Driver::Sqlite(database) => database.insert(records).await,
        }
    }

    fn payloads(&self, window: Window) -> BoxStream<'_, Result<String, StoreError>> {
        match &self.0 {
            Driver::MySql(database) => database.payloads(window),
            Driver::Sqlite(database) => database.payloads(window),
        }
    }
}

impl VerdictStore for Database {
    async fn write_data_shift(&self, run: ShiftRun<'_>) -> Result<(), StoreError> {
        match &self.0 {
            Driver::MySql(database) => database.write_data_shift(run).await,
            Driver::Sqlite(database) => database.write_data_shift(run).await,
        }
    }
}
