//! How long a server may be silent.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use mlops_core::address::DatabaseUrl;
use sqlx::mysql::MySqlPool;
use sqlx::{Connection as _, Error, MySqlConnection};
use tokio::time::{sleep, timeout};

/// A connection with its whole handshake.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// A connection of the pool: one that is free, or a new one.
pub(crate) const ACQUIRE_LIMIT: Duration = Duration::from_secs(20);

/// A statement that has no limit of its own. A job without retries so ends within a minute.
const STATEMENT_LIMIT: Duration = Duration::from_secs(55);

/// Between two questions whether a server lives that works at a long statement.
const PROBE_EVERY: Duration = Duration::from_secs(15);

/// A ping, and the question whether a server lives.
const PROBE_LIMIT: Duration = Duration::from_secs(10);

/// The limits of one server. What exceeds them is [`io::ErrorKind::TimedOut`].
#[derive(Debug, Clone)]
pub(crate) struct Limit {
    server: Arc<str>,
    statement: Duration,
    /// The pool of a server that may work at a statement as long as it answers others.
    probed: Option<MySqlPool>,
}

impl Limit {
    pub(crate) fn new(url: &DatabaseUrl) -> Self {
        let statement = url.statement_timeout().unwrap_or(STATEMENT_LIMIT);
        Self { server: url.to_string().into(), statement, probed: None }
    }

    /// Returns the limits for work that may take hours, such as a new column of a large table.
    pub(crate) fn while_it_lives(&self, pool: &MySqlPool) -> Self {
        Self { probed: Some(pool.clone()), ..self.clone() }
    }

    /// Returns a connection, if the server is done with the handshake in time.
    pub(crate) async fn connect<T>(
        &self,
        handshake: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let in_time = timeout(CONNECT_LIMIT, handshake).await;
        in_time.unwrap_or_else(|_| Err(self.exceeded(CONNECT_LIMIT)))
    }

    /// Returns the answer to a statement, if the whole of it comes in time.
    pub(crate) async fn keep<T>(
        &self,
        statement: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let answer = match &self.probed {
            None => timeout(self.statement, statement)
                .await
                .unwrap_or_else(|_| Err(self.exceeded(self.statement))),
            Some(pool) => tokio::select! {
                answer = statement => answer,
                () = silence(pool) => Err(self.exceeded(PROBE_LIMIT)),
            },
        };
        answer.map_err(|error| match error {
            Error::PoolTimedOut => self.exceeded(ACQUIRE_LIMIT),
            error => error,
        })
    }

    /// Returns the rows of a statement, each of which has the time of a statement.
    pub(crate) fn keep_each<'s, T: Send + 's>(
        self,
        rows: BoxStream<'s, Result<T, Error>>,
    ) -> BoxStream<'s, Result<T, Error>> {
        stream::try_unfold((self, rows), async |(limit, mut rows)| {
            let row = limit.keep(rows.try_next()).await?;
            Ok(row.map(|row| (row, (limit, rows))))
        })
        .boxed()
    }

    fn exceeded(&self, limit: Duration) -> Error {
        let message = format!("{} did not answer within {} s", self.server, limit.as_secs_f64());
        Error::Io(io::Error::new(io::ErrorKind::TimedOut, message))
    }
}

/// Ends when the server no longer answers.
async fn silence(pool: &MySqlPool) {
    loop {
        sleep(PROBE_EVERY).await;
        // An error is an answer.
        let probe = sqlx::query("SELECT 1").execute(pool);
        if timeout(PROBE_LIMIT, probe).await.is_err() {
            return;
        }
    }
}

/// Fails where a connection that was used does not answer. The pool would wait for it for ever.
pub(crate) async fn check(connection: &mut MySqlConnection) -> Result<bool, Error> {
    let pinged = timeout(PROBE_LIMIT, connection.ping()).await;
    pinged.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into())).map(|()| true)
}
