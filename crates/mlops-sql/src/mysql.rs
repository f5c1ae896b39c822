use std::collections::HashSet;
use std::str::FromStr;
use std::time::Duration;

use futures_util::stream::{BoxStream, StreamExt};
use jiff::Timestamp;
use mlops_core::address::DatabaseUrl;
use mlops_core::ports::{Inserted, LogStore, ShiftRun, StoreError, VerdictStore, Window};
use mlops_core::record::LogRecord;
use sqlx::mysql::{MySqlConnectOptions, MySqlPool, MySqlPoolOptions, MySqlSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};
use time::{OffsetDateTime, PrimitiveDateTime};

use crate::error::{failed, is_conflict};
use crate::insert::{distinct, placeholders, runs};
use crate::shift_rows::write_data_shift;

const MAX_CONNECTIONS: u32 = 8;
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(20);

/// A transaction that met another's rows or locks is run this often in all, which takes up to ten seconds.
const ATTEMPTS: u32 = 9;

/// The tables in MySQL.
#[derive(Debug, Clone)]
pub(crate) struct MySql {
    pool: MySqlPool,
}

impl MySql {
    pub(crate) async fn connect(url: &DatabaseUrl) -> Result<Self, StoreError> {
        let doing = || format!("connecting to {url}");
        let options = MySqlConnectOptions::from_str(url.expose()).map_err(|error| failed(doing(), error))?;
        let chosen = ["ssl-mode=", "sslmode="].iter().any(|name| url.expose().to_ascii_lowercase().contains(name));
        let options = match chosen || is_this_machine(options.get_host()) {
            true => options,
            false => options.ssl_mode(MySqlSslMode::Required),
        };
        let options = options.disable_statement_logging();
        // The pool would try for its whole timeout and then say only that it timed out.
        let first = options.connect().await.map_err(|error| failed(doing(), error))?;
        first.close().await.map_err(|error| failed(doing(), error))?;
        let pool = MySqlPoolOptions::new().max_connections(MAX_CONNECTIONS).acquire_timeout(ACQUIRE_TIMEOUT);
        Ok(Self { pool: pool.connect_lazy_with(options) })
    }

    pub(crate) async fn create_tables(&self) -> Result<(), StoreError> {
        let migrations = sqlx::migrate!("migrations/mysql").run(&self.pool).await;
        migrations.map_err(|error| failed("creating the tables", error.into()))
    }

    /// Writes what is not there yet. Another writer of the same uid makes this fail with a conflict, and not count it.
    async fn try_insert(&self, records: &[&LogRecord]) -> Result<u64, sqlx::Error> {
        let mut transaction = self.pool.begin().await?;
        // The driver counts an unchanged row as affected, so what is there is asked for first.
        let mut there = HashSet::new();
        for run in runs(records) {
            let select = format!("SELECT uid FROM model_logs WHERE uid IN {}", placeholders(1, run.len()));
            let mut query = sqlx::query_scalar::<_, String>(AssertSqlSafe(select));
            for record in run {
                query = query.bind(&record.uid);
            }
            there.extend(query.fetch_all(&mut *transaction).await?);
        }
        let new: Vec<&LogRecord> = records.iter().copied().filter(|record| !there.contains(&record.uid)).collect();
        for run in runs(&new) {
            let insert = format!(
                "INSERT INTO model_logs (uid, logging_timestamp, input_output_payloads) VALUES {}",
                placeholders(run.len(), 3)
            );
            let mut query = sqlx::query(AssertSqlSafe(insert));
            for record in run {
                query = query.bind(&record.uid).bind(datetime(record.logging_timestamp)).bind(&record.payload);
            }
            query.execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(new.len() as u64)
    }

    async fn try_write(&self, run: &ShiftRun<'_>) -> Result<(), sqlx::Error> {
        let mut transaction = self.pool.begin().await?;
        write_data_shift!(&mut transaction, run, datetime);
        transaction.commit().await
    }
}

impl LogStore for MySql {
    async fn insert(&self, records: &[LogRecord]) -> Result<Inserted, StoreError> {
        let distinct = distinct(records);
        let mut attempt = 1;
        loop {
            match self.try_insert(&distinct).await {
                Ok(loaded) => return Ok(Inserted { loaded, already_there: records.len() as u64 - loaded }),
                Err(error) if is_conflict(&error) && attempt < ATTEMPTS => {
                    tracing::debug!(attempt, "inserting again: {error}");
                    tokio::time::sleep(Duration::from_millis(20 << attempt)).await;
                    attempt += 1;
                }
                Err(error) => return Err(failed("writing to model_logs", error)),
            }
        }
    }

    fn payloads(&self, window: Window) -> BoxStream<'_, Result<String, StoreError>> {
        // A JSON column has no text of its own; the cast gives it one.
        let select = "SELECT CAST(input_output_payloads AS CHAR) FROM model_logs \
                      WHERE logging_timestamp >= ? AND logging_timestamp < ?";
        sqlx::query(select)
            .bind(datetime(window.from.unwrap_or(Timestamp::UNIX_EPOCH)))
            .bind(datetime(window.to.unwrap_or(Timestamp::MAX)))
            .fetch(&self.pool)
            .map(|row| row.and_then(|row| row.try_get(0)).map_err(|error| failed("reading model_logs", error)))
            .boxed()
    }
}

impl VerdictStore for MySql {
    async fn write_data_shift(&self, run: ShiftRun<'_>) -> Result<(), StoreError> {
        self.try_write(&run).await.map_err(|error| failed("writing to data_shift", error))
    }
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.trim_matches(['[', ']']).parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}

/// `DATETIME(6)` in UTC, which is the session's time zone.
fn datetime(timestamp: Timestamp) -> PrimitiveDateTime {
    let utc = OffsetDateTime::from_unix_timestamp_nanos(timestamp.as_nanosecond())
        .expect("a jiff timestamp is within the years that time has");
    PrimitiveDateTime::new(utc.date(), utc.time())
}

#[cfg(test)]
mod tests {
    use super::is_this_machine;

    #[test]
    fn only_this_machine_may_do_without_tls() {
        for host in ["localhost", "127.0.0.1", "127.8.9.1", "::1", "[::1]"] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in ["db.internal", "10.0.0.1", "localhost.example.org", "::2", ""] {
            assert!(!is_this_machine(host), "{host}");
        }
    }
}
