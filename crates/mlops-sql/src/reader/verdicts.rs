use jiff::Timestamp;
use mlops_core::ports::StoreError;

use super::{Reader, Scope};
use crate::select::Bind;

/// A run, and when it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatedRun {
    /// Names it.
    pub run_uid: String,
    /// When it ran.
    pub run_timestamp: Timestamp,
}

/// What one run found of one feature, for a trend.
#[derive(Debug, Clone, PartialEq)]
pub struct ShiftRow {
    /// The run.
    pub run_uid: String,
    /// The feature.
    pub feature: String,
    /// The size of the difference.
    pub effect: Option<f64>,
    /// The share of production rows without a value.
    pub missing: Option<f64>,
    /// `stable`, `shifted` or `inconclusive`.
    pub verdict: String,
}

/// All that one run found of one feature.
#[derive(Debug, Clone, PartialEq)]
pub struct ShiftFinding {
    /// The feature.
    pub feature: String,
    /// `numeric` or `categorical`.
    pub kind: String,
    /// The test.
    pub test: String,
    /// The test's statistic.
    pub statistic: Option<f64>,
    /// The adjusted p-value.
    pub p_value_adjusted: Option<f64>,
    /// The size of the difference.
    pub effect: Option<f64>,
    /// What the effect is.
    pub effect_name: String,
    /// The share of training rows without a value.
    pub missing_reference: Option<f64>,
    /// The share of production rows without a value.
    pub missing_production: Option<f64>,
    /// Training rows.
    pub n_reference: u64,
    /// Production rows.
    pub n_production: u64,
    /// `stable`, `shifted` or `inconclusive`.
    pub verdict: String,
    /// What is the matter.
    pub state: String,
    /// In words.
    pub why: String,
    /// Where the values lie, as JSON; none of a run from before it was kept.
    pub picture: Option<String>,
}

/// How well one run could tell production from training.
#[derive(Debug, Clone, PartialEq)]
pub struct ConceptRow {
    /// The run.
    pub run_uid: String,
    /// When it ran.
    pub run_timestamp: Timestamp,
    /// The area under the ROC curve, with its interval.
    pub score: f64,
    /// The lower end.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
    /// What it was compared with.
    pub threshold: f64,
    /// Rows of production.
    pub n_production: u64,
    /// `stable`, `shifted` or `inconclusive`.
    pub verdict: String,
    /// In words.
    pub why: String,
}

/// What one run found of one feature, or of the scores.
#[derive(Debug, Clone, PartialEq)]
pub struct ConceptDetail {
    /// `importance`, `interaction` or `recalibration`.
    pub metric: String,
    /// The feature, or nothing.
    pub feature: String,
    /// What was measured.
    pub score: f64,
    /// The adjusted p-value.
    pub p_value_adjusted: Option<f64>,
    /// `stable`, `shifted` or `inconclusive`.
    pub verdict: String,
    /// In words.
    pub why: String,
}

