//! The metrics of alerts.

use jiff::Timestamp;
use mlops_core::ports::StoreError;
use mlops_core::window::Window;
use mlops_rules::{
    Aggregate, EtlDay, Histogram, JsonPath, Measure, Measured, MetricStore, Monitor, MonitorVerdict,
};

use crate::Database;
use crate::row::Row;
use crate::statement::{Statement, sql};

const WINDOW: &str = "FROM model_logs WHERE model_name = :model AND logging_timestamp >= ? AND logging_timestamp < ?";

/// A measure over the requests of a window.
struct LogsMeasure<'a> {
    path: Option<&'a JsonPath>,
    aggregate: &'a Aggregate,
    by: Option<&'a JsonPath>,
    max_groups: u32,
}

impl LogsMeasure<'_> {
    /// Returns the statement whose rows have a group, a value and a number of requests; of a
    /// quantile, the neighboring values with their positions. The caller binds the window.
    fn statement(&self, database: &Database) -> Statement<'static> {
        let dialect = database.connection.dialect();
        let (number, text) = (dialect.json_number(), dialect.json_text());
        let paths = |path: &JsonPath| [path.sql(), path.sql()];
        let mut texts: Vec<String> = self.by.into_iter().flat_map(paths).collect();
        let group = match self.by {
            Some(_) => format!("COALESCE({text}, '')"),
            None => "''".to_owned(),
        };
        texts.extend(self.path.into_iter().flat_map(paths));
        let value = match (self.path, self.aggregate) {
            (None, _) => "1E0".to_owned(),
            (Some(_), Aggregate::ShareEqual(value)) => {
                texts.push(value.clone());
                format!("CASE WHEN {text} = ? THEN 1E0 ELSE 0E0 END")
            }
            (Some(_), Aggregate::ShareSet) => {
                format!("CASE WHEN {text} IS NOT NULL THEN 1E0 ELSE 0E0 END")
            }
            (Some(_), Aggregate::ShareMissing) => {
                format!("CASE WHEN {text} IS NULL THEN 1E0 ELSE 0E0 END")
            }
            (Some(_), _) => number.to_owned(),
        };
        let requests = format!("(SELECT {group} AS g, {value} AS v {WINDOW}) AS requests");
        database.sql(&self.over(&requests)).bind_all(texts)
    }

    fn over(&self, requests: &str) -> String {
        let max_groups = self.max_groups;
        let number = match self.aggregate {
            Aggregate::Count => "COUNT(v) * 1E0",
            Aggregate::Min => "MIN(v)",
            Aggregate::Max => "MAX(v)",
            Aggregate::Sum => "SUM(v)",
            Aggregate::Mean
            | Aggregate::ShareEqual(_)
            | Aggregate::ShareSet
            | Aggregate::ShareMissing => "AVG(v)",
            Aggregate::Quantile(q) => {
                // The two values between which the quantile lies; their positions are those of
                // NumPy's `linear`.
                return format!(
                    "SELECT g, v, sorted_index, n FROM (SELECT g, v, CAST(ROW_NUMBER() OVER (PARTITION BY g ORDER BY v) AS SIGNED) - 1 AS sorted_index, \
                     COUNT(*) OVER (PARTITION BY g) AS n FROM {requests} WHERE v IS NOT NULL) AS sorted \
                     WHERE sorted_index > (n - 1) * {q:?} - 1 AND sorted_index < (n - 1) * {q:?} + 1 ORDER BY n DESC, g, sorted_index LIMIT {}",
                    max_groups.saturating_mul(2)
                );
            }
        };
        match self.by {
            Some(_) => format!(
                "SELECT g, {number} AS v, COUNT(v) AS n FROM {requests} GROUP BY g ORDER BY n DESC, g LIMIT {max_groups}"
            ),
            // There is a row even where there is no request.
            None => format!("SELECT '' AS g, {number} AS v, COUNT(v) AS n FROM {requests}"),
        }
    }

    fn read(&self, rows: &[Row]) -> Result<Vec<Measured>, StoreError> {
        if let Aggregate::Quantile(q) = self.aggregate {
            let neighbour = |row: &Row| {
                Ok((row.get("g")?, row.get("v")?, row.get("sorted_index")?, row.get("n")?))
            };
            let neighbours = rows.iter().map(neighbour).collect::<Result<Vec<_>, StoreError>>()?;
            return Ok(interpolate(*q, neighbours, self.max_groups));
        }
        let measured = |row: &Row| {
            Ok(Measured { group: row.get("g")?, value: row.get("v")?, n: row.get("n")? })
        };
        rows.iter().map(measured).collect()
    }
}

/// One number a group from the neighbors of a quantile, which stand in the order of group and
/// `sorted_index`.
fn interpolate(q: f64, neighbours: Vec<(String, f64, u64, u64)>, max_groups: u32) -> Vec<Measured> {
    let mut measured: Vec<Measured> = Vec::new();
    for (group, value, sorted_index, n) in neighbours {
        let exact = (n - 1) as f64 * q;
        match measured.last_mut() {
            Some(last) if last.group == group => {
                let lower = last.value.unwrap_or(value);
                let weight = exact - (sorted_index as f64 - 1.0);
                last.value = Some(lower + weight * (value - lower));
            }
            _ => measured.push(Measured { group, value: Some(value), n }),
        }
    }
    measured.truncate(max_groups as usize);
    measured
}

