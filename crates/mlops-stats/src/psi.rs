use super::StatisticError;
use super::chi_squared::chi_squared_sf;
use super::samples::{Sample, occurring, totals};

/// Added to each count, so that an empty level has a logarithm (Krichevsky and Trofimov's estimate
/// of a share).
const SMOOTHING: f64 = 0.5;

/// The minimum share of a level in the index. An empty level would make the index of two distributions
/// infinite, and that of two samples larger the more rows they have.
const LEAST_SHARE: f64 = 0.0001;

/// A population stability index.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Psi {
    /// The index, from 0.
    pub statistic: f64,
    /// The chance of an index this large between two samples of one distribution, in \[0, 1\].
    pub p_value: f64,
    /// Levels or bins that occur, less one.
    pub degrees_of_freedom: usize,
}

/// The population stability index of two rows of counts over the same levels or bins.
///
/// Levels that occur in neither are left out. Samples that agree give 0 and p = 1.
///
/// # Errors
///
/// [`StatisticError::Levels`] where the lengths differ, [`StatisticError::Empty`] where a row
/// counts nothing.
///
/// # Formula
///
/// Σ (q − p) ln(q/p) over the k levels that occur, where a share is (count + ½)/(n + k/2), and at
/// least 0.0001. Where both samples come from one distribution, PSI/(1/n + 1/m) without that least
/// share tends to χ² with k − 1 degrees of freedom, so that the index of a small sample is not mistaken
/// for a shift.
///
/// # Source
///
/// N. Siddiqi, "Credit Risk Scorecards", 2006; B. Yurdakul and J. Naranjo, "Statistical properties
/// of the population stability index", Journal of Risk Model Validation 14 (2020), for the law.
///
/// ```
/// use mlops_stats::psi;
/// assert_eq!(psi(&[50, 50], &[50, 50]).unwrap().statistic, 0.0);
/// ```
pub fn psi(reference: &[u64], production: &[u64]) -> Result<Psi, StatisticError> {
    let (n, m) = totals(reference, production)?;
    let (n, m) = (n as f64, m as f64);
    let levels = occurring(reference, production).count();
    let share =
        |count: u64, total: f64| (count as f64 + SMOOTHING) / (total + SMOOTHING * levels as f64);
    let index = |least: f64| -> f64 {
        let terms = occurring(reference, production).map(|(a, b)| {
            let (p, q) = (share(a, n).max(least), share(b, m).max(least));
            (q - p) * (q / p).ln()
        });
        terms.sum()
    };
    let statistic = index(LEAST_SHARE);
    let p_value = match levels - 1 {
        0 => 1.0,
        degrees => chi_squared_sf(index(0.0) / (1.0 / n + 1.0 / m), degrees),
    };
    Ok(Psi { statistic, p_value, degrees_of_freedom: levels - 1 })
}

/// The edges that cut a sorted reference sample into at most `bins` parts of equal size: each but
/// the last bin takes the values up to its edge, the edge included, and the last all above.
///
/// Ascending, each once; fewer than `bins − 1` where values repeat, none for a constant sample.
///
/// # Errors
///
/// [`StatisticError::Empty`] and [`StatisticError::NotANumber`].
pub fn quantile_edges<'v>(
    reference: impl Into<Sample<'v>>,
    bins: u64,
) -> Result<Vec<f64>, StatisticError> {
    let reference = reference.into().check("reference")?;
    let n = reference.size();
    let last = reference.at_rank(n);
    let mut edges: Vec<f64> =
        (1..bins).map(|i| reference.at_rank((i * n).div_ceil(bins))).collect();
    edges.dedup();
    // Above the largest value lies nothing of the reference.
    edges.retain(|&edge| edge < last);
    Ok(edges)
}

/// How many values of a sorted sample fall into each of the `edges.len() + 1` bins of
/// [`quantile_edges`].
pub fn bin_counts<'v>(sample: impl Into<Sample<'v>>, edges: &[f64]) -> Vec<u64> {
    let sample = sample.into();
    let mut below = 0;
    let mut counts: Vec<u64> = Vec::with_capacity(edges.len() + 1);
    for &edge in edges {
        let upto = sample.up_to(edge);
        counts.push(upto - below);
        below = upto;
    }
    counts.push(sample.size() - below);
    counts
}