impl Reader {
    /// The runs of `drift` that looked at a segment, oldest first; the empty name is for all rows.
    ///
    /// # Errors
    ///
    /// What the server says.
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
        let binds: Vec<Bind<'_>> = scope.binds().into_iter().chain([Bind::Text(segment)]).collect();
        let rows = self.select("data_shift", &select, &binds).await?;
        Ok(rows
            .iter()
            .map(|row| DatedRun { run_uid: row.text(0), run_timestamp: row.time(1) })
            .collect())
    }

    /// What these runs found of each feature of a segment.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub async fn shift_rows(
        &self,
        runs: &[DatedRun],
        segment: &str,
    ) -> Result<Vec<ShiftRow>, StoreError> {
        if runs.is_empty() {
            return Ok(Vec::new());
        }
        let select = format!(
            "SELECT run_uid, feature, effect, missing_production, verdict FROM data_shift \
             WHERE segment = ? AND run_uid IN ({})",
            vec!["?"; runs.len()].join(",")
        );
        let binds: Vec<Bind<'_>> = [Bind::Text(segment)]
            .into_iter()
            .chain(runs.iter().map(|run| Bind::Text(&run.run_uid)))
            .collect();
        let rows = self.select("data_shift", &select, &binds).await?;
        let shifts = rows.iter().map(|row| ShiftRow {
            run_uid: row.text(0),
            feature: row.text(1),
            effect: row.number(2),
            missing: row.number(3),
            verdict: row.text(4),
        });
        Ok(shifts.collect())
    }

    /// All that one run found of a segment.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub async fn shift_findings(
        &self,
        run_uid: &str,
        segment: &str,
    ) -> Result<Vec<ShiftFinding>, StoreError> {
        let select = "SELECT feature, kind, test, statistic, p_value_adjusted, effect, effect_name, missing_reference, \
                      missing_production, n_reference, n_production, verdict, state, why, CAST(picture AS CHAR) \
                      FROM data_shift WHERE run_uid = ? AND segment = ?";
        let rows =
            self.select("data_shift", select, &[Bind::Text(run_uid), Bind::Text(segment)]).await?;
        let findings = rows.iter().map(|row| ShiftFinding {
            feature: row.text(0),
            kind: row.text(1),
            test: row.text(2),
            statistic: row.number(3),
            p_value_adjusted: row.number(4),
            effect: row.number(5),
            effect_name: row.text(6),
            missing_reference: row.number(7),
            missing_production: row.number(8),
            n_reference: row.count(9),
            n_production: row.count(10),
            verdict: row.text(11),
            state: row.text(12),
            why: row.text(13),
            picture: row.maybe_text(14),
        });
        Ok(findings.collect())
    }

    /// The segments that a run looked at, without the one of all rows.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub async fn segments(&self, run_uid: &str) -> Result<Vec<String>, StoreError> {
        let select = "SELECT DISTINCT segment FROM data_shift WHERE run_uid = ? AND segment <> '' ORDER BY segment";
        let rows = self.select("data_shift", select, &[Bind::Text(run_uid)]).await?;
        Ok(rows.iter().map(|row| row.text(0)).collect())
    }

    /// The runs of `concept-shift`, oldest first.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub async fn concept_runs(&self, scope: &Scope) -> Result<Vec<ConceptRow>, StoreError> {
        let select = format!(
            "SELECT run_uid, run_timestamp, model_score, score_low, score_high, scoring_threshold, n_production, verdict, why \
             FROM concept_shift WHERE {} AND metric_used = 'roc_auc' AND feature = '' ORDER BY run_timestamp, run_uid",
            scope.condition("run_timestamp")
        );
        let rows = self.select("concept_shift", &select, &scope.binds()).await?;
        let runs = rows.iter().map(|row| ConceptRow {
            run_uid: row.text(0),
            run_timestamp: row.time(1),
            score: row.number(2).unwrap_or(f64::NAN),
            low: row.number(3),
            high: row.number(4),
            threshold: row.number(5).unwrap_or(f64::NAN),
            n_production: row.count(6),
            verdict: row.text(7),
            why: row.text(8),
        });
        Ok(runs.collect())
    }

    /// What else a run of `concept-shift` found.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub async fn concept_details(&self, run_uid: &str) -> Result<Vec<ConceptDetail>, StoreError> {
        let select = "SELECT metric_used, feature, model_score, p_value_adjusted, verdict, why FROM concept_shift \
                      WHERE run_uid = ? AND metric_used <> 'roc_auc'";
        let rows = self.select("concept_shift", select, &[Bind::Text(run_uid)]).await?;
        let details = rows.iter().map(|row| ConceptDetail {
            metric: row.text(0),
            feature: row.text(1),
            score: row.number(2).unwrap_or(f64::NAN),
            p_value_adjusted: row.number(3),
            verdict: row.text(4),
            why: row.text(5),
        });
        Ok(details.collect())
    }
}
