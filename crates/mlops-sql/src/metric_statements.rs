//! What alerts measure, by statements that are the same in both databases but for how they read
//! JSON.

use mlops_rules::{Aggregate, JsonPath, Measured};

/// How a database reads the JSON of a record; a `?` stands for the path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JsonWords {
    /// The value at a path if it is a number, as a double.
    pub number: &'static str,
    /// Its parameters.
    pub number_paths: usize,
    /// The value as text; null where it is missing or null.
    pub text: &'static str,
    /// Its parameters.
    pub text_paths: usize,
    /// What stands before and behind a number of 0 or more to cut its fraction off.
    pub floor: [&'static str; 2],
}

/// A statement over the requests of a window, and what is bound before the window's ends.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LogsQuery {
    /// Gives rows of a group, a number and a count; of a quantile, the values beside it with their
    /// places.
    pub sql: String,
    /// Texts, in their order.
    pub texts: Vec<String>,
    /// The quantile, if it is to be interpolated.
    pub quantile: Option<f64>,
}

const WINDOW: &str = "FROM model_logs WHERE logging_timestamp >= ? AND logging_timestamp < ?";

pub(crate) fn logs_query(
    words: JsonWords,
    path: Option<&JsonPath>,
    aggregate: &Aggregate,
    by: Option<&JsonPath>,
    most_groups: u32,
) -> LogsQuery {
    let mut texts = Vec::new();
    let mut bind =
        |path: &JsonPath, times: usize| texts.extend(std::iter::repeat_n(path.sql(), times));
    let group = match by {
        Some(by) => {
            bind(by, words.text_paths);
            format!("COALESCE({}, '')", words.text)
        }
        None => "''".to_owned(),
    };
    let value = match (path, aggregate.is_share()) {
        (None, _) => "1E0".to_owned(),
        (Some(path), true) => {
            bind(path, words.text_paths);
            let text = words.text;
            match aggregate {
                Aggregate::ShareEqual(value) => {
                    texts.push(value.clone());
                    format!("CASE WHEN {text} = ? THEN 1E0 ELSE 0E0 END")
                }
                Aggregate::ShareSet => {
                    format!("CASE WHEN {text} IS NOT NULL THEN 1E0 ELSE 0E0 END")
                }
                _ => format!("CASE WHEN {text} IS NULL THEN 1E0 ELSE 0E0 END"),
            }
        }
        (Some(path), false) => {
            bind(path, words.number_paths);
            words.number.to_owned()
        }
    };
    let rows = format!("SELECT {group} AS g, {value} AS v {WINDOW}");
    let number = match aggregate {
        Aggregate::Count => "COUNT(v) * 1E0",
        Aggregate::Min => "MIN(v)",
        Aggregate::Max => "MAX(v)",
        Aggregate::Sum => "SUM(v)",
        Aggregate::Mean
        | Aggregate::ShareEqual(_)
        | Aggregate::ShareSet
        | Aggregate::ShareMissing => "AVG(v)",
        Aggregate::Quantile(q) => {
            // The two values between which the quantile lies; their places are those of NumPy's
            // `linear`.
            let sql = format!(
                "SELECT g, v, place, n FROM (SELECT g, v, CAST(ROW_NUMBER() OVER (PARTITION BY g ORDER BY v) AS SIGNED) - 1 AS place, \
                 COUNT(*) OVER (PARTITION BY g) AS n FROM ({rows}) AS requests WHERE v IS NOT NULL) AS placed \
                 WHERE place > (n - 1) * {q:?} - 1 AND place < (n - 1) * {q:?} + 1 ORDER BY n DESC, g, place LIMIT {}",
                most_groups.saturating_mul(2)
            );
            return LogsQuery { sql, texts, quantile: Some(*q) };
        }
    };
    let grouped = match by {
        Some(_) => format!("GROUP BY g ORDER BY n DESC, g LIMIT {most_groups}"),
        None => String::new(),
    };
    // Without groups there is a row even where there is no request; `g` is then null.
    let named = if by.is_some() { "g" } else { "''" };
    let sql = format!(
        "SELECT {named} AS g, {number} AS v, COUNT(v) AS n FROM ({rows}) AS requests {grouped}"
    );
    LogsQuery { sql, texts, quantile: None }
}

/// One number a group from the neighbours of a quantile, which stand in the order of group and
/// place.
pub(crate) fn interpolate(
    q: f64,
    neighbours: Vec<(String, f64, i64, i64)>,
    most_groups: u32,
) -> Vec<Measured> {
    let mut measured: Vec<Measured> = Vec::new();
    for (group, value, place, n) in neighbours {
        let exact = (n - 1) as f64 * q;
        match measured.last_mut() {
            Some(last) if last.group == group => {
                let lower = last.value.unwrap_or(value);
                let weight = exact - (place - 1) as f64;
                last.value = Some(lower + weight * (value - lower));
            }
            _ => measured.push(Measured { group, value: Some(value), n: n as u64 }),
        }
    }
    measured.truncate(most_groups as usize);
    measured
}

