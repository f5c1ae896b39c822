use jiff::Timestamp;
use mlops_core::ports::RetrainHistory;
use mlops_core::table::Table;
use mlops_core::verdict::Verdict;
use mlops_detect::concept::{DomainPolicy, tell_apart};
use mlops_detect::performance::{PerformancePolicy, TrainingFigures, judge, realised};
use mlops_detect::policy::{Answer, RetrainPolicy, Situation};
use mlops_detect::shift::{FeatureSet, RetrainAdvice, RetrainRule, Roles, ShiftPolicy, compare};
use mlops_model::metrics::Metrics;
use mlops_model::{ModelError, Progress};
use mlops_stats::profile::Profile;
use serde::Serialize;

/// Threshold of high risk. No verdict depends on it.
const HIGH_RISK: f64 = 0.5;

/// Verdicts of the monitors, with their default settings, for changed production data.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Said {
    /// The verdict of `drift`.
    pub drift: &'static str,
    /// The shifted features.
    pub drifted: Vec<String>,
    /// The verdict of `concept-shift`.
    pub concept_shift: &'static str,
    /// The area under the ROC curve of the classifier that tells production from training; none
    /// where there are too few rows.
    pub domain_roc_auc: Option<f64>,
    /// The verdict of `performance`, once outcomes are known.
    pub performance: &'static str,
    /// Decision of the policy: `retrain (MONITOR)` or `keep`.
    pub policy: String,
}

/// Reference data of the monitors.
pub(super) struct Monitors {
    features: FeatureSet,
    reference: Table,
    training: Option<TrainingFigures>,
}

impl Monitors {
    /// `metrics` are those of the rows as they were.
    pub(super) fn new(reference: &Table, roles: &Roles, metrics: &Metrics) -> Self {
        let features = FeatureSet::new(Profile::of_table(reference), roles);
        let reference = reference.clone().select(&features.kinds());
        Self { features, reference, training: TrainingFigures::of(metrics) }
    }

    /// Returns the verdicts of all monitors.
    pub(super) fn ask(
        &self,
        production: &Table,
        labels: &[bool],
        predicted: &[f64],
    ) -> Result<Said, ModelError> {
        let shift = compare(
            &self.features.reference,
            &self.features.select(Profile::of_table(production)),
            &ShiftPolicy::default(),
        );
        let shifted = shift.features.iter().filter(|feature| feature.verdict == Verdict::Shifted);
        let drifted: Vec<String> = shifted.map(|feature| feature.feature.clone()).collect();
        let none = Progress::none();
        let policy = DomainPolicy::default();
        let domain = tell_apart(
            self.reference.clone().into(),
            production.clone().select(&self.features.kinds()).into(),
            &policy,
            &none,
        )?;
        let is_high: Vec<bool> =
            predicted.iter().map(|probability| *probability >= HIGH_RISK).collect();
        let found = realised(labels, predicted, &is_high, 0.95);
        let performance =
            found.map(|found| judge(&found, self.training.as_ref(), &PerformancePolicy::default()));
        let unknown = Verdict::Inconclusive("no prediction has an outcome".to_owned());
        let performance = performance.map_or(unknown, |judged| judged.verdict);
        let requests = [
            ("drift", RetrainRule::Any.advise(&shift, &Default::default())),
            ("concept-shift", advice(&domain.verdict)),
            ("performance", advice(&performance)),
        ];
        Ok(Said {
            drift: shift.verdict.name(),
            drifted,
            concept_shift: domain.verdict.name(),
            domain_roc_auc: (domain.score.is_finite()).then_some(domain.score),
            performance: performance.name(),
            policy: answer(requests),
        })
    }
}

fn advice(verdict: &Verdict) -> RetrainAdvice {
    match verdict {
        Verdict::Shifted => RetrainAdvice::Retrain(verdict.name().to_owned()),
        _ => RetrainAdvice::Keep(verdict.name().to_owned()),
    }
}

/// Returns the first monitor whose retrain request the policy grants, without a recent retrain.
fn answer<'j>(requests: impl IntoIterator<Item = (&'j str, RetrainAdvice)>) -> String {
    let history = RetrainHistory { released_at: None, new_outcomes: None, recent: Vec::new() };
    let grants = |(job, advice): (&str, RetrainAdvice)| {
        let situation =
            Situation { now: Timestamp::UNIX_EPOCH, job, under_way: None, history: &history };
        let answer = RetrainPolicy::default().answer(advice, &situation);
        matches!(answer, Answer::Retrain(_)).then(|| format!("retrain ({job})"))
    };
    requests.into_iter().find_map(grants).unwrap_or_else(|| "keep".to_owned())
}
