//! The statements over `client_outcomes` and `client_ltv`, which are the same in both databases.

macro_rules! outcome_statements {
    ($driver:ty) => {
        impl OutcomeStore for $driver {
            fn outcomes(&self) -> BoxStream<'_, Result<Outcome, StoreError>> {
                sqlx::query("SELECT outcome_timestamp, client_id, outcome FROM client_outcomes")
                    .fetch(&self.pool)
                    .map(|row| {
                        let row = row.and_then(|row| {
                            let known = Self::read_time(&row, 0)?;
                            let client_id: String = row.try_get(1)?;
                            let outcome_timestamp = known.ok_or_else(|| {
                                let message = format!(
                                    "the outcome of client {client_id} has no outcome_timestamp that reads as a time"
                                );
                                sqlx::Error::Decode(message.into())
                            })?;
                            Ok(Outcome { outcome_timestamp, client_id, outcome: row.try_get(2)? })
                        });
                        row.map_err(|error| failed("reading client_outcomes", error))
                    })
                    .boxed()
            }

            fn lifetime_values(&self) -> BoxStream<'_, Result<(String, f64), StoreError>> {
                sqlx::query("SELECT client_id, ltv FROM client_ltv")
                    .fetch(&self.pool)
                    .map(|row| {
                        let row = row.and_then(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
                        row.map_err(|error| failed("reading client_ltv", error))
                    })
                    .boxed()
            }
        }
    };
}
pub(crate) use outcome_statements;
