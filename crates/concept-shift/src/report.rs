use mlops_core::text::p_value;
use mlops_core::timestamp::to_sql_text;
use mlops_core::verdict::Verdict;
use mlops_core::window::Window;
use mlops_detect::concept::{
    Domain, DomainFeature, DomainPolicy, LabelGain, Relation, RelationPolicy,
};
use mlops_detect::store::{ConceptFinding, ConceptMetric};
use mlops_job::{Exit, Metrics, Report, grid, number, percent};
use mlops_monitor::LabelCounts;
use mlops_monitor::RetrainReport;
use serde::Serialize;

use crate::rows::AboutRows;

/// So many features are shown to people.
const SHOWN: usize = 10;

/// So many features are kept with how much they tell production from training.
const KEPT: usize = 20;

/// The findings.
#[derive(Debug, Clone, Serialize)]
pub struct ConceptReport {
    /// `stable`, `shifted` or `inconclusive`: the one of the rows, and of the relation where that
    /// was compared.
    pub verdict: Verdict,
    /// Why, in words.
    pub why: Option<String>,
    /// The name of the score.
    pub metric: &'static str,
    /// How well production and training can be told apart, and by what.
    #[serde(flatten)]
    pub domain: Domain,
    /// The threshold of the score.
    pub threshold: f64,
    /// The verdict of the rows alone.
    pub domain_verdict: Verdict,
    /// Whether the target follows from the features as it did, where outcomes are known.
    pub relation: Option<RelationReport>,
    /// Columns that were not compared.
    pub skipped: Vec<SkippedReport>,
    /// Columns that only production has.
    pub new_columns: Vec<String>,
    /// Rows left out since their customer counts already.
    pub repeated: usize,
    /// Numbers of logged requests with and without an outcome.
    pub labels: Option<LabelCounts>,
    /// The model whose training data were compared.
    pub model_uid: Option<String>,
    /// The run's rows in `concept_shift`.
    pub run_uid: Option<String>,
    /// The first moment that was looked at.
    pub window_from: Option<String>,
    /// The first moment after.
    pub window_to: Option<String>,
    /// The retrain decision.
    pub retrain: Option<RetrainReport>,
    #[serde(skip)]
    fail_on_verdict: bool,
}

/// Whether the target follows from the features as it did.
#[derive(Debug, Clone, Serialize)]
pub struct RelationReport {
    /// The verdict of the relation alone.
    pub verdict: Verdict,
    /// Why it is inconclusive.
    pub why: Option<String>,
    /// The findings.
    #[serde(flatten)]
    pub found: Relation,
}

/// A column that was not compared.
#[derive(Debug, Clone, Serialize)]
pub struct SkippedReport {
    /// Its name.
    pub column: String,
    /// In words.
    pub why: String,
}

/// A run: its IDs and its window.
pub(crate) struct RunFacts {
    pub(crate) run_uid: Option<String>,
    pub(crate) model_uid: Option<String>,
    pub(crate) window: Window,
    pub(crate) fail_on_verdict: bool,
}

impl ConceptReport {
    pub(crate) fn new(
        domain: Domain,
        relation: Option<Relation>,
        rows: AboutRows,
        policy: &DomainPolicy,
        run: RunFacts,
    ) -> Self {
        let relation = relation.map(|found| RelationReport {
            verdict: found.verdict.clone(),
            why: found.verdict.why().map(str::to_owned),
            found,
        });
        let all = match &relation {
            None => domain.verdict.clone(),
            Some(relation) => match (&domain.verdict, &relation.found.verdict) {
                (Verdict::Shifted, _) | (_, Verdict::Shifted) => Verdict::Shifted,
                (Verdict::Inconclusive(why), _) => Verdict::Inconclusive(why.clone()),
                (_, Verdict::Inconclusive(why)) => {
                    Verdict::Inconclusive(format!("relation to the target: {why}"))
                }
                _ => Verdict::Stable,
            },
        };
        let skipped = rows
            .skipped
            .iter()
            .map(|(column, why)| SkippedReport { column: column.clone(), why: why.clone() });
        let mut report = Self {
            why: all.why().map(str::to_owned),
            verdict: all,
            metric: "roc_auc",
            threshold: policy.threshold,
            domain_verdict: domain.verdict.clone(),
            domain,
            relation,
            skipped: skipped.collect(),
            new_columns: rows.new_columns,
            repeated: rows.repeated,
            labels: rows.label_counts,
            model_uid: run.model_uid,
            run_uid: run.run_uid,
            window_from: run.window.from.map(to_sql_text),
            window_to: run.window.to.map(to_sql_text),
            retrain: None,
            fail_on_verdict: run.fail_on_verdict,
        };
        if report.verdict == Verdict::Shifted {
            report.why = Some(report.summary());
        }
        report
    }

