//! The gate: decides whether a candidate model (challenger) may replace the current one (champion).

use std::collections::BTreeMap;

use serde::Serialize;

use super::CalibrationMethod;
use super::metrics::{
    Difference, Metrics, auc_difference, log_loss, loss_difference, spiegelhalter,
};

/// The level of the test of calibration. A scheduled retrain makes it often, and a false alarm
/// refuses a good model.
const CALIBRATION_LEVEL: f64 = 0.001;

/// Minimum number of rows of each outcome in a comparison.
pub const MIN_COMPARISON_OUTCOMES: usize = 20;

/// Segments with fewer rows of either outcome are not checked.
const MIN_SEGMENT_ROWS: usize = 50;

/// The limits of the gate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GatePolicy {
    /// Maximum loss of ROC AUC.
    pub margin_auc: f64,
    /// Maximum rise of log loss, in nats.
    pub margin_log_loss: f64,
    /// Confidence level of the intervals.
    pub confidence: f64,
    /// Maximum calibration error.
    pub max_calibration_error: f64,
    /// Minimum number of rows that the models are compared on.
    pub min_comparison_rows: usize,
    /// Whether a candidate is accepted that cannot be compared with the current model.
    pub accept_inconclusive: bool,
}

impl Default for GatePolicy {
    fn default() -> Self {
        Self {
            margin_auc: 0.005,
            margin_log_loss: 0.005,
            confidence: 0.95,
            max_calibration_error: 0.05,
            min_comparison_rows: 200,
            accept_inconclusive: false,
        }
    }
}

/// Held-out rows with the predicted probabilities of both models.
#[derive(Debug, Clone, Copy)]
pub struct HeldOut<'a> {
    /// The outcomes of the rows.
    pub labels: &'a [bool],
    /// Predicted probabilities of the candidate model.
    pub challenger: &'a [f64],
    /// The current model, if there is one.
    pub champion: Option<Champion<'a>>,
    /// The share of positives in the training data of the candidate model.
    pub base_rate: f64,
    /// The calibration of the candidate model.
    pub calibration: CalibrationMethod,
    /// The segment of each row, if segments are checked.
    pub segments: Option<&'a [Option<String>]>,
}

/// The current model on the held-out rows.
#[derive(Debug, Clone, Copy)]
pub struct Champion<'a> {
    /// Its predicted probabilities, or why it cannot predict.
    pub probabilities: Result<&'a [f64], &'a str>,
    /// Whether each row is known to be new to it.
    pub is_new: &'a [bool],
}

/// A comparison with the current model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Whether it decides.
    pub conclusive: bool,
    /// Why it does not.
    pub inconclusive: Option<String>,
    /// Number of held-out rows that are known to be new to the current model.
    pub rows: u64,
    /// Metrics of the candidate model on these rows.
    pub challenger: Metrics,
    /// Metrics of the current model on the same rows, if it can predict them.
    pub champion: Option<Metrics>,
}

/// The decision of the gate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GateReport {
    /// Whether the candidate model may replace the current one.
    pub accepted: bool,
    /// The reasons of a rejection.
    pub reasons: Vec<String>,
    /// ROC AUC of the candidate model minus that of the current model.
    pub roc_auc: Option<Difference>,
    /// Log loss of the candidate model minus that of the current model.
    pub log_loss: Option<Difference>,
    /// The comparison with the current model, if there is one.
    pub comparison: Option<Comparison>,
}

