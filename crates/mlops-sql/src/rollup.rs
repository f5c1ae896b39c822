//! The hours of `log_rollup`: found where they differ from the log, and counted anew.

use jiff::{SignedDuration, Timestamp};
use mlops_core::ports::StoreError;

use crate::Database;
use crate::select::{Bind, Row};

/// What is compared in one go; a month of hours is small, and a scan of a month's index entries
/// short.
const STRETCH: SignedDuration = SignedDuration::from_hours(31 * 24);

/// The most hours that one transaction counts anew.
const HOURS_AT_ONCE: usize = 24;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// The statements that the two databases write in different ways.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RollupStatements {
    /// Requests of the log by hour.
    pub(crate) count_log: &'static str,
    /// Counts the hours of a span into `log_rollup`.
    pub(crate) count_hours: &'static str,
}

pub(crate) const MYSQL: RollupStatements = RollupStatements {
    count_log: "SELECT CAST(DATE_FORMAT(logging_timestamp, '%Y-%m-%d %H:00:00') AS DATETIME(6)) AS logged_hour, COUNT(*) \
                FROM model_logs WHERE logging_timestamp >= ? AND logging_timestamp < ? GROUP BY logged_hour",
    count_hours: "REPLACE INTO log_rollup (logged_hour, model_uid, arm, requests, predictions, prediction_sum, \
                  prediction_squares, high_risk) \
        SELECT logged_hour, model_uid, arm, COUNT(*), COUNT(prediction), COALESCE(SUM(prediction), 0), \
               COALESCE(SUM(prediction * prediction), 0), COALESCE(SUM(COALESCE(is_high, prediction >= 0.5)), 0) \
        FROM (SELECT logged_hour, arm, \
                     CASE WHEN JSON_TYPE(model_uid) = 'STRING' THEN LEFT(JSON_UNQUOTE(model_uid), 255) ELSE '' END AS model_uid, \
                     CASE WHEN JSON_TYPE(prediction) IN ('DOUBLE', 'INTEGER', 'UNSIGNED INTEGER', 'DECIMAL') \
                          AND prediction BETWEEN 0 AND 1 THEN prediction + 0e0 END AS prediction, \
                     CASE WHEN JSON_TYPE(high_risk) <> 'NULL' THEN JSON_UNQUOTE(high_risk) IN ('yes', 'true') END AS is_high \
              FROM (SELECT CAST(DATE_FORMAT(logging_timestamp, '%Y-%m-%d %H:00:00') AS DATETIME(6)) AS logged_hour, \
                           CASE WHEN JSON_TYPE(JSON_EXTRACT(input_output_payloads, '$.output.model_used')) <> 'NULL' \
                                AND JSON_UNQUOTE(JSON_EXTRACT(input_output_payloads, '$.output.model_used')) <> 'model' \
                                THEN 'heuristic' ELSE 'model' END AS arm, \
                           JSON_EXTRACT(input_output_payloads, '$.output.model_uid') AS model_uid, \
                           JSON_EXTRACT(input_output_payloads, '$.output.prediction') AS prediction, \
                           JSON_EXTRACT(input_output_payloads, '$.output.high_risk') AS high_risk \
                    FROM model_logs WHERE logging_timestamp >= ? AND logging_timestamp < ?) AS extracted) AS logged \
        GROUP BY logged_hour, model_uid, arm",
};

pub(crate) const SQLITE: RollupStatements = RollupStatements {
    count_log: "SELECT SUBSTR(logging_timestamp, 1, 13) || ':00:00.000000' AS logged_hour, COUNT(*) \
                FROM model_logs WHERE logging_timestamp >= ? AND logging_timestamp < ? GROUP BY logged_hour",
    count_hours: "REPLACE INTO log_rollup (logged_hour, model_uid, arm, requests, predictions, prediction_sum, \
                  prediction_squares, high_risk) \
        SELECT logged_hour, model_uid, arm, COUNT(*), COUNT(prediction), COALESCE(SUM(prediction), 0.0), \
               COALESCE(SUM(prediction * prediction), 0.0), COALESCE(SUM(COALESCE(is_high, prediction >= 0.5)), 0) \
        FROM (SELECT SUBSTR(logging_timestamp, 1, 13) || ':00:00.000000' AS logged_hour, \
                     CASE WHEN json_type(payload, '$.output.model_used') <> 'null' \
                          AND json_extract(payload, '$.output.model_used') <> 'model' THEN 'heuristic' ELSE 'model' END AS arm, \
                     CASE WHEN json_type(payload, '$.output.model_uid') = 'text' \
                          THEN SUBSTR(json_extract(payload, '$.output.model_uid'), 1, 255) ELSE '' END AS model_uid, \
                     CASE WHEN json_type(payload, '$.output.prediction') IN ('real', 'integer') \
                          AND json_extract(payload, '$.output.prediction') BETWEEN 0 AND 1 \
                          THEN json_extract(payload, '$.output.prediction') END AS prediction, \
                     CASE WHEN json_type(payload, '$.output.high_risk') <> 'null' \
                          THEN json_type(payload, '$.output.high_risk') = 'true' \
                               OR json_extract(payload, '$.output.high_risk') IN ('yes', 'true') END AS is_high \
              FROM (SELECT logging_timestamp, CASE WHEN json_valid(input_output_payloads) THEN input_output_payloads END AS payload \
                    FROM model_logs WHERE logging_timestamp >= ? AND logging_timestamp < ?) AS valid) AS logged \
        GROUP BY logged_hour, model_uid, arm",
};

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