    /// Returns the findings in one line.
    pub(crate) fn summary(&self) -> String {
        let mut parts = Vec::new();
        if self.domain.verdict == Verdict::Shifted {
            let Domain { score, low, high, .. } = self.domain;
            let by: Vec<&str> = self
                .domain
                .features
                .iter()
                .take(3)
                .map(|feature| feature.feature.as_str())
                .collect();
            parts.push(format!(
                "production data differ from training data: AUC {score:.3} ({low:.3} to {high:.3}; 0.5 means no difference), mainly in {}",
                by.join(", ")
            ));
        }
        if let Some(RelationReport { found, .. }) = &self.relation {
            for feature in found.features.iter().filter(|feature| feature.shifted).take(3) {
                let most = feature
                    .most
                    .as_ref()
                    .map(|most| format!(" ({})", most.text()))
                    .unwrap_or_default();
                parts.push(format!(
                    "the relation of {} to the target changed{most}",
                    feature.feature
                ));
            }
            if let Some(change) = found.recalibration.as_ref().filter(|change| change.shifted) {
                parts.push(format!(
                    "the predicted probabilities are not calibrated: intercept {:.2} (0 expected), slope {:.2} (1 expected)",
                    change.production.intercept, change.production.slope
                ));
            }
        }
        parts.join("; ")
    }

    pub(crate) fn findings(&self, policy: &RelationPolicy) -> Vec<ConceptFinding> {
        let Domain { score, low, high, p_value, rows, ref verdict, .. } = self.domain;
        let mut findings = vec![ConceptFinding {
            metric_used: ConceptMetric::RocAuc,
            feature: String::new(),
            score,
            interval: Some([low, high]),
            threshold: self.threshold,
            p_value: Some(p_value),
            p_value_adjusted: None,
            n_reference: rows as u64,
            n_production: rows as u64,
            why: verdict.why().unwrap_or_default().to_owned(),
            verdict: verdict.clone(),
        }];
        findings.extend(
            self.domain.features.iter().filter(|it| it.importance.is_finite()).take(KEPT).map(
                |it| {
                    ConceptFinding {
                        metric_used: ConceptMetric::Importance,
                        feature: it.feature.clone(),
                        score: it.importance,
                        interval: None,
                        threshold: 0.0,
                        p_value: None,
                        p_value_adjusted: None,
                        n_reference: rows as u64,
                        n_production: rows as u64,
                        // It explains the finding above and is not a finding itself.
                        verdict: Verdict::Stable,
                        why: format!("AUC {:.3} with this feature alone", it.auc),
                    }
                },
            ),
        );
        let Some(RelationReport { found, .. }) = &self.relation else { return findings };
        let of_relation =
            |metric_used, feature: &str, effect, p_value, adjusted, shifted, why: String| {
                ConceptFinding {
                    metric_used,
                    feature: feature.to_owned(),
                    score: effect,
                    interval: None,
                    threshold: policy.min_effect,
                    p_value: Some(p_value),
                    p_value_adjusted: Some(adjusted),
                    n_reference: found.rows_reference as u64,
                    n_production: found.rows_production as u64,
                    verdict: if shifted { Verdict::Shifted } else { Verdict::Stable },
                    why,
                }
            };
        if let Some(it) = &found.recalibration {
            let why = format!(
                "intercept {:.3} → {:.3}, slope {:.3} → {:.3}",
                it.reference.intercept,
                it.production.intercept,
                it.reference.slope,
                it.production.slope
            );
            findings.push(of_relation(
                ConceptMetric::Recalibration,
                "",
                it.effect,
                it.p_value,
                it.p_value_adjusted,
                it.shifted,
                why,
            ));
        }
        for it in &found.features {
            let why = it.most.as_ref().map(|most| most.text()).unwrap_or_default();
            let (p_value, adjusted) = (it.p_value, it.p_value_adjusted);
            findings.push(of_relation(
                ConceptMetric::Interaction,
                &it.feature,
                it.effect,
                p_value,
                adjusted,
                it.shifted,
                why,
            ));
        }
        if let Verdict::Inconclusive(why) = &found.verdict {
            let unknown =
                of_relation(ConceptMetric::Recalibration, "", 0.0, 1.0, 1.0, false, why.clone());
            findings.push(ConceptFinding {
                verdict: found.verdict.clone(),
                p_value: None,
                p_value_adjusted: None,
                ..unknown
            });
        }
        findings
    }
}

