//! The gate: decides whether a candidate model (challenger) may replace the current one (champion).

use std::collections::BTreeMap;

use serde::Serialize;

use super::metrics::{
    Difference, Metrics, auc_difference, log_loss, loss_difference, spiegelhalter,
};

/// A model is not calibrated if its calibration error is above this threshold and the test of
/// calibration is significant.
const MAX_CALIBRATION_ERROR: f64 = 0.05;
const CALIBRATION_SIGNIFICANCE: f64 = 0.01;

/// Segments with fewer rows of either outcome are not checked.
const MIN_SEGMENT_ROWS: usize = 50;

/// The maximum loss of performance against the current model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GatePolicy {
    /// Maximum loss of ROC AUC.
    pub margin_auc: f64,
    /// Maximum rise of log loss, in nats.
    pub margin_log_loss: f64,
    /// Confidence level of the intervals.
    pub confidence: f64,
}

impl Default for GatePolicy {
    fn default() -> Self {
        Self { margin_auc: 0.005, margin_log_loss: 0.005, confidence: 0.95 }
    }
}

/// Held-out rows with the predicted probabilities of both models.
#[derive(Debug, Clone, Copy)]
pub struct HeldOut<'a> {
    /// The outcomes of the rows.
    pub labels: &'a [bool],
    /// Predicted probabilities of the candidate model.
    pub challenger: &'a [f64],
    /// Predicted probabilities of the current model, if there is one.
    pub champion: Option<&'a [f64]>,
    /// The share of positives in the training data of the candidate model.
    pub base_rate: f64,
    /// The segment of each row, if segments are checked.
    pub segments: Option<&'a [Option<String>]>,
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
}

/// Decides whether a candidate model is accepted. All figures are of the same held-out rows.
///
/// A candidate is rejected for any of these reasons:
/// - Its log loss or AUC is worse than the current model's by more than the margin, and the
///   confidence interval of the difference excludes 0.
/// - In a segment, the whole interval of the difference in log loss is above the margin.
/// - Its calibration error is above 0.05, and Spiegelhalter's test is significant.
/// - Its log loss is not below that of the base rate, or the interval of its AUC includes 0.5. On
///   shuffled outcomes the current model is no better, so that the comparison alone would accept.
pub fn judge(held_out: HeldOut<'_>, policy: &GatePolicy) -> GateReport {
    let HeldOut { labels, challenger, champion, base_rate, segments } = held_out;
    let mut reasons = Vec::new();
    let loss = log_loss(labels, challenger);
    let chance = vec![base_rate; labels.len()];
    match (loss, log_loss(labels, &chance)) {
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
    let error = Metrics::of(labels, challenger).ece.unwrap_or(0.0);
    if let Some((_, p_value)) = spiegelhalter(labels, challenger)
        && error > MAX_CALIBRATION_ERROR
        && p_value < CALIBRATION_SIGNIFICANCE
    {
        reasons.push(format!(
            "the model is not calibrated: calibration error {error:.3} (threshold {MAX_CALIBRATION_ERROR}, p = {p_value:.1e}). Try `calibration = \"sigmoid\"` in the recipe"
        ));
    }
    let (mut roc_auc, mut log_loss) = (None, None);
    if let Some(champion) = champion {
        roc_auc = auc_difference(labels, challenger, champion, policy.confidence);
        log_loss = loss_difference(labels, challenger, champion, policy.confidence);
        if let Some(found) = &roc_auc
            && found.difference < -policy.margin_auc
            && found.high < 0.0
        {
            reasons.push(format!(
                "AUC is {:.4} below the current model's{}",
                -found.difference,
                interval(found, policy)
            ));
        }
        if let Some(found) = &log_loss
            && found.difference > policy.margin_log_loss
            && found.low > 0.0
        {
            reasons.push(format!(
                "log loss is {:.4} above the current model's{}",
                found.difference,
                interval(found, policy)
            ));
        }
        reasons.extend(
            segments
                .into_iter()
                .flat_map(|segments| worse_segments(&held_out, champion, segments, policy)),
        );
    }
    GateReport { accepted: reasons.is_empty(), reasons, roc_auc, log_loss }
}

fn worse_segments(
    held_out: &HeldOut<'_>,
    champion: &[f64],
    segments: &[Option<String>],
    policy: &GatePolicy,
) -> Vec<String> {
    let mut rows: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (row, segment) in segments.iter().enumerate() {
        rows.entry(segment.as_deref().unwrap_or("(missing)")).or_default().push(row);
    }
    let is_worse = |(segment, rows): (&str, Vec<usize>)| {
        let labels: Vec<bool> = rows.iter().map(|row| held_out.labels[*row]).collect();
        let positives = labels.iter().filter(|label| **label).count();
        if positives < MIN_SEGMENT_ROWS || labels.len() - positives < MIN_SEGMENT_ROWS {
            return None;
        }
        let of = |all: &[f64]| rows.iter().map(|row| all[*row]).collect::<Vec<f64>>();
        let found =
            loss_difference(&labels, &of(held_out.challenger), &of(champion), policy.confidence)?;
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
            champion: Some(&champion),
            base_rate: 0.5,
            segments: Some(&segments),
        };
        judge(held_out, &GatePolicy::default())
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
                champion: Some(&champion),
                base_rate: 0.5,
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
            champion: Some(&champion),
            base_rate: 0.5,
            segments: None,
        };
        let reasons = judge(held_out, &GatePolicy::default()).reasons;
        assert!(
            reasons.iter().any(|reason| reason.contains("the AUC of a random model")),
            "{reasons:?}"
        );
    }
}
