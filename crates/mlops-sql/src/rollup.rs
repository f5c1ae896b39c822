//! The hours of `log_rollup`: found where they differ from the log, and counted anew.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use mlops_core::ports::StoreError;
use mlops_core::window::Window;

use crate::Database;
use crate::row::Row;

/// The span of one comparison: a month, whose hours and index entries are few.
const STRETCH: SignedDuration = SignedDuration::from_hours(31 * 24);

/// The most hours that one transaction counts anew.
const HOURS_AT_ONCE: usize = 24;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Hours that were counted at some time, and how far that is known to be right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RollupState {
    /// When the newest hours were compared with the log.
    pub refreshed_at: Timestamp,
    /// When all hours were.
    pub audited_at: Option<Timestamp>,
}

/// A stretch of the log that was compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Its end, from which the next one is looked for.
    pub to: Timestamp,
    /// Hours that differed and were counted anew.
    pub hours: usize,
}

/// Each fails with what the server says.
impl Database {
    /// When the roll-up was kept last; `None` where it never was.
    pub async fn rollup_state(&self) -> Result<Option<RollupState>, StoreError> {
        let select = self
            .sql("SELECT refreshed_at, audited_at FROM log_rollup_state WHERE model_name = :model");
        let Some(row) = self.connection.first(select).await? else { return Ok(None) };
        Ok(Some(RollupState {
            refreshed_at: row.get("refreshed_at")?,
            audited_at: row.get("audited_at")?,
        }))
    }

    /// The newest hour of the roll-up.
    pub async fn newest_rolled_hour(&self) -> Result<Option<Timestamp>, StoreError> {
        let select =
            self.sql("SELECT MAX(logged_hour) AS newest FROM log_rollup WHERE model_name = :model");
        self.connection.one(select).await?.get("newest")
    }

    /// Compares the first stretch of hours at or after `from` that the log or the roll-up has, and
    /// counts those anew whose numbers of requests differ: requests that came late, and such that
    /// are gone. `None` where there is nothing more.
    pub async fn refresh_stretch(&self, from: Timestamp) -> Result<Option<Stretch>, StoreError> {
        let Some(start) = self.next_hour(from).await? else { return Ok(None) };
        let to = start.saturating_add(STRETCH).unwrap_or(Timestamp::MAX);
        let span = Window { from: Some(start), to: Some(to) };
        let count_log = format!(
            "SELECT {} AS logged_hour, COUNT(*) AS n FROM model_logs \
             WHERE model_name = :model AND logging_timestamp >= ? AND logging_timestamp < ? GROUP BY logged_hour",
            self.connection.dialect().logged_hour()
        );
        let logged = self.connection.fetch(self.sql(&count_log).bind_window(span)).await?;
        let count_rolled = "SELECT logged_hour, SUM(requests) AS n FROM log_rollup \
                            WHERE model_name = :model AND logged_hour >= ? AND logged_hour < ? GROUP BY logged_hour";
        let rolled = self.connection.fetch(self.sql(count_rolled).bind_window(span)).await?;
        let hours = differing(&logged, &rolled)?;
        for run in runs(&hours) {
            let end = run[run.len() - 1].saturating_add(HOUR).unwrap_or(Timestamp::MAX);
            self.count_hours(Window { from: Some(run[0]), to: Some(end) }).await?;
        }
        Ok(Some(Stretch { to, hours: hours.len() }))
    }

    /// Counts every hour of a span anew, whatever the roll-up has.
    async fn count_hours(&self, span: Window) -> Result<(), StoreError> {
        let count = format!(
            "REPLACE INTO log_rollup (model_name, logged_hour, model_uid, arm, requests, predictions, prediction_sum, \
             prediction_squares, high_risk) \
             SELECT :model, logged_hour, model_uid, arm, COUNT(*), COUNT(prediction), COALESCE(SUM(prediction), 0E0), \
             COALESCE(SUM(prediction * prediction), 0E0), COALESCE(SUM(COALESCE(is_high, prediction >= 0.5)), 0) \
             FROM ({}) AS logged GROUP BY logged_hour, model_uid, arm",
            self.connection.dialect().logged_outputs()
        );
        let delete = self.sql("DELETE FROM log_rollup WHERE model_name = :model AND logged_hour >= ? AND logged_hour < ?");
        let mut transaction = self.connection.transaction().await?;
        transaction.execute(delete.bind_window(span)).await?;
        transaction.execute(self.sql(&count).bind_window(span)).await?;
        transaction.commit().await
    }

    /// Forgets the roll-up, so that every hour is counted anew.
    pub async fn clear_rollup(&self) -> Result<(), StoreError> {
        let mut transaction = self.connection.transaction().await?;
        for table in ["log_rollup", "log_rollup_state"] {
            let delete = format!("DELETE FROM {table} WHERE model_name = :model");
            transaction.execute(self.sql(&delete)).await?;
        }
        transaction.commit().await
    }

    /// Writes down that the roll-up was kept.
    pub async fn write_rollup_state(&self, state: RollupState) -> Result<(), StoreError> {
        let replace = "REPLACE INTO log_rollup_state (model_name, id, refreshed_at, audited_at) VALUES (:model, 1, ?, ?)";
        let replace = self.sql(replace).bind(state.refreshed_at).bind(state.audited_at);
        self.connection.execute(replace).await.map(drop)
    }

    /// The first hour at or after a moment that has requests, in the log or in the roll-up.
    async fn next_hour(&self, from: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let mut first: Option<Timestamp> = None;
        for select in [
            "SELECT MIN(logging_timestamp) AS hour FROM model_logs WHERE model_name = :model AND logging_timestamp >= ?",
            "SELECT MIN(logged_hour) AS hour FROM log_rollup WHERE model_name = :model AND logged_hour >= ?",
        ] {
            let found: Option<Timestamp> =
                self.connection.one(self.sql(select).bind(from)).await?.get("hour")?;
            first = first.into_iter().chain(found).min();
        }
        Ok(first.map(hour_of))
    }
}

fn hour_of(time: Timestamp) -> Timestamp {
    let seconds = time.as_second();
    Timestamp::from_second(seconds - seconds.rem_euclid(3600))
        .expect("an earlier second of the same hour")
}

/// The hours whose numbers of requests are not the same, in order.
fn differing(logged: &[Row], rolled: &[Row]) -> Result<Vec<Timestamp>, StoreError> {
    let mut counts: BTreeMap<Timestamp, [u64; 2]> = BTreeMap::new();
    for (of, rows) in [logged, rolled].into_iter().enumerate() {
        for row in rows {
            counts.entry(row.get("logged_hour")?).or_default()[of] = row.get("n")?;
        }
    }
    counts.retain(|_, [logged, rolled]| logged != rolled);
    Ok(counts.into_keys().collect())
}

/// Hours that are counted in one statement: at most a day's, and no other ones between them.
fn runs(hours: &[Timestamp]) -> impl Iterator<Item = &[Timestamp]> {
    let follow = |a: &Timestamp, b: &Timestamp| b.duration_since(*a) == HOUR;
    hours.chunk_by(follow).flat_map(|run| run.chunks(HOURS_AT_ONCE))
}
