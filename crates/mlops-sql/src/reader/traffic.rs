use jiff::Timestamp;
use mlops_core::ports::StoreError;
use mlops_detect::performance::Arm;

use super::scope::{Reader, Scope};
use crate::rollup::RollupState;

/// How long the spans are that requests are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bucket {
    /// An hour.
    Hour,
    /// A day in UTC.
    Day,
}

/// Requests of one span and one group.
#[derive(Debug, Clone, PartialEq)]
pub struct TrafficRow {
    /// The span's first moment.
    pub from: Timestamp,
    /// The group.
    pub arm: Arm,
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
    /// Returns logged requests in order of time.
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
            "SELECT {span} AS span, arm, SUM(requests) AS requests, SUM(predictions) AS predictions, \
             SUM(prediction_sum) AS prediction_sum, SUM(prediction_squares) AS prediction_squares, \
             SUM(high_risk) AS high_risk FROM log_rollup WHERE {} GROUP BY span, arm ORDER BY span, arm",
            scope.condition("logged_hour")
        );
        self.read(scope.bind(self.0.sql(&select)), |row| {
            Ok(TrafficRow {
                from: row.get("span")?,
                arm: row.one_of("arm", &Arm::ALL, Arm::name)?,
                requests: row.get("requests")?,
                predictions: row.get("predictions")?,
                prediction_sum: row.get("prediction_sum")?,
                prediction_squares: row.get("prediction_squares")?,
                high_risk: row.get("high_risk")?,
            })
        })
        .await
    }

    /// When the counts were kept last; `None` where they never were.
    pub async fn rollup_state(&self) -> Result<Option<RollupState>, StoreError> {
        self.0.rollup_state().await
    }
}
