use jiff::Timestamp;
use mlops_core::ports::StoreError;

use super::{Reader, Scope};
use crate::rollup::RollupState;

/// How long the spans are that requests are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bucket {
    /// An hour.
    Hour,
    /// A day in UTC.
    Day,
}

/// Requests of one span and one arm.
#[derive(Debug, Clone, PartialEq)]
pub struct TrafficRow {
    /// The span's first moment.
    pub from: Timestamp,
    /// `model` or `heuristic`.
    pub arm: String,
    /// Requests.
    pub requests: u64,
    /// Those with a prediction that is a probability.
    pub predictions: u64,
    /// The sum of the predictions.
    pub prediction_sum: f64,
    /// The sum of their squares.
    pub prediction_squares: f64,
    /// Requests that were called high risk.
    pub high_risk: u64,
}

impl Reader {
    /// What was logged, in order of time.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub async fn traffic(
        &self,
        scope: &Scope,
        bucket: Bucket,
    ) -> Result<Vec<TrafficRow>, StoreError> {
        let span = match bucket {
            Bucket::Hour => "logged_hour",
            Bucket::Day => "SUBSTR(logged_hour, 1, 10)",
        };
        let select = format!(
            "SELECT {span} AS span, arm, SUM(requests), SUM(predictions), SUM(prediction_sum), SUM(prediction_squares), \
             SUM(high_risk) FROM log_rollup WHERE {} GROUP BY span, arm ORDER BY span, arm",
            scope.condition("logged_hour")
        );
        let rows = self.select("log_rollup", &select, &scope.binds()).await?;
        let traffic = rows.iter().map(|row| TrafficRow {
            from: row.time(0),
            arm: row.text(1),
            requests: row.count(2),
            predictions: row.count(3),
            prediction_sum: row.number(4).unwrap_or(0.0),
            prediction_squares: row.number(5).unwrap_or(0.0),
            high_risk: row.count(6),
        });
        Ok(traffic.collect())
    }

    /// When the counts were kept last; `None` where they never were.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub async fn rollup_state(&self) -> Result<Option<RollupState>, StoreError> {
        self.0.rollup_state().await
    }
}
