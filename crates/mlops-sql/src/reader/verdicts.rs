use jiff::Timestamp;
use mlops_core::ports::StoreError;
use mlops_core::table::Kind;
use mlops_core::verdict::Verdict;
use mlops_detect::shift::{State, Test};
use mlops_detect::store::ConceptMetric;

use super::scope::{Reader, Scope};
use crate::insert::list;

/// A run, and when it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatedRun {
    pub run_uid: String,
    pub run_timestamp: Timestamp,
}

/// The finding of one run about one feature, for a trend.
#[derive(Debug, Clone, PartialEq)]
pub struct ShiftRow {
    pub run_uid: String,
    pub feature: String,
    /// The size of the difference.
    pub effect: Option<f64>,
    /// The share of production rows without a value.
    pub missing: f64,
    pub verdict: Verdict,
}

/// All that one run found of one feature.
#[derive(Debug, Clone, PartialEq)]
pub struct ShiftFinding {
    pub feature: String,
    /// The kind.
    pub kind: Kind,
    pub test: Test,
    pub statistic: Option<f64>,
    pub p_value_adjusted: Option<f64>,
    /// The size of the difference.
    pub effect: Option<f64>,
    /// The name of the effect.
    pub effect_name: String,
    /// The share of training rows without a value.
    pub missing_reference: f64,
    /// The share of production rows without a value.
    pub missing_production: f64,
    /// Training rows.
    pub n_reference: u64,
    /// Production rows.
    pub n_production: u64,
    pub verdict: Verdict,
    /// The state.
    pub state: State,
    pub why: String,
    /// The distributions as JSON; none for runs of older versions.
    pub picture: Option<String>,
}

/// How well one run could tell production from training.
#[derive(Debug, Clone, PartialEq)]
pub struct ConceptRow {
    pub run_uid: String,
    pub run_timestamp: Timestamp,
    /// The area under the ROC curve, with its interval.
    pub score: f64,
    pub low: Option<f64>,
    pub high: Option<f64>,
    /// The threshold.
    pub threshold: f64,
    /// Rows of production.
    pub n_production: u64,
    pub verdict: Verdict,
    pub why: String,
}

/// The finding of one run about one feature, or about the scores.
#[derive(Debug, Clone, PartialEq)]
pub struct ConceptDetail {
    /// The metric.
    pub metric: ConceptMetric,
    /// The feature, or nothing.
    pub feature: String,
    /// Its value.
    pub score: f64,
    pub p_value_adjusted: Option<f64>,
    pub verdict: Verdict,
    pub why: String,
}

impl Reader {
    /// The runs of `drift` that looked at a segment, oldest first; the empty name is for all rows.
    pub async fn shift_runs(
        &self,
        scope: &Scope,
        segment: &str,
    ) -> Result<Vec<DatedRun>, StoreError> {
        let select = format!(
            "SELECT run_uid, run_timestamp FROM data_shift WHERE {} AND segment = ? \
             GROUP BY run_uid, run_timestamp ORDER BY run_timestamp, run_uid",
            scope.condition("run_timestamp")
        );
        self.read(scope.bind(self.0.sql(&select)).bind(segment), |row| {
            Ok(DatedRun { run_uid: row.get("run_uid")?, run_timestamp: row.get("run_timestamp")? })
        })
        .await
    }

    /// Returns the findings of these runs by feature, for a segment.
    pub async fn shift_rows(
        &self,
        runs: &[DatedRun],
        segment: &str,
    ) -> Result<Vec<ShiftRow>, StoreError> {
        if runs.is_empty() {
            return Ok(Vec::new());
        }
        let select = format!(
            "SELECT run_uid, feature, effect, missing_production, verdict, why FROM data_shift \
             WHERE model_name = :model AND segment = ? AND run_uid IN ({})",
            list(runs.len())
        );
        let select =
            self.0.sql(&select).bind(segment).bind_all(runs.iter().map(|run| &run.run_uid));
        self.read(select, |row| {
            Ok(ShiftRow {
                run_uid: row.get("run_uid")?,
                feature: row.get("feature")?,
                effect: row.get("effect")?,
                missing: row.get("missing_production")?,
                verdict: row.verdict()?,
            })
        })
        .await
    }

