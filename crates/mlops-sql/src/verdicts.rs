//! The findings of the monitors: `data_shift`, `concept_shift`, `performance` and `business_impact`. A
//! run replaces its earlier rows.

use mlops_core::model_name::ModelName;
use mlops_core::ports::StoreError;
use mlops_core::verdict::Verdict;
use mlops_detect::performance::{Estimate, PeriodImpact};
use mlops_detect::shift::{FeatureShift, Picture};
use mlops_detect::store::{
    ConceptFinding, ConceptRun, PerformanceRow, PerformanceRun, ShiftRun, VerdictStore,
};

use jiff::Timestamp;

use crate::Database;
use crate::columns::Columns;
use crate::statement::Statement;

impl VerdictStore for Database {
    async fn write_data_shift(&self, run: ShiftRun<'_>) -> Result<(), StoreError> {
        let mut transaction = self.connection.transaction().await?;
        let delete = self.sql("DELETE FROM data_shift WHERE model_name = :model AND run_uid = ?");
        transaction.execute(delete.bind(run.run_uid)).await?;
        for (segment, shift) in run.segments {
            for found in &shift.features {
                transaction.execute(insert_shift(&self.model, &run, segment, found)).await?;
            }
        }
        transaction.commit().await
    }

    async fn write_concept_shift(&self, run: ConceptRun<'_>) -> Result<(), StoreError> {
        let mut transaction = self.connection.transaction().await?;
        let delete =
            self.sql("DELETE FROM concept_shift WHERE model_name = :model AND run_uid = ?");
        transaction.execute(delete.bind(run.run_uid)).await?;
        for found in run.findings {
            transaction.execute(insert_concept(&self.model, &run, found)).await?;
        }
        transaction.commit().await
    }

    async fn write_performance(&self, run: PerformanceRun<'_>) -> Result<(), StoreError> {
        let mut transaction = self.connection.transaction().await?;
        for delete in [
            "DELETE FROM performance WHERE model_name = :model AND run_uid = ?",
            "DELETE FROM business_impact WHERE model_name = :model AND run_uid = ?",
        ] {
            transaction.execute(self.sql(delete).bind(run.run_uid)).await?;
        }
        for row in run.periods {
            transaction.execute(insert_performance(&self.model, &run, row)).await?;
        }
        for (from, to, impact) in run.impact.periods {
            transaction.execute(insert_impact(&self.model, &run, [*from, *to], impact)).await?;
        }
        transaction.commit().await
    }
}

fn insert_shift<'r>(
    model: &'r ModelName,
    run: &ShiftRun<'r>,
    segment: &'r str,
    found: &'r FeatureShift,
) -> Statement<'r> {
    Columns::of_model(model)
        .set("run_uid", run.run_uid)
        .set("segment", segment)
        .set("feature", &found.feature)
        .set("model_uid", run.model_uid)
        .set("run_timestamp", run.run_timestamp)
        .set("window_from", run.window.from)
        .set("window_to", run.window.to)
        .set("kind", found.kind.name())
        .set("test", found.test.name())
        .set("statistic", found.statistic)
        .set("p_value", found.p_value)
        .set("p_value_adjusted", found.p_value_adjusted)
        .set("cutoff", run.significance)
        .set("effect", found.effect)
        .set("effect_name", found.test.effect_name())
        .set("missing_reference", found.missing_reference)
        .set("missing_production", found.missing_production)
        .set("n_reference", found.n_reference)
        .set("n_production", found.n_production)
        .set("verdict", found.verdict.name())
        .set("state", found.state.name())
        .set("why", &found.why)
        .set("shift_occurred", found.verdict == Verdict::Shifted)
        .set("picture", found.picture.as_ref().map(Picture::to_json))
        .insert_into("data_shift")
}

fn insert_concept<'r>(
    model: &'r ModelName,
    run: &ConceptRun<'r>,
    found: &'r ConceptFinding,
) -> Statement<'r> {
    Columns::of_model(model)
        .set("run_uid", run.run_uid)
        .set("metric_used", found.metric_used.name())
        .set("feature", &found.feature)
        .set("model_uid", run.model_uid)
        .set("run_timestamp", run.run_timestamp)
        .set("window_from", run.window.from)
        .set("window_to", run.window.to)
        .set("scoring_threshold", found.threshold)
        .set("model_score", found.score)
        .set("score_low", found.interval.map(|[low, _]| low))
        .set("score_high", found.interval.map(|[_, high]| high))
        .set("p_value", found.p_value)
        .set("p_value_adjusted", found.p_value_adjusted)
        .set("n_reference", found.n_reference)
        .set("n_production", found.n_production)
        .set("verdict", found.verdict.name())
        .set("why", &found.why)
        .set("shift_occurred", found.verdict == Verdict::Shifted)
        .insert_into("concept_shift")
}

fn insert_performance<'r>(
    model: &'r ModelName,
    run: &PerformanceRun<'r>,
    row: &'r PerformanceRow,
) -> Statement<'r> {
    Columns::of_model(model)
        .set("run_uid", run.run_uid)
        .set("kind", row.kind.name())
        .set("period_from", row.from)
        .set("period_to", row.to)
        .set("model_uid", run.model_uid)
        .set("run_timestamp", run.run_timestamp)
        .set("n", row.n)
        .set("positives", row.positives)
        .set("base_rate", row.base_rate)
        .set("mean_prediction", row.mean_prediction)
        .estimate("roc_auc", row.roc_auc)
        .set("log_loss", row.log_loss)
        .set("brier", row.brier)
        .set("ece", row.ece)
        .set("high_risk_precision", row.high_risk_precision)
        .set("high_risk_recall", row.high_risk_recall)
        .set("details", &row.details)
        .set("verdict", row.verdict.name())
        .set("why", &row.why)
        .set("is_decisive", row.is_decisive)
        .insert_into("performance")
}

fn insert_impact<'r>(
    model: &'r ModelName,
    run: &PerformanceRun<'r>,
    period: [Timestamp; 2],
    impact: &PeriodImpact,
) -> Statement<'r> {
    let effect = impact.effect;
    Columns::of_model(model)
        .set("run_uid", run.run_uid)
        .set("period_from", period[0])
        .set("period_to", period[1])
        .set("run_timestamp", run.run_timestamp)
        .set("model_clients", impact.model.clients)
        .set("model_left", impact.model.left)
        .set("heuristic_clients", impact.heuristic.clients)
        .set("heuristic_left", impact.heuristic.left)
        .estimate("benefit", effect.map(|effect| effect.benefit))
        .estimate("clients_saved", effect.map(|effect| effect.clients_saved))
        .estimate("money_saved", effect.and_then(|effect| effect.money_saved))
        .estimate("cumulated_clients", impact.cumulated_clients)
        .estimate("cumulated_money", impact.cumulated_money)
        .set("verdict", run.impact.verdict.name())
        .set("why", run.impact.says)
        .insert_into("business_impact")
}

impl Columns<'_> {
    /// Sets the three columns of an estimate: itself, and the ends of its interval.
    fn estimate(self, name: &'static str, estimate: Option<Estimate>) -> Self {
        self.set(name, estimate.map(|it| it.value))
            .set(format!("{name}_low"), estimate.map(|it| it.low))
            .set(format!("{name}_high"), estimate.map(|it| it.high))
    }
}