/// Decides whether a candidate model is accepted.
///
/// Both models are compared on the held-out rows that are known to be new to the current model. The
/// comparison is inconclusive if these are too few, or if the current model cannot predict them.
///
/// A candidate is rejected for any of these reasons:
/// - Its log loss or AUC is worse than the current model's by more than the margin, and the
///   confidence interval of the difference excludes 0.
/// - In a segment, the whole interval of the difference in log loss is above the margin.
/// - The comparison is inconclusive, and the policy does not accept that.
/// - Its calibration error is above the maximum, and Spiegelhalter's test is significant at 0.1%.
/// - Its log loss is not below that of the base rate, or the interval of its AUC includes 0.5. On
///   shuffled outcomes the current model is no better, so that the comparison alone would accept.
pub fn judge(held_out: HeldOut<'_>, policy: &GatePolicy) -> GateReport {
    let mut reasons = without_skill(&held_out, policy);
    reasons.extend(not_calibrated(&held_out, policy));
    let mut report =
        GateReport { accepted: false, reasons, roc_auc: None, log_loss: None, comparison: None };
    if let Some(champion) = held_out.champion {
        compare(&held_out, champion, policy, &mut report);
    }
    report.accepted = report.reasons.is_empty();
    report
}

/// Returns the reasons why a model is no better than the base rate.
fn without_skill(held_out: &HeldOut<'_>, policy: &GatePolicy) -> Vec<String> {
    let HeldOut { labels, challenger, base_rate, .. } = *held_out;
    let mut reasons = Vec::new();
    let chance = vec![base_rate; labels.len()];
    match (log_loss(labels, challenger), log_loss(labels, &chance)) {
        (Some(loss), Some(base)) if loss < base => {}
        (Some(loss), Some(base)) => reasons.push(format!(
            "log loss {loss:.4} is not below {base:.4}, the log loss of the base rate"
        )),
        _ => reasons.push("there are no held-out rows to evaluate the model on".to_owned()),
    }
    if let Some(found) = auc_difference(labels, challenger, &chance, policy.confidence)
        && found.low <= 0.0
    {
        let (auc, low, high) = (0.5 + found.difference, 0.5 + found.low, 0.5 + found.high);
        reasons
            .push(format!("AUC {auc:.3} is not above 0.5, the AUC of a random model ({:.0}% confidence interval {low:.3} to {high:.3})", 100.0 * policy.confidence));
    }
    reasons
}

/// Returns the reason why the probabilities of a model are not calibrated.
fn not_calibrated(held_out: &HeldOut<'_>, policy: &GatePolicy) -> Option<String> {
    let HeldOut { labels, challenger, base_rate, .. } = *held_out;
    let Metrics { n, positives, ece, .. } = Metrics::of(labels, challenger);
    let (error, (z, p_value)) = (ece?, spiegelhalter(labels, challenger)?);
    if error <= policy.max_calibration_error || p_value >= CALIBRATION_LEVEL {
        return None;
    }
    let observed = positives as f64 / n as f64;
    let advice = match held_out.calibration {
        CalibrationMethod::None => "try `calibration = \"sigmoid\"` in the recipe".to_owned(),
        _ => format!(
            "the recipe calibrates the model already, so compare the held-out rows with the training rows, whose share of positives is {base_rate:.3}"
        ),
    };
    Some(format!(
        "the model is not calibrated: calibration error {error:.3} (maximum {}, --max-calibration-error), mean predicted probability {:.3}, observed share {observed:.3} of {n} rows, z = {z:.1}, p = {p_value:.1e} (level {CALIBRATION_LEVEL}); {advice}",
        policy.max_calibration_error,
        challenger.iter().sum::<f64>() / n as f64,
    ))
}