macro_rules! metric_statements {
    ($driver:ty, $row:ty) => {
        impl $driver {
            async fn try_logs(
                &self,
                query: $crate::metric_statements::LogsQuery,
                window: Window,
                most_groups: u32,
            ) -> Result<Vec<Measured>, sqlx::Error> {
                let is_grouped = query.sql.contains("GROUP BY") || query.quantile.is_some();
                let mut statement = sqlx::query(AssertSqlSafe(query.sql));
                for text in query.texts {
                    statement = statement.bind(text);
                }
                let statement = statement.bind(Self::window_from(window)).bind(Self::window_to(window));
                let rows = statement.fetch_all(&self.pool).await?;
                if let Some(q) = query.quantile {
                    let neighbour = |row: &$row| {
                        Ok((Self::text_at(row, 0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?))
                    };
                    let neighbours = rows.iter().map(neighbour).collect::<Result<Vec<_>, sqlx::Error>>()?;
                    return Ok($crate::metric_statements::interpolate(q, neighbours, most_groups));
                }
                let measured = |row: &$row| {
                    let group = if is_grouped { Self::text_at(row, 0)? } else { String::new() };
                    Ok(Measured { group, value: row.try_get(1)?, n: row.try_get::<i64, _>(2)? as u64 })
                };
                rows.iter().map(measured).collect()
            }

            /// The one number of a statement that is bound to a window.
            async fn try_number(
                &self,
                sql: &'static str,
                window: Window,
            ) -> Result<(Option<f64>, i64), sqlx::Error> {
                let statement = sqlx::query(sql).bind(Self::window_from(window)).bind(Self::window_to(window));
                let row = statement.fetch_one(&self.pool).await?;
                Ok((row.try_get(0)?, row.try_get(1)?))
            }

            /// Minutes from a time, which a statement finds before the window's end, to that end.
            async fn try_minutes_since(
                &self,
                sql: &'static str,
                window: Window,
            ) -> Result<(Option<f64>, i64), sqlx::Error> {
                let row = sqlx::query(sql).bind(Self::window_to(window)).fetch_one(&self.pool).await?;
                let last = Self::read_time(&row, 0)?;
                let minutes = last.zip(window.to).map(|(last, to)| to.duration_since(last).as_secs_f64() / 60.0);
                Ok((minutes, i64::from(minutes.is_some())))
            }

            async fn try_measure(
                &self,
                measure: &Measure,
                window: Window,
                most_groups: u32,
            ) -> Result<Vec<Measured>, sqlx::Error> {
                let (value, n) = match measure {
                    Measure::Logs { path, aggregate, by } => {
                        let (path, by) = (path.as_ref(), by.as_ref());
                        let query = $crate::metric_statements::logs_query(Self::JSON, path, aggregate, by, most_groups);
                        let mut measured = self.try_logs(query, window, most_groups).await?;
                        if by.is_none() && measured.is_empty() {
                            measured.push(Measured { group: String::new(), value: None, n: 0 });
                        }
                        return Ok(measured);
                    }
                    Measure::MissingInputs => self.try_number(Self::MISSING_INPUTS, window).await?,
                    Measure::Silence => {
                        let last = "SELECT MAX(logging_timestamp) FROM model_logs WHERE logging_timestamp < ?";
                        self.try_minutes_since(last, window).await?
                    }
                    Measure::EtlSilence => {
                        let last = "SELECT MIN(updated_at) FROM etl_watermark WHERE updated_at < ?";
                        self.try_minutes_since(last, window).await?
                    }
                    Measure::Shifted(monitor) => self.try_number(monitor_query(*monitor), window).await?,
                    Measure::DeadLetters => {
                        let bad = "SELECT SUM(bad) * 1E0, COUNT(*) FROM etl_partition \
                                   WHERE newest_logging_timestamp >= ? AND newest_logging_timestamp < ?";
                        self.try_number(bad, window).await?
                    }
                };
                Ok(vec![Measured { group: String::new(), value, n: n as u64 }])
            }

            async fn try_histogram(&self, window: Window, parts: u32) -> Result<Histogram, sqlx::Error> {
                let number = Self::JSON.number;
                let [floor, end] = Self::JSON.floor;
                let sql = format!(
                    "SELECT {floor}v * {parts}{end} * 1E0 AS place, COUNT(*) AS n FROM (SELECT {number} AS v \
                     FROM model_logs WHERE logging_timestamp >= ? AND logging_timestamp < ?) AS requests \
                     WHERE v IS NOT NULL GROUP BY place"
                );
                let mut statement = sqlx::query(AssertSqlSafe(sql));
                for _ in 0..Self::JSON.number_paths {
                    statement = statement.bind("$.\"output\".\"prediction\"");
                }
                let rows = statement.bind(Self::window_from(window)).bind(Self::window_to(window)).fetch_all(&self.pool).await?;
                let mut counts = vec![0; parts as usize];
                for row in &rows {
                    let place: f64 = row.try_get(0)?;
                    let place = (place.max(0.0) as usize).min(counts.len().saturating_sub(1));
                    if let Some(count) = counts.get_mut(place) {
                        *count += row.try_get::<i64, _>(1)? as u64;
                    }
                }
                Ok(Histogram { counts })
            }

            async fn try_verdicts(&self, window: Window) -> Result<Vec<MonitorVerdict>, sqlx::Error> {
                let mut verdicts = Vec::new();
                for monitor in [Monitor::DataShift, Monitor::ConceptShift, Monitor::Performance] {
                    let (job, sql) = latest_query(monitor);
                    let statement = sqlx::query(sql).bind(Self::window_from(window)).bind(Self::window_to(window));
                    let rows = statement.fetch_all(&self.pool).await?;
                    let found = |row: &$row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
                    let found = rows.iter().map(found).collect::<Result<Vec<_>, sqlx::Error>>()?;
                    verdicts.extend(verdict_of(job, found));
                }
                Ok(verdicts)
            }

            async fn try_etl_days(&self, window: Window) -> Result<Vec<EtlDay>, sqlx::Error> {
                let sql = "SELECT pipeline, updated_at, lag_seconds, \
                           COALESCE((SELECT SUM(bad) * 1E0 FROM etl_partition WHERE etl_partition.pipeline = etl_watermark.pipeline \
                           AND newest_logging_timestamp >= ? AND newest_logging_timestamp < ?), 0E0) \
                           FROM etl_watermark ORDER BY pipeline";
                let statement = sqlx::query(sql).bind(Self::window_from(window)).bind(Self::window_to(window));
                let rows = statement.fetch_all(&self.pool).await?;
                let day = |row: &$row| {
                    Ok(EtlDay {
                        pipeline: row.try_get(0)?,
                        ran_at: Self::read_time(row, 1)?.unwrap_or(Timestamp::UNIX_EPOCH),
                        lag_seconds: row.try_get(2)?,
                        dead_letters: row.try_get::<f64, _>(3)? as u64,
                    })
                };
                rows.iter().map(day).collect()
            }

            async fn try_first_request(&self) -> Result<Option<Timestamp>, sqlx::Error> {
                let first = sqlx::query("SELECT MIN(logging_timestamp) FROM model_logs");
                Self::read_time(&first.fetch_one(&self.pool).await?, 0)
            }

            async fn try_told(&self, transition: &str, window: Window) -> Result<u64, sqlx::Error> {
                let sql = "SELECT COUNT(*) FROM (SELECT DISTINCT rule, alert_group, created_at FROM alert_outbox \
                           WHERE transition = ? AND created_at >= ? AND created_at < ?) AS told";
                let statement = sqlx::query_scalar(sql).bind(transition);
                let count: i64 =
                    statement.bind(Self::window_from(window)).bind(Self::window_to(window)).fetch_one(&self.pool).await?;
                Ok(count as u64)
            }
        }

        impl MetricStore for $driver {
            async fn measure(
                &self,
                measure: &Measure,
                window: Window,
                most_groups: u32,
            ) -> Result<Vec<Measured>, StoreError> {
                let measured = self.try_measure(measure, window, most_groups).await;
                measured.map_err(|error| failed("measuring what an alert is about", error))
            }

            async fn histogram(&self, window: Window, parts: u32) -> Result<Histogram, StoreError> {
                let read = self.try_histogram(window, parts).await;
                read.map_err(|error| failed("reading the predictions of model_logs", error))
            }

            async fn verdicts(&self, window: Window) -> Result<Vec<MonitorVerdict>, StoreError> {
                self.try_verdicts(window).await.map_err(|error| failed("reading the monitors' verdicts", error))
            }

            async fn etl_days(&self, window: Window) -> Result<Vec<EtlDay>, StoreError> {
                self.try_etl_days(window).await.map_err(|error| failed("reading etl_watermark", error))
            }

            async fn first_request(&self) -> Result<Option<Timestamp>, StoreError> {
                self.try_first_request().await.map_err(|error| failed("reading model_logs", error))
            }

            async fn told(&self, transition: &str, window: Window) -> Result<u64, StoreError> {
                self.try_told(transition, window).await.map_err(|error| failed("reading alert_outbox", error))
            }
        }
    };
}
pub(crate) use metric_statements;
