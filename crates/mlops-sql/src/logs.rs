//! Logged requests and outcomes of customers.

use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use mlops_core::outcomes::Outcome;
use mlops_core::ports::{LogStore, LoggedRequest, OutcomeStore, StoreError, StoreErrorKind};
use mlops_core::window::Window;

use crate::Database;
use crate::row::Row;
use crate::statement::sql;

/// The table of outcomes.
pub(crate) const CLIENT_OUTCOMES: &str = "client_outcomes";

impl LogStore for Database {
    fn requests(&self, window: Window) -> BoxStream<'_, Result<LoggedRequest, StoreError>> {
        // A JSON column of MySQL has no text of its own; the cast gives it one.
        let select =
            self.sql("SELECT CAST(input_output_payloads AS CHAR) AS payload, logging_timestamp \
                          FROM model_logs WHERE model_name = :model AND logging_timestamp >= ? AND logging_timestamp < ?");
        let rows = self.connection.stream(select.bind_window(window));
        rows.map(|row| {
            let row = row?;
            let logging_timestamp = row.get("logging_timestamp")?;
            Ok(LoggedRequest { logging_timestamp, payload: row.get("payload")? })
        })
        .boxed()
    }
}

impl OutcomeStore for Database {
    fn outcomes(&self) -> BoxStream<'_, Result<Outcome, StoreError>> {
        self.of_outcomes_model("outcome_timestamp, client_id, outcome", CLIENT_OUTCOMES, |row| {
            Ok(Outcome {
                outcome_timestamp: row.get("outcome_timestamp")?,
                client_id: row.get("client_id")?,
                outcome: row.get("outcome")?,
            })
        })
    }

    fn lifetime_values(&self) -> BoxStream<'_, Result<(String, f64), StoreError>> {
        self.of_outcomes_model("client_id, ltv", "client_ltv", |row| {
            Ok((row.get("client_id")?, row.get("ltv")?))
        })
    }
}

impl Database {
    /// Reads a table of outcomes: the rows of the model, or all rows of a view, or of a table that
    /// others made, which names no model.
    fn of_outcomes_model<'s, T: Send + 's>(
        &'s self,
        columns: &'static str,
        table: &'static str,
        of: impl Fn(&Row) -> Result<T, StoreError> + Send + 's,
    ) -> BoxStream<'s, Result<T, StoreError>> {
        let rows = async move {
            let condition = self.of_outcomes(table).await?;
            let select = sql(format!("SELECT {columns} FROM {table} {condition}"));
            Ok::<_, StoreError>(self.connection.stream(select))
        };
        stream::once(rows).try_flatten().map(move |row| of(&row?)).boxed()
    }

    /// Returns the condition for the outcomes of the model.
    pub(crate) async fn of_outcomes(&self, table: &str) -> Result<String, StoreError> {
        let select = format!("SELECT model_name FROM {table} LIMIT 0");
        match self.connection.fetch(sql(select)).await {
            Ok(_) => Ok(format!("WHERE model_name = '{}'", self.outcomes_model)),
            // Where the table is missing as well, the next statement says so.
            Err(error) if error.kind == StoreErrorKind::NotFound => {
                Ok("/* without model_name */".to_owned())
            }
            Err(error) => Err(error),
        }
    }
}