/// Compares the candidate model with the current model.
fn compare(
    held_out: &HeldOut<'_>,
    champion: Champion<'_>,
    policy: &GatePolicy,
    report: &mut GateReport,
) {
    let new: Vec<usize> = (0..held_out.labels.len()).filter(|row| champion.is_new[*row]).collect();
    let labels: Vec<bool> = new.iter().map(|row| held_out.labels[*row]).collect();
    let of = |all: &[f64]| new.iter().map(|row| all[*row]).collect::<Vec<f64>>();
    let challenger = of(held_out.challenger);
    let probabilities = champion.probabilities.map(of);
    let metrics = Metrics::of(&labels, &challenger);
    let positives = metrics.positives as usize;
    let outcomes = positives.min(labels.len() - positives);
    let inconclusive = match &probabilities {
        Err(why) => Some((*why).to_owned()),
        Ok(_) if labels.len() < policy.min_comparison_rows => Some(format!(
            "{} of {} held-out rows are known to be new to it; at least {} are needed (--min-comparison-rows)",
            labels.len(),
            held_out.labels.len(),
            policy.min_comparison_rows
        )),
        Ok(_) if outcomes < MIN_COMPARISON_OUTCOMES => Some(format!(
            "of {} held-out rows that are known to be new to it, {positives} are positive; at least {MIN_COMPARISON_OUTCOMES} rows of each outcome are needed",
            labels.len()
        )),
        Ok(_) => None,
    };
    report.comparison = Some(Comparison {
        conclusive: inconclusive.is_none(),
        inconclusive: inconclusive.clone(),
        rows: labels.len() as u64,
        challenger: metrics,
        champion: probabilities.as_ref().ok().map(|of_champion| Metrics::of(&labels, of_champion)),
    });
    match (inconclusive, probabilities) {
        (None, Ok(champion)) => {
            let segments = held_out.segments;
            let segments: Option<Vec<Option<String>>> = segments
                .map(|segments| new.iter().map(|row| segments[*row].clone()).collect());
            let rows = Compared { labels: &labels, challenger: &challenger, champion: &champion };
            rows.judge(segments.as_deref(), policy, report);
        }
        (Some(why), _) if !policy.accept_inconclusive => report.reasons.push(format!(
            "the comparison with the current model is inconclusive: {why}. `--when-inconclusive accept` publishes without a comparison"
        )),
        _ => {}
    }
}

/// Rows with the predicted probabilities of both models.
struct Compared<'a> {
    labels: &'a [bool],
    challenger: &'a [f64],
    champion: &'a [f64],
}

impl Compared<'_> {
    fn judge(
        &self,
        segments: Option<&[Option<String>]>,
        policy: &GatePolicy,
        report: &mut GateReport,
    ) {
        let Self { labels, challenger, champion } = *self;
        report.roc_auc = auc_difference(labels, challenger, champion, policy.confidence);
        report.log_loss = loss_difference(labels, challenger, champion, policy.confidence);
        if let Some(found) = &report.roc_auc
            && found.difference < -policy.margin_auc
            && found.high < 0.0
        {
            report.reasons.push(format!(
                "AUC is {:.4} below the current model's{}",
                -found.difference,
                interval(found, policy)
            ));
        }
        if let Some(found) = &report.log_loss
            && found.difference > policy.margin_log_loss
            && found.low > 0.0
        {
            report.reasons.push(format!(
                "log loss is {:.4} above the current model's{}",
                found.difference,
                interval(found, policy)
            ));
        }
        let segments = segments.into_iter();
        report.reasons.extend(segments.flat_map(|segments| worse_segments(self, segments, policy)));
    }
}

fn worse_segments(
    compared: &Compared<'_>,
    segments: &[Option<String>],
    policy: &GatePolicy,
) -> Vec<String> {
    let mut rows: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (row, segment) in segments.iter().enumerate() {
        rows.entry(segment.as_deref().unwrap_or("(missing)")).or_default().push(row);
    }
    let is_worse = |(segment, rows): (&str, Vec<usize>)| {
        let labels: Vec<bool> = rows.iter().map(|row| compared.labels[*row]).collect();
        let positives = labels.iter().filter(|label| **label).count();
        if positives < MIN_SEGMENT_ROWS || labels.len() - positives < MIN_SEGMENT_ROWS {
            return None;
        }
        let of = |all: &[f64]| rows.iter().map(|row| all[*row]).collect::<Vec<f64>>();
        let (challenger, champion) = (of(compared.challenger), of(compared.champion));
        let found = loss_difference(&labels, &challenger, &champion, policy.confidence)?;
        (found.low > policy.margin_log_loss).then(|| {
            let more = found.difference;
            format!(
                "in the segment {segment} log loss is {more:.4} above the current model's{}",
                interval(&found, policy)
            )
        })
    };
    rows.into_iter().filter_map(is_worse).collect()
}