impl Report for ConceptReport {
    fn human(&self) -> String {
        let shown = |feature: &DomainFeature| {
            vec![
                feature.feature.clone(),
                percent(feature.importance),
                format!("{:.3}", feature.auc),
            ]
        };
        let rows: Vec<Vec<String>> = self.domain.features.iter().take(SHOWN).map(shown).collect();
        let mut text = String::new();
        if !rows.is_empty() {
            text.push_str(&grid(&["feature that differs", "importance", "AUC alone"], &rows));
            text.push_str("\n\n");
        }
        if let Some(RelationReport { found, .. }) = &self.relation
            && !found.features.is_empty()
        {
            let shown = found.features.iter().take(SHOWN).map(|it| {
                vec![
                    it.feature.clone(),
                    if it.shifted { "changed" } else { "unchanged" }.to_owned(),
                    p_value(it.p_value_adjusted),
                    format!("{:.3}", it.effect),
                    it.most
                        .as_ref()
                        .filter(|_| it.shifted)
                        .map(|most| most.text())
                        .unwrap_or_default(),
                ]
            });
            let rows: Vec<Vec<String>> = shown.collect();
            text.push_str(&grid(
                &["relation to the target", "verdict", "adjusted p", "effect", "largest change"],
                &rows,
            ));
            text.push_str("\n\n");
            if let Some(it) = &found.recalibration {
                text.push_str(&format!(
                    "scores: intercept {:.2}, slope {:.2} (in training {:.2} and {:.2}), adjusted p {}; {} training rows and {} production rows with an outcome\n",
                    it.production.intercept,
                    it.production.slope,
                    it.reference.intercept,
                    it.reference.slope,
                    p_value(it.p_value_adjusted),
                    number(found.rows_reference as u64),
                    number(found.rows_production as u64)
                ));
            }
        }
        if let Some(gain) = self.relation.as_ref().and_then(|relation| relation.found.label_gain) {
            text.push_str(&format!("{}\n", gain_text(&gain)));
        }
        if let Some(labels) = &self.labels {
            text.push_str(&format!("{}\n", labels.text()));
        }
        let Domain { score, low, high, rows, .. } = self.domain;
        text.push_str(&format!(
            "AUC {score:.3} ({low:.3} to {high:.3}; threshold {}), {} rows from each data set, {} customers in both\n{}",
            self.threshold,
            number(rows as u64),
            number(self.domain.customers_on_both_sides as u64),
            self.verdict.name().to_uppercase()
        ));
        if let Some(why) = &self.why {
            text.push_str(&format!(": {why}"));
        }
        if let Some(retrain) = &self.retrain {
            text.push_str(&format!("\n{}", retrain.text()));
        }
        text
    }

    fn metrics(&self) -> Vec<Metrics> {
        let relation = self.relation.as_ref().map(|relation| &relation.found);
        let changed =
            relation.map_or(0, |found| found.features.iter().filter(|it| it.shifted).count());
        let values = vec![
            ("roc_auc", "None", self.domain.score),
            ("changed_relations", "Count", changed as f64),
        ];
        vec![Metrics { dimensions: Vec::new(), values }]
    }

    fn exit(&self) -> Exit {
        if self.fail_on_verdict && self.verdict == Verdict::Shifted {
            Exit::Verdict
        } else {
            Exit::Done
        }
    }
}

/// For people.
pub(crate) fn gain_text(gain: &LabelGain) -> String {
    let LabelGain { without, with, difference, interval: [low, high] } = gain;
    format!(
        "with the outcome, the classifier separates both data sets with AUC {with:.3} instead of {without:.3} ({difference:+.3}, {low:+.3} to {high:+.3})"
    )
}
