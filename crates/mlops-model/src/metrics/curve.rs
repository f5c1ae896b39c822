use serde::Serialize;
use statrs::distribution::{ContinuousCDF, Normal};

use super::check::check;

/// Rows with like probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CalibrationBin {
    /// Rows.
    pub n: u64,
    /// The mean of their probabilities.
    pub predicted: f64,
    /// Their share of positives.
    pub observed: f64,
    /// The variance of their number of positives if the probabilities are right.
    #[serde(skip)]
    pub variance: f64,
}

/// Returns the calibration curve: observed share and mean predicted probability in bins of equal
/// width over 0 to 1. Empty bins are left out.
///
/// # Source
///
/// scikit-learn's `calibration_curve`; a probability on an edge falls into the bin below it.
pub fn calibration_curve(
    labels: &[bool],
    probabilities: &[f64],
    bins: usize,
) -> Option<Vec<CalibrationBin>> {
    check(labels, probabilities)?;
    let edges: Vec<f64> = (1..bins).map(|edge| edge as f64 / bins as f64).collect();
    let mut sums = vec![(0u64, 0.0, 0u64, 0.0); bins.max(1)];
    for (label, probability) in labels.iter().zip(probabilities) {
        let (n, predicted, positives, variance) =
            &mut sums[edges.partition_point(|edge| edge < probability)];
        *n += 1;
        *predicted += probability;
        *positives += u64::from(*label);
        *variance += probability * (1.0 - probability);
    }
    let of_bin = |(n, predicted, positives, variance): (u64, f64, u64, f64)| CalibrationBin {
        n,
        predicted: predicted / n as f64,
        observed: positives as f64 / n as f64,
        variance,
    };
    Some(sums.into_iter().filter(|(n, ..)| *n > 0).map(of_bin).collect())
}

/// The mean distance of the calibration curve from the diagonal, weighted by rows.
///
/// # Source
///
/// M. P. Naeini, G. F. Cooper and M. Hauskrecht, "Obtaining well calibrated probabilities using
/// Bayesian binning", AAAI 2015.
pub fn expected_calibration_error(
    labels: &[bool],
    probabilities: &[f64],
    bins: usize,
) -> Option<f64> {
    let curve = calibration_curve(labels, probabilities, bins)?;
    let off = |bin: &CalibrationBin| bin.n as f64 * (bin.observed - bin.predicted).abs();
    Some(curve.iter().map(off).sum::<f64>() / labels.len() as f64)
}

/// Spiegelhalter's test of calibration: z, and the chance of one as far from 0 if the probabilities
/// are right. `None` where all of them are 0, 1/2 or 1, about which it says nothing.
///
/// # Source
///
/// D. J. Spiegelhalter, "Probabilistic prediction in patient management and clinical trials",
/// Statistics in Medicine 5 (1986) 421–433.
pub fn spiegelhalter(labels: &[bool], probabilities: &[f64]) -> Option<(f64, f64)> {
    check(labels, probabilities)?;
    let (mut sum, mut variance) = (0.0, 0.0);
    for (label, p) in labels.iter().zip(probabilities) {
        let y = f64::from(u8::from(*label));
        sum += (y - p) * (1.0 - 2.0 * p);
        variance += (1.0 - 2.0 * p).powi(2) * p * (1.0 - p);
    }
    if variance <= 0.0 {
        return None;
    }
    let z = sum / variance.sqrt();
    Some((z, 2.0 * Normal::standard().sf(z.abs())))
}