    /// All that one run found of a segment.
    pub async fn shift_findings(
        &self,
        run_uid: &str,
        segment: &str,
    ) -> Result<Vec<ShiftFinding>, StoreError> {
        let select = self.0.sql(
            "SELECT feature, kind, test, statistic, p_value_adjusted, effect, effect_name, missing_reference, \
                          missing_production, n_reference, n_production, verdict, state, why, \
                          CAST(picture AS CHAR) AS picture FROM data_shift WHERE model_name = :model AND run_uid = ? AND segment = ?",
        );
        self.read(select.bind(run_uid).bind(segment), |row| {
            Ok(ShiftFinding {
                feature: row.get("feature")?,
                kind: row.one_of("kind", &Kind::ALL, Kind::name)?,
                test: row.one_of("test", &Test::ALL, Test::name)?,
                statistic: row.get("statistic")?,
                p_value_adjusted: row.get("p_value_adjusted")?,
                effect: row.get("effect")?,
                effect_name: row.get("effect_name")?,
                missing_reference: row.get("missing_reference")?,
                missing_production: row.get("missing_production")?,
                n_reference: row.get("n_reference")?,
                n_production: row.get("n_production")?,
                verdict: row.verdict()?,
                state: row.one_of("state", &State::ALL, State::name)?,
                why: row.get("why")?,
                picture: row.get("picture")?,
            })
        })
        .await
    }

    /// The segments that a run looked at, without the one of all rows.
    pub async fn segments(&self, run_uid: &str) -> Result<Vec<String>, StoreError> {
        let select = self.0.sql(
            "SELECT DISTINCT segment FROM data_shift WHERE model_name = :model AND run_uid = ? AND segment <> '' ORDER BY segment",
        );
        self.read(select.bind(run_uid), |row| row.get("segment")).await
    }

    /// The runs of `concept-shift`, oldest first.
    pub async fn concept_runs(&self, scope: &Scope) -> Result<Vec<ConceptRow>, StoreError> {
        let select = format!(
            "SELECT run_uid, run_timestamp, model_score, score_low, score_high, scoring_threshold, n_production, verdict, why \
             FROM concept_shift WHERE {} AND metric_used = 'roc_auc' AND feature = '' ORDER BY run_timestamp, run_uid",
            scope.condition("run_timestamp")
        );
        self.read(scope.bind(self.0.sql(&select)), |row| {
            Ok(ConceptRow {
                run_uid: row.get("run_uid")?,
                run_timestamp: row.get("run_timestamp")?,
                score: row.get("model_score")?,
                low: row.get("score_low")?,
                high: row.get("score_high")?,
                threshold: row.get("scoring_threshold")?,
                n_production: row.get("n_production")?,
                verdict: row.verdict()?,
                why: row.get("why")?,
            })
        })
        .await
    }

    /// Returns the further findings of a run of `concept-shift`.
    pub async fn concept_details(&self, run_uid: &str) -> Result<Vec<ConceptDetail>, StoreError> {
        let select = self.0.sql(
            "SELECT metric_used, feature, model_score, p_value_adjusted, verdict, why FROM concept_shift \
                          WHERE model_name = :model AND run_uid = ? AND metric_used <> 'roc_auc'",
        );
        self.read(select.bind(run_uid), |row| {
            Ok(ConceptDetail {
                metric: row.one_of("metric_used", &ConceptMetric::ALL, ConceptMetric::name)?,
                feature: row.get("feature")?,
                score: row.get("model_score")?,
                p_value_adjusted: row.get("p_value_adjusted")?,
                verdict: row.verdict()?,
                why: row.get("why")?,
            })
        })
        .await
    }
}
