use jiff::Timestamp;
use mlops_core::ports::StoreError;
use mlops_detect::performance::Estimate;

use super::{Reader, Scope};
use crate::select::{Bind, Row};

/// What predictions of a period were worth, as the newest run found it.
#[derive(Debug, Clone, PartialEq)]
pub struct PerformancePeriod {
    /// The run.
    pub run_uid: String,
    /// When it ran.
    pub run_timestamp: Timestamp,
    /// `realised` or `estimated`.
    pub kind: String,
    /// The period's first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
    /// The model.
    pub model_uid: Option<String>,
    /// Rows.
    pub n: u64,
    /// The area under the ROC curve.
    pub roc_auc: Option<Estimate>,
    /// The mean log loss.
    pub log_loss: Option<f64>,
    /// The Brier score.
    pub brier: Option<f64>,
    /// The expected calibration error.
    pub ece: Option<f64>,
    /// `stable`, `shifted` or `inconclusive`.
    pub verdict: String,
    /// In words.
    pub why: String,
    /// Whether the run's verdict is this one.
    pub is_decisive: bool,
}

/// What the model is worth in a period, as the newest run found it.
#[derive(Debug, Clone, PartialEq)]
pub struct ImpactPeriod {
    /// When the run was.
    pub run_timestamp: Timestamp,
    /// The period's first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
    /// Clients of the model, and those who left.
    pub model: [u64; 2],
    /// Clients of the heuristic, and those who left.
    pub heuristic: [u64; 2],
    /// Clients saved.
    pub clients_saved: Option<Estimate>,
    /// What they are worth.
    pub money_saved: Option<Estimate>,
    /// The verdict of the run.
    pub verdict: String,
    /// In words.
    pub why: String,
}

impl Reader {
    /// The periods that begin within the scope, in order; of each the newest finding of a run
    /// before the scope's end.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub async fn performance(&self, scope: &Scope) -> Result<Vec<PerformancePeriod>, StoreError> {
        let select = format!(
            "SELECT p.run_uid, p.run_timestamp, p.kind, p.period_from, p.period_to, p.model_uid, p.n, p.roc_auc, p.roc_auc_low, \
             p.roc_auc_high, p.log_loss, p.brier, p.ece, p.verdict, p.why, p.is_decisive \
             FROM performance p JOIN (SELECT kind, period_from, MAX(run_timestamp) AS newest FROM performance \
             WHERE {} AND run_timestamp < ? GROUP BY kind, period_from) of_period \
             ON p.kind = of_period.kind AND p.period_from = of_period.period_from AND p.run_timestamp = of_period.newest \
             ORDER BY p.period_from, p.kind, p.run_uid",
            scope.condition("period_from")
        );
        let binds: Vec<Bind<'_>> =
            scope.binds().into_iter().chain([Bind::Time(scope.to)]).collect();
        let rows = self.select("performance", &select, &binds).await?;
        let periods = rows.iter().map(|row| PerformancePeriod {
            run_uid: row.text(0),
            run_timestamp: row.time(1),
            kind: row.text(2),
            from: row.time(3),
            to: row.time(4),
            model_uid: row.maybe_text(5),
            n: row.count(6),
            roc_auc: estimate(row, 7),
            log_loss: row.number(10),
            brier: row.number(11),
            ece: row.number(12),
            verdict: row.text(13),
            why: row.text(14),
            is_decisive: row.is_true(15),
        });
        Ok(periods.collect())
    }

    /// All figures of a period with outcomes, as JSON.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub async fn performance_details(
        &self,
        period: &PerformancePeriod,
    ) -> Result<Option<String>, StoreError> {
        let select = "SELECT CAST(details AS CHAR) FROM performance WHERE run_uid = ? AND kind = ? AND period_from = ?";
        let binds =
            [Bind::Text(&period.run_uid), Bind::Text(&period.kind), Bind::Time(period.from)];
        let rows = self.select("performance", select, &binds).await?;
        Ok(rows.first().and_then(|row| row.maybe_text(0)))
    }

    /// What the model is worth, by period, in order; of each the newest finding of a run before the
    /// scope's end.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub async fn impact(&self, scope: &Scope) -> Result<Vec<ImpactPeriod>, StoreError> {
        // The table does not name the model; the run's other findings do.
        let of_model = "AND run_uid IN (SELECT run_uid FROM performance WHERE model_uid = ?)";
        let select = format!(
            "SELECT i.run_timestamp, i.period_from, i.period_to, i.model_clients, i.model_left, i.heuristic_clients, i.heuristic_left, \
             i.clients_saved, i.clients_saved_low, i.clients_saved_high, i.money_saved, i.money_saved_low, i.money_saved_high, \
             i.verdict, i.why FROM business_impact i JOIN (SELECT period_from, MAX(run_timestamp) AS newest FROM business_impact \
             WHERE period_from >= ? AND period_from < ? {} AND run_timestamp < ? GROUP BY period_from) of_period \
             ON i.period_from = of_period.period_from AND i.run_timestamp = of_period.newest ORDER BY i.period_from, i.run_uid",
            if scope.model_uid.is_some() { of_model } else { "" }
        );
        let binds: Vec<Bind<'_>> =
            scope.binds().into_iter().chain([Bind::Time(scope.to)]).collect();
        let rows = self.select("business_impact", &select, &binds).await?;
        let periods = rows.iter().map(|row| ImpactPeriod {
            run_timestamp: row.time(0),
            from: row.time(1),
            to: row.time(2),
            model: [row.count(3), row.count(4)],
            heuristic: [row.count(5), row.count(6)],
            clients_saved: estimate(row, 7),
            money_saved: estimate(row, 10),
            verdict: row.text(13),
            why: row.text(14),
        });
        Ok(periods.collect())
    }
}

/// A figure and the ends of its interval, from this place on.
fn estimate(row: &Row, place: usize) -> Option<Estimate> {
    let value = row.number(place)?;
    Some(Estimate {
        value,
        low: row.number(place + 1).unwrap_or(value),
        high: row.number(place + 2).unwrap_or(value),
    })
}
