use std::collections::{HashMap, HashSet};
use std::str::FromStr;
use std::time::Duration;

use futures_util::stream::{BoxStream, StreamExt, TryStreamExt};
use jiff::Timestamp;
use mlops_core::address::DatabaseUrl;
use mlops_core::etl::{
    Batch, Commit, EndedObject, EtlStore, Lease, PartitionState, Settled, Watermark,
};
use mlops_core::etl::{Listing, ObjectId, Totals};
use mlops_core::outcomes::Outcome;
use mlops_core::ports::{
    LogStore, LoggedRequest, ModelRecord, ModelStore, OutcomeStore, Release, RetrainHistory,
    RetrainRequest, RetrainStatus, RetrainStore, StandingRequest, StoreError,
};
use mlops_core::record::Fingerprint;
use mlops_core::record::LogRecord;
use mlops_core::table::Table;
use mlops_core::timestamp::{parse_utc, to_sql_text};
use mlops_core::window::Window;
use mlops_detect::store::{ConceptRun, PerformanceRun, ShiftRun, VerdictStore};
use mlops_record::payload_fingerprint;
use mlops_rules::{
    AlertState, EtlDay, Histogram, Measure, Measured, Monitor, MonitorVerdict, Severity,
};
use mlops_rules::{
    AlertStore, KeptAlert, MessageLimit, MessageOutcome, MessageStatus, MetricStore, OutboxMessage,
    Taken, WaitingMessage,
};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, ConnectOptions, Row};

use crate::alert_statements::alert_statements;
use crate::concept_rows::write_concept_shift;
use crate::error::{failed, is_conflict};
use crate::etl_statements::{
    SELECT_PARTITION, SETTLED_AT_ONCE, by_partition, etl_statements, partition_key,
};
use crate::insert::{placeholders, runs, statements};
use crate::metric_statements::{JsonWords, metric_statements};
use crate::model_statements::model_statements;
use crate::monitor_queries::{latest_query, monitor_query, verdict_of};
use crate::outcome_statements::outcome_statements;
use crate::performance_rows::write_performance;
use crate::query;
use crate::retrain_statements::retrain_statements;
use crate::rollup::{self, RollupStatements};
use crate::select::{self, Bind};
use crate::select_statements::select_statements;
use crate::shift_rows::write_data_shift;
use crate::watermark_statements::{
    ADVANCE_COLUMNS, changed_one, lag_seconds, watermark_statements,
};

/// How long a writer waits for another process that holds the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(20);

/// Readers of one process, which hold up neither each other nor a writer.
const READERS: u32 = 4;

/// A statement has not many more bytes, which SQLite holds in memory.
const STATEMENT_BYTES: usize = 4 << 20;

/// The tables in one SQLite file.
#[derive(Debug, Clone)]
pub(crate) struct Sqlite {
    pool: SqlitePool,
}

impl Sqlite {
    /// Opens the file, and makes it with its tables if it is not there.
    pub(crate) async fn open(url: &DatabaseUrl, text: &str) -> Result<Self, StoreError> {
        let doing = || format!("opening {url}");
        let options = SqliteConnectOptions::from_str(text)
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

    /// Opens the file as it is, so that nothing can be written.
    pub(crate) async fn open_to_read(url: &DatabaseUrl, text: &str) -> Result<Self, StoreError> {
        let doing = || format!("opening {url}");
        let options = SqliteConnectOptions::from_str(text)
            .map_err(|error| failed(doing(), error))?
            .read_only(true)
            .busy_timeout(BUSY_TIMEOUT)
            .disable_statement_logging();
        let pool = SqlitePoolOptions::new().max_connections(READERS).connect_with(options).await;
        Ok(Self { pool: pool.map_err(|error| failed(doing(), error))? })
    }

    pub(crate) const ROLLUP: RollupStatements = rollup::SQLITE;

    pub(crate) async fn query(&self, query: &str) -> Result<Table, StoreError> {
        let rows = query::of_sqlite(&self.pool, query).await;
        rows.map_err(|error| failed(format!("running the query `{query}`"), error))
    }

    async fn begin(&self) -> Result<sqlx::Transaction<'static, sqlx::Sqlite>, sqlx::Error> {
        self.pool.begin_with("BEGIN IMMEDIATE").await
    }

    fn time(timestamp: Timestamp) -> String {
        to_sql_text(timestamp)
    }

    fn read_time(row: &SqliteRow, index: usize) -> Result<Option<Timestamp>, sqlx::Error> {
        let text: Option<String> = row.try_get(index)?;
        Ok(text.as_deref().and_then(parse_utc))
    }

    const UNCHANGED: &str = "ON CONFLICT DO NOTHING";