impl MetricStore for Database {
    async fn measure(
        &self,
        measure: &Measure,
        window: Window,
        max_groups: u32,
    ) -> Result<Vec<Measured>, StoreError> {
        let (value, n) = match measure {
            Measure::Logs { path, aggregate, by } => {
                let measure =
                    LogsMeasure { path: path.as_ref(), aggregate, by: by.as_ref(), max_groups };
                let select = measure.statement(self).bind_window(window);
                let mut measured = measure.read(&self.connection.fetch(select).await?)?;
                if by.is_none() && measured.is_empty() {
                    measured.push(Measured { group: String::new(), value: None, n: 0 });
                }
                return Ok(measured);
            }
            Measure::MissingInputs => {
                let select = format!(
                    "SELECT AVG(CASE WHEN is_missing THEN 1E0 ELSE 0E0 END) AS value, COUNT(DISTINCT uid) AS n \
                     FROM ({} WHERE model_name = :model AND logging_timestamp >= ? AND logging_timestamp < ?) AS input_values",
                    self.connection.dialect().input_values()
                );
                self.number(select, window).await?
            }
            Measure::Silence => {
                let last = "SELECT MAX(logging_timestamp) AS last FROM model_logs WHERE model_name = :model AND logging_timestamp < ?";
                self.minutes_since(last, window).await?
            }
            Measure::EtlSilence => {
                let last = "SELECT MIN(updated_at) AS last FROM etl_watermark WHERE updated_at < ?";
                self.minutes_since(last, window).await?
            }
            Measure::Shifted(monitor) => self.shifted(*monitor, window).await?,
            Measure::DeadLetters => {
                let select = "SELECT SUM(bad) * 1E0 AS value, COUNT(*) AS n FROM etl_partition \
                              WHERE newest_logging_timestamp >= ? AND newest_logging_timestamp < ?";
                self.number(select.to_owned(), window).await?
            }
        };
        Ok(vec![Measured { group: String::new(), value, n }])
    }

    async fn histogram(&self, window: Window, parts: u32) -> Result<Histogram, StoreError> {
        let dialect = self.connection.dialect();
        let select = format!(
            "SELECT {} * 1E0 AS bin, COUNT(*) AS n FROM (SELECT {} AS v {WINDOW}) AS requests \
             WHERE v IS NOT NULL GROUP BY bin",
            dialect.whole_part(&format!("v * {parts}")),
            dialect.json_number()
        );
        let prediction = "$.\"output\".\"prediction\"";
        let select = self.sql(&select).bind(prediction).bind(prediction).bind_window(window);
        let mut counts = vec![0; parts as usize];
        for row in self.connection.fetch(select).await? {
            let bin: f64 = row.get("bin")?;
            let bin = (bin.max(0.0) as usize).min(counts.len().saturating_sub(1));
            if let Some(count) = counts.get_mut(bin) {
                *count += row.get::<u64>("n")?;
            }
        }
        Ok(Histogram { counts })
    }

    async fn verdicts(&self, window: Window) -> Result<Vec<MonitorVerdict>, StoreError> {
        let mut verdicts = Vec::new();
        for monitor in Monitor::ALL {
            verdicts.extend(self.latest_verdict(monitor, window).await?);
        }
        Ok(verdicts)
    }

    async fn etl_days(&self, window: Window) -> Result<Vec<EtlDay>, StoreError> {
        let select = sql("SELECT pipeline, updated_at, lag_seconds, \
                          COALESCE((SELECT SUM(bad) FROM etl_partition WHERE etl_partition.pipeline = etl_watermark.pipeline \
                          AND newest_logging_timestamp >= ? AND newest_logging_timestamp < ?), 0) AS dead_letters \
                          FROM etl_watermark ORDER BY pipeline");
        let rows = self.connection.fetch(select.bind_window(window)).await?;
        let day = |row: &Row| {
            Ok(EtlDay {
                pipeline: row.get("pipeline")?,
                ran_at: row.get("updated_at")?,
                lag_seconds: row.get("lag_seconds")?,
                dead_letters: row.get("dead_letters")?,
            })
        };
        rows.iter().map(day).collect()
    }

    async fn first_request(&self) -> Result<Option<Timestamp>, StoreError> {
        let select = self.sql(
            "SELECT MIN(logging_timestamp) AS logged_first FROM model_logs WHERE model_name = :model",
        );
        self.connection.one(select).await?.get("logged_first")
    }

    async fn told(&self, transition: &str, window: Window) -> Result<u64, StoreError> {
        let select = self.sql(
            "SELECT COUNT(*) AS n FROM (SELECT DISTINCT rule, alert_group, created_at FROM alert_outbox \
                          WHERE model_name = :model AND transition = ? AND created_at >= ? AND created_at < ?) AS told",
        );
        self.connection.one(select.bind(transition).bind_window(window)).await?.get("n")
    }
}

impl Database {
    /// The `value` and the `n` of a statement that is bound to a window.
    async fn number(
        &self,
        select: String,
        window: Window,
    ) -> Result<(Option<f64>, u64), StoreError> {
        let row = self.connection.one(self.sql(&select).bind_window(window)).await?;
        Ok((row.get("value")?, row.get("n")?))
    }

    /// Minutes from the `last` time before the window's end, which a statement finds, to that end.
    async fn minutes_since(
        &self,
        select: &'static str,
        window: Window,
    ) -> Result<(Option<f64>, u64), StoreError> {
        let row =
            self.connection.one(self.sql(select).bind(window.to.unwrap_or(Timestamp::MAX))).await?;
        let last: Option<Timestamp> = row.get("last")?;
        let minutes =
            last.zip(window.to).map(|(last, to)| to.duration_since(last).as_secs_f64() / 60.0);
        Ok((minutes, minutes.is_some().into()))
    }
}
