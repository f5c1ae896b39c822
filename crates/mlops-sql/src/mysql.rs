use std::collections::{HashMap, HashSet};
use std::time::Duration;

use futures_util::stream::{BoxStream, StreamExt, TryStreamExt};
use jiff::Timestamp;
use mlops_core::address::{DatabaseUrl, MySqlAddress};
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
use sqlx::mysql::{MySqlPool, MySqlPoolOptions, MySqlRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, Row};
use time::{OffsetDateTime, PrimitiveDateTime};

use crate::alert_statements::alert_statements;
use crate::concept_rows::write_concept_shift;
use crate::connect_options::options;
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

const MAX_CONNECTIONS: u32 = 8;
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(20);

/// A statement has not many more bytes, so that the server answers within a fraction of a second.
const STATEMENT_BYTES: usize = 4 << 20;

/// What a packet has beside the payload: the uid, the time, and the protocol's own.
const PACKET_MARGIN_BYTES: usize = 4 << 10;

/// The tables in MySQL.
#[derive(Debug, Clone)]
pub(crate) struct MySql {
    pool: MySqlPool,
    max_packet_bytes: usize,
}

impl MySql {
    pub(crate) async fn connect(
        url: &DatabaseUrl,
        address: &MySqlAddress,
    ) -> Result<Self, StoreError> {
        Self::connect_with(url, address, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
            .await
    }

    /// Connects so that nothing can be written, whatever the user may.
    pub(crate) async fn connect_to_read(
        url: &DatabaseUrl,
        address: &MySqlAddress,
    ) -> Result<Self, StoreError> {
        Self::connect_with(
            url,
            address,
            "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY",
        )
        .await
    }

    async fn connect_with(
        url: &DatabaseUrl,
        address: &MySqlAddress,
        session: &'static str,
    ) -> Result<Self, StoreError> {
        let doing = || format!("connecting to {url}");
        let options = options(address)?.disable_statement_logging();
        // The pool would try for its whole timeout and then say only that it timed out.
        let mut first = options.connect().await.map_err(|error| failed(doing(), error))?;
        let packet =
            sqlx::query_scalar::<_, u64>("SELECT @@max_allowed_packet").fetch_one(&mut first).await;
        let max_packet_bytes = packet.map_err(|error| failed(doing(), error))? as usize;
        first.close().await.map_err(|error| failed(doing(), error))?;
        let pool = MySqlPoolOptions::new()
            .max_connections(MAX_CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            // Without gap locks two writers of different rows do not meet.
            .after_connect(move |connection, _| {
                Box::pin(async move { connection.execute(session).await.map(drop) })
            });
        Ok(Self { pool: pool.connect_lazy_with(options), max_packet_bytes })
    }

    pub(crate) async fn create_tables(&self) -> Result<(), StoreError> {
        let migrations = sqlx::migrate!("migrations/mysql").run(&self.pool).await;
        migrations.map_err(|error| failed("creating the tables", error.into()))
    }

    pub(crate) async fn query(&self, query: &str) -> Result<Table, StoreError> {
        let rows = query::of_mysql(&self.pool, query).await;
        rows.map_err(|error| failed(format!("running the query `{query}`"), error))
    }

    pub(crate) const ROLLUP: RollupStatements = rollup::MYSQL;

    async fn begin(&self) -> Result<sqlx::Transaction<'static, sqlx::MySql>, sqlx::Error> {
        self.pool.begin().await
    }

    fn time(timestamp: Timestamp) -> PrimitiveDateTime {
        datetime(timestamp)
    }

    fn read_time(row: &MySqlRow, index: usize) -> Result<Option<Timestamp>, sqlx::Error> {
        let time: Option<PrimitiveDateTime> = row.try_get(index)?;
        let nanosecond = time.map(|time| time.assume_utc().unix_timestamp_nanos());
        nanosecond
            .map(Timestamp::from_nanosecond)
            .transpose()
            .map_err(|error| sqlx::Error::Decode(error.into()))
    }

    /// A row that is there already stays; the driver counts it as written, so that nobody counts by
    /// it.
    const UNCHANGED: &str = "ON DUPLICATE KEY UPDATE partition_key = partition_key";

    fn statements<'r>(&self, records: &'r [&'r LogRecord]) -> Vec<&'r [&'r LogRecord]> {
        statements(records, STATEMENT_BYTES.min(self.max_packet_bytes / 2))
    }

    fn too_large(&self, record: &LogRecord) -> Option<String> {
        let bytes = record.payload.len() + PACKET_MARGIN_BYTES;
        (bytes > self.max_packet_bytes).then(|| {
            let limit = self.max_packet_bytes;
            format!("the record has {bytes} bytes and the server's max_allowed_packet is {limit}; raise it there")
        })
    }

    /// Keeps others from making a request until the transaction ends.
    const LOCK_GATE: Option<&str> = Some("SELECT id FROM retrain_gate WHERE id = 1 FOR UPDATE");

    /// Keeps others from counting texts until the transaction ends.
    const LOCK_ALERTS: Option<&str> = Some("SELECT id FROM alert_gate WHERE id = 1 FOR UPDATE");

    const JSON: JsonWords = JsonWords {
        number: "CASE WHEN JSON_TYPE(JSON_EXTRACT(input_output_payloads, ?)) IN ('INTEGER', 'UNSIGNED INTEGER', 'DOUBLE', 'DECIMAL') \
                 THEN JSON_EXTRACT(input_output_payloads, ?) + 0E0 END",
        number_paths: 2,
        text: "CASE WHEN JSON_TYPE(JSON_EXTRACT(input_output_payloads, ?)) <> 'NULL' \
               THEN JSON_UNQUOTE(JSON_EXTRACT(input_output_payloads, ?)) END",
        text_paths: 2,
        floor: ["FLOOR(", ")"],
    };

    const MISSING_INPUTS: &str = "SELECT AVG(CASE WHEN v IS NULL OR JSON_TYPE(v) = 'NULL' THEN 1E0 ELSE 0E0 END), COUNT(DISTINCT uid) \
         FROM model_logs, JSON_TABLE(input_output_payloads, '$.input.*' COLUMNS (v JSON PATH '$')) AS inputs \
         WHERE logging_timestamp >= ? AND logging_timestamp < ?";

    /// A text that JSON functions made, which the driver takes for bytes.
    fn text_at(row: &MySqlRow, index: usize) -> Result<String, sqlx::Error> {
        row.try_get_unchecked(index)
    }

    fn window_from(window: Window) -> PrimitiveDateTime {
        datetime(window.from.unwrap_or(Timestamp::UNIX_EPOCH))
    }

    fn window_to(window: Window) -> PrimitiveDateTime {
        datetime(window.to.unwrap_or(Timestamp::MAX))
    }

    fn request(row: &MySqlRow) -> Result<LoggedRequest, sqlx::Error> {
        let logging_timestamp = Self::read_time(row, 1)?.unwrap_or(Timestamp::UNIX_EPOCH);
        Ok(LoggedRequest { logging_timestamp, payload: row.try_get(0)? })
    }

    async fn try_write(&self, run: &ShiftRun<'_>) -> Result<(), sqlx::Error> {
        let mut transaction = self.pool.begin().await?;
        write_data_shift!(&mut transaction, run, datetime);
        transaction.commit().await
    }

    async fn try_write_concept(&self, run: &ConceptRun<'_>) -> Result<(), sqlx::Error> {
        let mut transaction = self.begin().await?;
        write_concept_shift!(&mut transaction, run, datetime);
        transaction.commit().await
    }

    async fn try_write_performance(&self, run: &PerformanceRun<'_>) -> Result<(), sqlx::Error> {
        let mut transaction = self.begin().await?;
        write_performance!(&mut transaction, run, datetime);
        transaction.commit().await
    }
}

etl_statements!(MySql, sqlx::MySql);
watermark_statements!(MySql);
model_statements!(MySql);
outcome_statements!(MySql);
retrain_statements!(MySql, sqlx::MySqlConnection, MySqlRow);
alert_statements!(MySql, sqlx::MySqlConnection, MySqlRow);
metric_statements!(MySql, MySqlRow);
select_statements!(MySql, select::of_mysql);

impl LogStore for MySql {
    fn requests(&self, window: Window) -> BoxStream<'_, Result<LoggedRequest, StoreError>> {
        // A JSON column has no text of its own; the cast gives it one.
        let select = "SELECT CAST(input_output_payloads AS CHAR), logging_timestamp FROM model_logs \
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

impl VerdictStore for MySql {
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

/// `DATETIME(6)` in UTC, which is the session's time zone.
pub(crate) fn datetime(timestamp: Timestamp) -> PrimitiveDateTime {
    let utc = OffsetDateTime::from_unix_timestamp_nanos(timestamp.as_nanosecond())
        .expect("a jiff timestamp is within the years that time has");
    PrimitiveDateTime::new(utc.date(), utc.time())
}
