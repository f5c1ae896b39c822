use jiff::Timestamp;
use mlops_core::ports::StoreError;
use mlops_core::verdict::Verdict;
use mlops_detect::performance::Estimate;
use mlops_detect::store::PeriodKind;

use super::scope::{Reader, Scope};
use crate::row::Row;

/// The quality of predictions in a period, from the newest run.
#[derive(Debug, Clone, PartialEq)]
pub struct PerformancePeriod {
    pub run_uid: String,
    pub run_timestamp: Timestamp,
    /// Whether it is with outcomes.
    pub kind: PeriodKind,
    /// The period's first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
    pub model_uid: Option<String>,
    pub n: u64,
    /// The area under the ROC curve.
    pub roc_auc: Option<Estimate>,
    pub log_loss: f64,
    pub brier: f64,
    /// The expected calibration error.
    pub ece: Option<f64>,
    pub verdict: Verdict,
    pub why: String,
    /// Whether the run's verdict is this one.
    pub is_decisive: bool,
}

/// The business impact in a period, from the newest run.
#[derive(Debug, Clone, PartialEq)]
pub struct ImpactPeriod {
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
    /// The lifetime value of the clients saved.
    pub money_saved: Option<Estimate>,
    pub verdict: Verdict,
    pub why: String,
}

impl Reader {
    /// The periods that begin within the scope, in order; of each the newest finding of a run
    /// before the scope's end.
    pub async fn performance(&self, scope: &Scope) -> Result<Vec<PerformancePeriod>, StoreError> {
        let select = format!(
            "SELECT p.run_uid, p.run_timestamp, p.kind, p.period_from, p.period_to, p.model_uid, p.n, p.roc_auc, p.roc_auc_low, \
             p.roc_auc_high, p.log_loss, p.brier, p.ece, p.verdict, p.why, p.is_decisive \
             FROM performance p JOIN (SELECT kind, period_from, MAX(run_timestamp) AS newest FROM performance \
             WHERE {} AND run_timestamp < ? GROUP BY kind, period_from) of_period \
             ON p.kind = of_period.kind AND p.period_from = of_period.period_from AND p.run_timestamp = of_period.newest \
             WHERE p.model_name = :model ORDER BY p.period_from, p.kind, p.run_uid",
            scope.condition("period_from")
        );
        self.read(scope.bind(self.0.sql(&select)).bind(scope.to), |row| {
            Ok(PerformancePeriod {
                run_uid: row.get("run_uid")?,
                run_timestamp: row.get("run_timestamp")?,
                kind: row.one_of("kind", &PeriodKind::ALL, PeriodKind::name)?,
                from: row.get("period_from")?,
                to: row.get("period_to")?,
                model_uid: row.get("model_uid")?,
                n: row.get("n")?,
                roc_auc: estimate(row, "roc_auc")?,
                log_loss: row.get("log_loss")?,
                brier: row.get("brier")?,
                ece: row.get("ece")?,
                verdict: row.verdict()?,
                why: row.get("why")?,
                is_decisive: row.get("is_decisive")?,
            })
        })
        .await
    }

    /// All figures of a period with outcomes, as JSON.
    pub async fn performance_details(
        &self,
        period: &PerformancePeriod,
    ) -> Result<Option<String>, StoreError> {
        let select = self.0.sql("SELECT CAST(details AS CHAR) AS details FROM performance \
                          WHERE model_name = :model AND run_uid = ? AND kind = ? AND period_from = ?");
        let select = select.bind(&period.run_uid).bind(period.kind.name()).bind(period.from);
        Ok(self.read(select, |row| row.get("details")).await?.into_iter().next())
    }

    /// Returns the business impact by period, in order: for each period, the newest finding of a run
    /// before the scope's end.
    pub async fn impact(&self, scope: &Scope) -> Result<Vec<ImpactPeriod>, StoreError> {
        // The table does not name the model; the run's other findings do.
        let of_model = "AND run_uid IN (SELECT run_uid FROM performance WHERE model_name = :model AND model_uid = ?)";
        let select = format!(
            "SELECT i.run_timestamp, i.period_from, i.period_to, i.model_clients, i.model_left, i.heuristic_clients, i.heuristic_left, \
             i.clients_saved, i.clients_saved_low, i.clients_saved_high, i.money_saved, i.money_saved_low, i.money_saved_high, \
             i.verdict, i.why FROM business_impact i JOIN (SELECT period_from, MAX(run_timestamp) AS newest FROM business_impact \
             WHERE model_name = :model AND period_from >= ? AND period_from < ? {} AND run_timestamp < ? GROUP BY period_from) of_period \
             ON i.period_from = of_period.period_from AND i.run_timestamp = of_period.newest WHERE i.model_name = :model ORDER BY i.period_from, i.run_uid",
            if scope.model_uid.is_some() { of_model } else { "" }
        );
        self.read(scope.bind(self.0.sql(&select)).bind(scope.to), |row| {
            Ok(ImpactPeriod {
                run_timestamp: row.get("run_timestamp")?,
                from: row.get("period_from")?,
                to: row.get("period_to")?,
                model: [row.get("model_clients")?, row.get("model_left")?],
                heuristic: [row.get("heuristic_clients")?, row.get("heuristic_left")?],
                clients_saved: estimate(row, "clients_saved")?,
                money_saved: estimate(row, "money_saved")?,
                verdict: row.verdict()?,
                why: row.get("why")?,
            })
        })
        .await
    }
}

/// A figure, and the ends of its interval in the columns `_low` and `_high`.
fn estimate(row: &Row, column: &str) -> Result<Option<Estimate>, StoreError> {
    let Some(value) = row.get(column)? else { return Ok(None) };
    let end = |name: &str| row.get(&format!("{column}_{name}"));
    Ok(Some(Estimate { value, low: end("low")?, high: end("high")? }))
}
