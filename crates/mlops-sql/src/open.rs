//! How connections are opened.

use std::str::FromStr;
use std::time::{Duration, Instant};

use mlops_core::address::{Address, DatabaseUrl, MySqlAddress};
use mlops_core::ports::{StoreError, StoreErrorKind};
use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection as _, Executor};

use crate::connect_options::options;
use crate::connection::Connection;
use crate::error::{failed, is_busy};
use crate::limit::{self, ACQUIRE_LIMIT, Limit};
use crate::migrate;

const MAX_CONNECTIONS: u32 = 8;

/// How long a writer waits for another process that holds the SQLite file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(20);

const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(50);

/// Readers of one SQLite file, which hold up neither each other nor a writer.
const READERS: u32 = 4;

impl Connection {
    /// Connects. A SQLite file is created, with its tables, if it does not exist.
    pub(crate) async fn open(url: &DatabaseUrl) -> Result<Self, StoreError> {
        match address(url)? {
            // Without gap locks two writers of different rows do not meet.
            Address::MySql(address) => {
                let session = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";
                mysql(url, address, session).await
            }
            Address::Sqlite(text) => sqlite(url, text).await,
        }
    }

    /// Connects so that nothing can be written, whatever the user may write. A SQLite file must
    /// exist, and keeps the tables that it has.
    pub(crate) async fn open_to_read(url: &DatabaseUrl) -> Result<Self, StoreError> {
        match address(url)? {
            Address::MySql(address) => {
                let session = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY";
                mysql(url, address, session).await
            }
            Address::Sqlite(text) => sqlite_to_read(url, text).await,
        }
    }
}

fn address(url: &DatabaseUrl) -> Result<&Address, StoreError> {
    let kind = StoreErrorKind::Configuration;
    url.address().map_err(|error| StoreError::new(kind, error.to_string()))
}

async fn mysql(
    url: &DatabaseUrl,
    address: &MySqlAddress,
    session: &'static str,
) -> Result<Connection, StoreError> {
    let doing = || format!("connecting to {url}");
    let options = options(address)?.disable_statement_logging();
    let limit = Limit::new(url);
    // The pool would try for its whole timeout and then say only that it timed out.
    let packet = limit.connect(max_allowed_packet(&options)).await;
    let max_packet_bytes = packet.map_err(|error| failed(doing(), error))? as usize;
    let pool = MySqlPoolOptions::new()
        .max_connections(MAX_CONNECTIONS)
        .acquire_timeout(ACQUIRE_LIMIT)
        .after_connect(move |connection, _| {
            Box::pin(async move { connection.execute(session).await.map(drop) })
        })
        .after_release(|connection, _| Box::pin(limit::check(connection)));
    Ok(Connection::MySql { pool: pool.connect_lazy_with(options), max_packet_bytes, limit })
}

async fn max_allowed_packet(options: &MySqlConnectOptions) -> Result<u64, sqlx::Error> {
    let mut connection = options.connect().await?;
    let bytes =
        sqlx::query_scalar("SELECT @@max_allowed_packet").fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(bytes)
}

async fn sqlite(url: &DatabaseUrl, text: &str) -> Result<Connection, StoreError> {
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
    let started = Instant::now();
    let pool = loop {
        // One writer at a time is all that the file allows.
        match SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await {
            // A new file is locked while another process makes it, and SQLite does not wait.
            Err(error) if is_busy(&error) && started.elapsed() < BUSY_TIMEOUT => {
                tokio::time::sleep(BETWEEN_ATTEMPTS).await;
            }
            pool => break pool.map_err(|error| failed(doing(), error))?,
        }
    };
    migrate::sqlite(&pool).await.map_err(|error| failed(doing(), error))?;
    Ok(Connection::Sqlite(pool))
}

async fn sqlite_to_read(url: &DatabaseUrl, text: &str) -> Result<Connection, StoreError> {
    let doing = || format!("opening {url}");
    let options = SqliteConnectOptions::from_str(text)
        .map_err(|error| failed(doing(), error))?
        .read_only(true)
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging();
    let pool = SqlitePoolOptions::new().max_connections(READERS).connect_with(options).await;
    pool.map(Connection::Sqlite).map_err(|error| failed(doing(), error))
}