fn interval(found: &Difference, policy: &GatePolicy) -> String {
    let confidence = 100.0 * policy.confidence;
    format!(
        " ({confidence:.0}% confidence interval of the difference {:.4} to {:.4})",
        found.low, found.high
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    /// Returns outcomes, and the predictions of a true champion and of a challenger that is `off` by
    /// so much in log-odds, with `noise`.
    fn rows(off: f64, noise: f64) -> (Vec<bool>, Vec<f64>, Vec<f64>, Vec<Option<String>>) {
        let mut random = Random::new(7, 0);
        let (mut labels, mut champion, mut challenger, mut segments) =
            (vec![], vec![], vec![], vec![]);
        for row in 0..4000 {
            let score = 4.0 * random.unit() - 2.0;
            let share = |score: f64| 1.0 / (1.0 + (-score).exp());
            labels.push(random.unit() < share(score));
            champion.push(share(score));
            challenger.push(share(score + off + noise * (random.unit() - 0.5)));
            segments.push(Some(if row % 4 == 0 { "b" } else { "a" }.to_owned()));
        }
        (labels, champion, challenger, segments)
    }

    fn judged(off: f64, noise: f64) -> GateReport {
        let (labels, champion, challenger, segments) = rows(off, noise);
        let held_out = HeldOut {
            labels: &labels,
            challenger: &challenger,
            champion: Some(all_new(&champion)),
            base_rate: 0.5,
            calibration: CalibrationMethod::None,
            segments: Some(&segments),
        };
        judge(held_out, &GatePolicy::default())
    }

    fn all_new(champion: &[f64]) -> Champion<'_> {
        Champion { probabilities: Ok(champion), is_new: &[true; 4000][..champion.len()] }
    }

    #[test]
    fn as_good_is_good_enough_and_worse_is_not() {
        assert!(judged(0.0, 0.0).accepted);
        assert!(judged(0.0, 0.2).accepted, "{:?}", judged(0.0, 0.2));
        let noisy = judged(0.0, 4.0).reasons.join("; ");
        assert!(noisy.contains("AUC") && noisy.contains("log loss"), "{noisy}");
        let off = judged(1.0, 0.0).reasons.join("; ");
        assert!(
            off.contains("not calibrated") && off.contains("log loss") && !off.contains("AUC"),
            "{off}"
        );
    }

    #[test]
    fn a_segment_that_is_worse_is_named() {
        let (labels, champion, _, segments) = rows(0.0, 0.0);
        let turned = |(p, segment): (&f64, &Option<String>)| {
            if segment.as_deref() == Some("b") { 1.0 - p } else { *p }
        };
        let challenger: Vec<f64> = champion.iter().zip(&segments).map(turned).collect();
        let policy = GatePolicy { margin_auc: 1.0, margin_log_loss: 1.0, ..GatePolicy::default() };
        let held_out = |margin_log_loss| {
            let held_out = HeldOut {
                labels: &labels,
                challenger: &challenger,
                champion: Some(all_new(&champion)),
                base_rate: 0.5,
                calibration: CalibrationMethod::None,
                segments: Some(&segments),
            };
            judge(held_out, &GatePolicy { margin_log_loss, ..policy }).reasons.join("; ")
        };
        assert!(held_out(0.1).contains("in the segment b "), "{}", held_out(0.1));
        assert!(!held_out(0.1).contains("in the segment a "));
    }

    #[test]
    fn the_base_rate_is_to_be_beaten() {
        let (labels, ..) = rows(0.0, 0.0);
        let constant = vec![0.5; labels.len()];
        let held_out = HeldOut {
            labels: &labels,
            challenger: &constant,
            champion: None,
            base_rate: 0.5,
            calibration: CalibrationMethod::None,
            segments: None,
        };
        let reasons = judge(held_out, &GatePolicy::default()).reasons;
        assert!(reasons[0].contains("the log loss of the base rate"), "{reasons:?}");
    }

    #[test]
    fn a_model_of_shuffled_outcomes_is_rejected_though_the_current_one_is_no_better() {
        let (labels, champion, ..) = rows(0.0, 0.0);
        let mut random = Random::new(8, 0);
        let mixed: Vec<bool> =
            random.permutation(labels.len()).into_iter().map(|row| labels[row as usize]).collect();
        // Slightly better than the base rate, by chance.
        let challenger: Vec<f64> = mixed
            .iter()
            .map(|label| {
                0.5 + 0.02 * (random.unit() - 0.5) + if *label { 0.00005 } else { -0.00005 }
            })
            .collect();
        let held_out = HeldOut {
            labels: &mixed,
            challenger: &challenger,
            champion: Some(all_new(&champion)),
            base_rate: 0.5,
            calibration: CalibrationMethod::None,
            segments: None,
        };
        let reasons = judge(held_out, &GatePolicy::default()).reasons;
        assert!(
            reasons.iter().any(|reason| reason.contains("the AUC of a random model")),
            "{reasons:?}"
        );
    }

    #[test]
    fn too_few_new_rows_are_no_comparison() {
        let (labels, champion, ..) = rows(0.0, 0.0);
        let judged = |probabilities: Result<&[f64], &str>, new: usize, accept_inconclusive| {
            let is_new: Vec<bool> = (0..labels.len()).map(|row| row < new).collect();
            let held_out = HeldOut {
                labels: &labels,
                challenger: &champion,
                champion: Some(Champion { probabilities, is_new: &is_new }),
                base_rate: 0.5,
                calibration: CalibrationMethod::None,
                segments: None,
            };
            judge(held_out, &GatePolicy { accept_inconclusive, ..GatePolicy::default() })
        };
        let found = judged(Ok(&champion), 200, false);
        assert!(found.accepted && found.comparison.is_some_and(|found| found.conclusive));
        let found = judged(Ok(&champion), 199, false);
        assert!(found.reasons[0].contains("199 of 4000 held-out rows"), "{:?}", found.reasons);
        assert!(found.roc_auc.is_none() && !found.accepted);
        let found = judged(Err("there is no column `plan`"), 4000, false);
        assert!(found.reasons[0].contains("no column `plan`"), "{:?}", found.reasons);
        let found = judged(Ok(&champion), 0, true);
        assert!(found.accepted && found.comparison.is_some_and(|found| !found.conclusive));
    }

    #[test]
    fn the_reason_of_a_calibration_error_advises_what_the_recipe_does_not_have() {
        let (labels, _, challenger, _) = rows(1.0, 0.0);
        let judged = |calibration, max_calibration_error| {
            let held_out = HeldOut {
                labels: &labels,
                challenger: &challenger,
                champion: None,
                base_rate: 0.5,
                calibration,
                segments: None,
            };
            let policy = GatePolicy { max_calibration_error, ..GatePolicy::default() };
            judge(held_out, &policy).reasons.join("; ")
        };
        let plain = judged(CalibrationMethod::None, 0.05);
        for words in ["calibration error 0.1", "maximum 0.05", "observed share 0.5", "sigmoid"] {
            assert!(plain.contains(words), "no `{words}` in {plain}");
        }
        let calibrated = judged(CalibrationMethod::Sigmoid, 0.05);
        assert!(!calibrated.contains("calibration = ") && calibrated.contains("already"));
        assert_eq!(judged(CalibrationMethod::None, 0.5), "");
    }
}
