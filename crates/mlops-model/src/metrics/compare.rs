use serde::Serialize;
use statrs::distribution::{ContinuousCDF, Normal};

use super::check::{check, check_both};
use super::loss::row_log_loss;
use super::rank::midranks;

/// How much better one model is than another on the same rows, with an interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Difference {
    /// The first one's figure less the second one's.
    pub difference: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Difference {
    fn new(difference: f64, variance: f64, confidence: f64) -> Self {
        let standard_error = variance.max(0.0).sqrt();
        let quantile =
            Normal::standard().inverse_cdf(0.5 + 0.5 * confidence.clamp(0.0, 1.0 - 1e-12));
        let half = quantile * standard_error;
        Self { difference, standard_error, low: difference - half, high: difference + half }
    }
}

/// The difference of the areas under two ROC curves over the same rows.
///
/// # Source
///
/// E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson, Biometrics 44 (1988) 837–845, by midranks
/// as in X. Sun and W. Xu, "Fast implementation of DeLong's algorithm", IEEE Signal Processing
/// Letters 21 (2014) 1389–1393.
pub fn auc_difference(
    labels: &[bool],
    one: &[f64],
    other: &[f64],
    confidence: f64,
) -> Option<Difference> {
    let (positives, negatives) = check_both(labels, one)?;
    check_both(labels, other)?;
    if positives < 2.0 || negatives < 2.0 {
        return None;
    }
    let (one, other) = (Placements::of(labels, one), Placements::of(labels, other));
    let variance_of = |one: &[f64], other: &[f64]| {
        variance_of_mean(&one.iter().zip(other).map(|(a, b)| a - b).collect::<Vec<f64>>())
    };
    let variance = variance_of(&one.of_positives, &other.of_positives)
        + variance_of(&one.of_negatives, &other.of_negatives);
    Some(Difference::new(one.auc() - other.auc(), variance, confidence))
}

/// The area under a ROC curve, and the variance of that estimate.
///
/// # Source
///
/// As [`auc_difference`].
pub fn auc_with_variance(labels: &[bool], scores: &[f64]) -> Option<(f64, f64)> {
    let (positives, negatives) = check_both(labels, scores)?;
    if positives < 2.0 || negatives < 2.0 {
        return None;
    }
    let placements = Placements::of(labels, scores);
    Some((
        placements.auc(),
        variance_of_mean(&placements.of_positives) + variance_of_mean(&placements.of_negatives),
    ))
}

/// The area under a ROC curve, and how far each row moves it: the parts of the rows sum to zero. The
/// sum of their squares is the variance of the area for independent rows. For rows in groups, it is
/// the sum of the squared sums of the groups.
///
/// # Source
///
/// N. A. Obuchowski, "Nonparametric analysis of clustered ROC curve data", Biometrics 53 (1997)
/// 567–578.
pub fn auc_with_parts(labels: &[bool], scores: &[f64]) -> Option<(f64, Vec<f64>)> {
    let (positives, negatives) = check_both(labels, scores)?;
    let placements = Placements::of(labels, scores);
    let auc = placements.auc();
    let mut of_positives = placements.of_positives.iter().map(|place| (place - auc) / positives);
    let mut of_negatives = placements.of_negatives.iter().map(|place| (place - auc) / negatives);
    let part = |label: &bool| if *label { of_positives.next() } else { of_negatives.next() };
    Some((auc, labels.iter().filter_map(part).collect()))
}

fn variance_of_mean(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0) / n
}

/// The share of the other class that each row stands on the right side of.
struct Placements {
    of_positives: Vec<f64>,
    of_negatives: Vec<f64>,
}

impl Placements {
    fn of(labels: &[bool], scores: &[f64]) -> Self {
        let of_class = |class: bool| -> Vec<f64> {
            scores
                .iter()
                .zip(labels)
                .filter(|(_, label)| **label == class)
                .map(|(score, _)| *score)
                .collect()
        };
        let (positives, negatives) = (of_class(true), of_class(false));
        let among_all = midranks(scores);
        let ranks = |class: bool| {
            among_all
                .iter()
                .zip(labels)
                .filter(move |(_, label)| **label == class)
                .map(|(rank, _)| rank)
        };
        let (m, n) = (positives.len() as f64, negatives.len() as f64);
        let of_positives =
            ranks(true).zip(midranks(&positives)).map(|(all, own)| (all - own) / n).collect();
        let of_negatives = ranks(false)
            .zip(midranks(&negatives))
            .map(|(all, own)| 1.0 - (all - own) / m)
            .collect();
        Self { of_positives, of_negatives }
    }

    fn auc(&self) -> f64 {
        self.of_positives.iter().sum::<f64>() / self.of_positives.len() as f64
    }
}

/// The difference of two log losses over the same rows; negative where the first model is better.
pub fn loss_difference(
    labels: &[bool],
    one: &[f64],
    other: &[f64],
    confidence: f64,
) -> Option<Difference> {
    check(labels, one)?;
    check(labels, other)?;
    let n = labels.len() as f64;
    let rows = labels.iter().zip(one.iter().zip(other));
    let differences: Vec<f64> =
        rows.map(|(y, (a, b))| row_log_loss(*y, *a) - row_log_loss(*y, *b)).collect();
    let mean = differences.iter().sum::<f64>() / n;
    let variance = differences.iter().map(|difference| (difference - mean).powi(2)).sum::<f64>()
        / (n - 1.0).max(1.0)
        / n;
    Some(Difference::new(mean, variance, confidence))
}