impl Database {
    /// When the roll-up was kept last; `None` where it never was.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub async fn rollup_state(&self) -> Result<Option<RollupState>, StoreError> {
        let rows = self.select("reading log_rollup_state", SELECT_STATE, &[]).await?;
        Ok(rows.first().map(RollupState::of))
    }

    /// The newest hour of the roll-up.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub async fn newest_rolled_hour(&self) -> Result<Option<Timestamp>, StoreError> {
        let rows = self
            .select("reading log_rollup", "SELECT MAX(logged_hour) FROM log_rollup", &[])
            .await?;
        Ok(rows.first().and_then(|row| row.maybe_time(0)))
    }

    /// Compares the first stretch of hours at or after `from` that the log or the roll-up has, and
    /// counts those anew whose numbers of requests differ: requests that came late, and such that
    /// are gone. `None` where there is nothing more.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub async fn refresh_stretch(&self, from: Timestamp) -> Result<Option<Stretch>, StoreError> {
        let Some(start) = self.next_hour(from).await? else { return Ok(None) };
        let to = start.saturating_add(STRETCH).unwrap_or(Timestamp::MAX);
        let span = [Bind::Time(start), Bind::Time(to)];
        let logged = self
            .select("counting model_logs by hour", self.rollup_statements().count_log, &span)
            .await?;
        let rolled = self.select("reading log_rollup", SELECT_HOURS, &span).await?;
        let hours = differing(&logged, &rolled);
        for run in runs(&hours) {
            self.count_hours(
                run[0],
                run[run.len() - 1].saturating_add(HOUR).unwrap_or(Timestamp::MAX),
            )
            .await?;
        }
        Ok(Some(Stretch { to, hours: hours.len() }))
    }

    /// Counts every hour of a span anew, whatever the roll-up has.
    async fn count_hours(&self, from: Timestamp, to: Timestamp) -> Result<(), StoreError> {
        let span = [Bind::Time(from), Bind::Time(to)];
        let delete = "DELETE FROM log_rollup WHERE logged_hour >= ? AND logged_hour < ?";
        let statements =
            [(delete, span.as_slice()), (self.rollup_statements().count_hours, span.as_slice())];
        self.execute("counting hours into log_rollup", &statements).await
    }

    /// Forgets the roll-up, so that every hour is counted anew.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub async fn clear_rollup(&self) -> Result<(), StoreError> {
        let statements =
            [("DELETE FROM log_rollup", [].as_slice()), ("DELETE FROM log_rollup_state", &[])];
        self.execute("clearing log_rollup", &statements).await
    }

    /// Writes down that the roll-up was kept.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub async fn write_rollup_state(&self, state: RollupState) -> Result<(), StoreError> {
        let (refreshed, audited) =
            (Bind::Time(state.refreshed_at), state.audited_at.map(Bind::Time));
        let with = "REPLACE INTO log_rollup_state (id, refreshed_at, audited_at) VALUES (1, ?, ?)";
        let without =
            "REPLACE INTO log_rollup_state (id, refreshed_at, audited_at) VALUES (1, ?, NULL)";
        match audited {
            Some(audited) => {
                self.execute("writing log_rollup_state", &[(with, &[refreshed, audited])]).await
            }
            None => self.execute("writing log_rollup_state", &[(without, &[refreshed])]).await,
        }
    }

    /// The first hour at or after a moment that has requests, in the log or in the roll-up.
    async fn next_hour(&self, from: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let next = [
            (
                "reading model_logs",
                "SELECT MIN(logging_timestamp) FROM model_logs WHERE logging_timestamp >= ?",
            ),
            (
                "reading log_rollup",
                "SELECT MIN(logged_hour) FROM log_rollup WHERE logged_hour >= ?",
            ),
        ];
        let mut first: Option<Timestamp> = None;
        for (doing, select) in next {
            let rows = self.select(doing, select, &[Bind::Time(from)]).await?;
            let found = rows.first().and_then(|row| row.maybe_time(0));
            first = first.into_iter().chain(found).min();
        }
        Ok(first.map(hour_of))
    }
}

const SELECT_STATE: &str = "SELECT refreshed_at, audited_at FROM log_rollup_state WHERE id = 1";

const SELECT_HOURS: &str = "SELECT logged_hour, SUM(requests) FROM log_rollup \
                            WHERE logged_hour >= ? AND logged_hour < ? GROUP BY logged_hour";

impl RollupState {
    pub(crate) fn of(row: &Row) -> Self {
        Self { refreshed_at: row.time(0), audited_at: row.maybe_time(1) }
    }
}

fn hour_of(time: Timestamp) -> Timestamp {
    let seconds = time.as_second();
    Timestamp::from_second(seconds - seconds.rem_euclid(3600))
        .expect("an earlier second of the same hour")
}

/// The hours whose numbers of requests are not the same, in order.
fn differing(logged: &[Row], rolled: &[Row]) -> Vec<Timestamp> {
    let mut counts = std::collections::BTreeMap::new();
    for row in logged {
        counts.entry(row.time(0)).or_insert((0, 0)).0 = row.count(1);
    }
    for row in rolled {
        counts.entry(row.time(0)).or_insert((0, 0)).1 = row.count(1);
    }
    counts
        .into_iter()
        .filter(|(_, (logged, rolled))| logged != rolled)
        .map(|(hour, _)| hour)
        .collect()
}

/// Hours that are counted in one statement: at most a day's, and no other ones between them.
fn runs(hours: &[Timestamp]) -> impl Iterator<Item = &[Timestamp]> {
    let follow = |a: &Timestamp, b: &Timestamp| b.duration_since(*a) == HOUR;
    hours.chunk_by(follow).flat_map(|run| run.chunks(HOURS_AT_ONCE))
}
