use std::str::FromStr;
use std::time::Duration;

use futures_util::stream::{BoxStream, StreamExt};
use jiff::Timestamp;
use mlops_core::address::DatabaseUrl;
use mlops_core::ports::{Inserted, LogStore, ShiftRun, StoreError, VerdictStore, Window};
use mlops_core::record::{LogRecord, to_sql_text};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Row};

use crate::error::failed;
use crate::insert::{distinct, placeholders, runs};
use crate::shift_rows::write_data_shift;

/// How long a writer waits for another process that holds the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(20);

/// The tables in one SQLite file.
#[derive(Debug, Clone)]
pub(crate) struct Sqlite {
    pool: SqlitePool,
}

impl Sqlite {
    /// Opens the file, and makes it with its tables if it is not there.
    pub(crate) async fn open(url: &DatabaseUrl) -> Result<Self, StoreError> {
        let doing = || format!("opening {url}");
        let options = SqliteConnectOptions::from_str(url.expose())
            .map_err(|error| failed(doing(), error))?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(BUSY_TIMEOUT)
            .disable_statement_logging();
        if let Some(folder) = options.get_filename().parent() {
            std::fs::create_dir_all(folder).map_err(|error| failed(doing(), error.into()))?;
        }
        // One writer at a time is all that the file allows.
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options)
            .await
            .map_err(|error| failed(doing(), error))?;
        let migrations = sqlx::migrate!("migrations/sqlite").run(&pool).await;
        migrations.map_err(|error| failed(doing(), error.into()))?;
        Ok(Self { pool })
    }

    async fn try_insert(&self, records: &[&LogRecord]) -> Result<u64, sqlx::Error> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let mut loaded = 0;
        for run in runs(records) {
            let insert = format!(
                "INSERT INTO model_logs (uid, logging_timestamp, input_output_payloads) VALUES {} \
                 ON CONFLICT (uid) DO NOTHING",
                placeholders(run.len(), 3)
            );
            let mut query = sqlx::query(AssertSqlSafe(insert));
            for record in run {
                query = query.bind(&record.uid).bind(to_sql_text(record.logging_timestamp)).bind(&record.payload);
            }
            loaded += query.execute(&mut *transaction).await?.rows_affected();
        }
        transaction.commit().await?;
        Ok(loaded)
    }

    async fn try_write(&self, run: &ShiftRun<'_>) -> Result<(), sqlx::Error> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        write_data_shift!(&mut transaction, run, to_sql_text);
        transaction.commit().await
    }
}

impl LogStore for Sqlite {
    async fn insert(&self, records: &[LogRecord]) -> Result<Inserted, StoreError> {
        let loaded =
            self.try_insert(&distinct(records)).await.map_err(|error| failed("writing to model_logs", error))?;
        Ok(Inserted { loaded, already_there: records.len() as u64 - loaded })
    }

    fn payloads(&self, window: Window) -> BoxStream<'_, Result<String, StoreError>> {
        let select = "SELECT input_output_payloads FROM model_logs \
                      WHERE logging_timestamp >= ? AND logging_timestamp < ?";
        sqlx::query(select)
            .bind(to_sql_text(window.from.unwrap_or(Timestamp::UNIX_EPOCH)))
            .bind(to_sql_text(window.to.unwrap_or(Timestamp::MAX)))
            .fetch(&self.pool)
            .map(|row| row.and_then(|row| row.try_get(0)).map_err(|error| failed("reading model_logs", error)))
            .boxed()
    }
}

impl VerdictStore for Sqlite {
    async fn write_data_shift(&self, run: ShiftRun<'_>) -> Result<(), StoreError> {
        self.try_write(&run).await.map_err(|error| failed("writing to data_shift", error))
    }
}