    fn statements<'r>(&self, records: &'r [&'r LogRecord]) -> Vec<&'r [&'r LogRecord]> {
        statements(records, STATEMENT_BYTES)
    }

    /// A row may have a gigabyte, and a record never has.
    fn too_large(&self, _record: &LogRecord) -> Option<String> {
        None
    }

    /// Keeps others from making a request until the transaction ends; SQLite has one writer anyway.
    const LOCK_GATE: Option<&str> = None;

    /// Keeps others from counting texts; SQLite has one writer anyway.
    const LOCK_ALERTS: Option<&str> = None;

    const JSON: JsonWords = JsonWords {
        number: "CASE WHEN json_valid(input_output_payloads) AND json_type(input_output_payloads, ?) IN ('integer', 'real') \
                 THEN json_extract(input_output_payloads, ?) * 1.0 END",
        number_paths: 2,
        // The type tells `true` from 1, which the value does not.
        text: "CASE WHEN json_valid(input_output_payloads) THEN CASE json_type(input_output_payloads, ?) WHEN 'null' THEN NULL \
               WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE CAST(json_extract(input_output_payloads, ?) AS TEXT) END END",
        text_paths: 2,
        floor: ["CAST(", " AS INTEGER)"],
    };

    const MISSING_INPUTS: &str = "SELECT AVG(CASE WHEN inputs.type = 'null' THEN 1.0 ELSE 0.0 END), COUNT(DISTINCT uid) \
         FROM model_logs, json_each(CASE WHEN json_valid(input_output_payloads) THEN input_output_payloads ELSE '{}' END, '$.input') \
         AS inputs WHERE logging_timestamp >= ? AND logging_timestamp < ?";

    fn text_at(row: &SqliteRow, index: usize) -> Result<String, sqlx::Error> {
        row.try_get(index)
    }

    fn window_from(window: Window) -> String {
        to_sql_text(window.from.unwrap_or(Timestamp::UNIX_EPOCH))
    }

    fn window_to(window: Window) -> String {
        to_sql_text(window.to.unwrap_or(Timestamp::MAX))
    }

    fn request(row: &SqliteRow) -> Result<LoggedRequest, sqlx::Error> {
        let logging_timestamp = Self::read_time(row, 1)?.unwrap_or(Timestamp::UNIX_EPOCH);
        Ok(LoggedRequest { logging_timestamp, payload: row.try_get(0)? })
    }

    async fn try_write(&self, run: &ShiftRun<'_>) -> Result<(), sqlx::Error> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        write_data_shift!(&mut transaction, run, to_sql_text);
        transaction.commit().await
    }

    async fn try_write_concept(&self, run: &ConceptRun<'_>) -> Result<(), sqlx::Error> {
        let mut transaction = self.begin().await?;
        write_concept_shift!(&mut transaction, run, to_sql_text);
        transaction.commit().await
    }

    async fn try_write_performance(&self, run: &PerformanceRun<'_>) -> Result<(), sqlx::Error> {
        let mut transaction = self.begin().await?;
        write_performance!(&mut transaction, run, to_sql_text);
        transaction.commit().await
    }
}

etl_statements!(Sqlite, sqlx::Sqlite);
watermark_statements!(Sqlite);
model_statements!(Sqlite);
outcome_statements!(Sqlite);
retrain_statements!(Sqlite, sqlx::SqliteConnection, SqliteRow);
alert_statements!(Sqlite, sqlx::SqliteConnection, SqliteRow);
metric_statements!(Sqlite, SqliteRow);
select_statements!(Sqlite, select::of_sqlite);

impl LogStore for Sqlite {
    fn requests(&self, window: Window) -> BoxStream<'_, Result<LoggedRequest, StoreError>> {
        let select = "SELECT input_output_payloads, logging_timestamp FROM model_logs \
                      WHERE logging_timestamp >= ? AND logging_timestamp < ?";
        sqlx::query(select)
            .bind(Self::window_from(window))
            .bind(Self::window_to(window))
            .fetch(&self.pool)
            .map(|row| {
                row.and_then(|row| Self::request(&row))
                    .map_err(|error| failed("reading model_logs", error))
            })
            .boxed()
    }
}

impl VerdictStore for Sqlite {
    async fn write_data_shift(&self, run: ShiftRun<'_>) -> Result<(), StoreError> {
        self.try_write(&run).await.map_err(|error| failed("writing to data_shift", error))
    }

    async fn write_concept_shift(&self, run: ConceptRun<'_>) -> Result<(), StoreError> {
        self.try_write_concept(&run)
            .await
            .map_err(|error| failed("writing to concept_shift", error))
    }

    async fn write_performance(&self, run: PerformanceRun<'_>) -> Result<(), StoreError> {
        self.try_write_performance(&run)
            .await
            .map_err(|error| failed("writing to performance", error))
    }
}
