//! Logged requests and outcomes of customers.

use futures_util::stream::{BoxStream, StreamExt};
use mlops_core::outcomes::Outcome;
use mlops_core::ports::{LogStore, LoggedRequest, OutcomeStore, StoreError};
use mlops_core::window::Window;

use crate::Database;
use crate::statement::sql;

impl LogStore for Database {
    fn requests(&self, window: Window) -> BoxStream<'_, Result<LoggedRequest, StoreError>> {
        // A JSON column of MySQL has no text of its own; the cast gives it one.
        let select =
            sql("SELECT CAST(input_output_payloads AS CHAR) AS payload, logging_timestamp \
                          FROM model_logs WHERE logging_timestamp >= ? AND logging_timestamp < ?");
        let rows = self.0.stream(select.bind_window(window));
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
        let select = sql("SELECT outcome_timestamp, client_id, outcome FROM client_outcomes");
        let rows = self.0.stream(select);
        rows.map(|row| {
            let row = row?;
            Ok(Outcome {
                outcome_timestamp: row.get("outcome_timestamp")?,
                client_id: row.get("client_id")?,
                outcome: row.get("outcome")?,
            })
        })
        .boxed()
    }

    fn lifetime_values(&self) -> BoxStream<'_, Result<(String, f64), StoreError>> {
        let rows = self.0.stream(sql("SELECT client_id, ltv FROM client_ltv"));
        rows.map(|row| {
            let row = row?;
            Ok((row.get("client_id")?, row.get("ltv")?))
        })
        .boxed()
    }
}
