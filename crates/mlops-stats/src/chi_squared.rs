use statrs::function::gamma::gamma_ur;

use super::StatisticError;
use super::samples::{occurring, totals};

/// The result of a chi-squared test of homogeneity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChiSquared {
    /// The statistic, from 0.
    pub statistic: f64,
    /// P(χ² ≥ statistic), in \[0, 1\].
    pub p_value: f64,
    /// Levels that occur, less one.
    pub degrees_of_freedom: usize,
    /// Cramér's V of the two-row table without continuity correction, in \[0, 1\].
    pub cramers_v: f64,
    /// The size of the reference sample.
    pub n_reference: u64,
    /// The size of the production sample.
    pub n_production: u64,
}

/// Whether a table of two levels is corrected for continuity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Continuity {
    /// No correction.
    None,
    /// Yates: with one degree of freedom each |observed − expected| is made smaller by at most one
    /// half.
    Yates,
}

/// Tests whether two samples of a categorical variable come from one distribution.
///
/// `reference` and `production` hold the counts of the same levels in the same order. Levels that
/// occur in neither are left out. With a single level that occurs the samples agree: statistic 0,
/// no degrees of freedom, p = 1. Both samples are taken as samples: testing production against the
/// reference's shares as if they were known, as `scipy.stats.chisquare` does, rejects too often.
///
/// # Errors
///
/// [`StatisticError::Levels`] where the lengths differ, [`StatisticError::Empty`] where a row
/// counts nothing.
///
/// # Formula
///
/// χ² = Σ (O − E)²/E over the 2×k table, E = row total · column total / N, with k − 1 degrees of
/// freedom; V = √(χ²/N). As `scipy.stats.chi2_contingency` (1.17), whose default is
/// [`Continuity::Yates`].
///
/// # Source
///
/// A. Agresti, "Categorical Data Analysis", 3rd ed., section 3.2; H. Cramér, "Mathematical Methods
/// of Statistics", 1946.
///
/// ```
/// use mlops_stats::{Continuity, chi_squared_homogeneity};
/// let test = chi_squared_homogeneity(&[10, 10, 20], &[20, 20, 20], Continuity::Yates).unwrap();
/// assert_eq!(test.degrees_of_freedom, 2);
/// assert!((test.statistic - 2.777_777_777_777_778).abs() < 1e-12);
/// ```
pub fn chi_squared_homogeneity(
    reference: &[u64],
    production: &[u64],
    continuity: Continuity,
) -> Result<ChiSquared, StatisticError> {
    let (n_reference, n_production) = totals(reference, production)?;
    let total = (n_reference + n_production) as f64;
    let levels = occurring(reference, production);
    let degrees_of_freedom = levels.clone().count() - 1;
    let max_correction =
        if continuity == Continuity::Yates && degrees_of_freedom == 1 { 0.5 } else { 0.0 };
    let (mut statistic, mut uncorrected) = (0.0, 0.0);
    for (in_reference, in_production) in levels {
        let column = (in_reference + in_production) as f64;
        for (observed, row) in [(in_reference, n_reference), (in_production, n_production)] {
            let expected = row as f64 * column / total;
            let difference = (observed as f64 - expected).abs();
            let corrected = difference - difference.min(max_correction);
            statistic += corrected * corrected / expected;
            uncorrected += difference * difference / expected;
        }
    }
    let p_value =
        if degrees_of_freedom == 0 { 1.0 } else { chi_squared_sf(statistic, degrees_of_freedom) };
    let cramers_v = (uncorrected / total).sqrt().min(1.0);
    Ok(ChiSquared { statistic, p_value, degrees_of_freedom, cramers_v, n_reference, n_production })
}

/// Returns Cramér's V of two distributions, in \[0, 1\]: each side has the weight of one half,
/// whatever its size. For samples of one size it is [`ChiSquared::cramers_v`].
///
/// # Errors
///
/// [`StatisticError::Levels`] where the lengths differ, [`StatisticError::Empty`] where a row
/// counts nothing.
///
/// # Formula
///
/// √(½ Σ (p − q)²/(p + q)) over the shares p and q of the levels.
///
/// ```
/// use mlops_stats::distribution_v;
/// let few = distribution_v(&[50, 50], &[62, 38]).unwrap();
/// let many = distribution_v(&[250_000, 250_000], &[62, 38]).unwrap();
/// assert!((few - 0.1209).abs() < 1e-4 && (few - many).abs() < 1e-12);
/// ```
pub fn distribution_v(reference: &[u64], production: &[u64]) -> Result<f64, StatisticError> {
    let (n, m) = totals(reference, production)?;
    let terms = occurring(reference, production).map(|(a, b)| {
        let (p, q) = (a as f64 / n as f64, b as f64 / m as f64);
        (p - q).powi(2) / (p + q)
    });
    Ok((terms.sum::<f64>() / 2.0).sqrt().min(1.0))
}

/// Returns the smallest expected count of the levels that occur. The χ² law holds in its far tail where
/// it is at least 20 or so; where it is smaller, p-values near 0.0001 are up to three times too small.
///
/// # Errors
///
/// As [`chi_squared_homogeneity`].
pub fn smallest_expected(reference: &[u64], production: &[u64]) -> Result<f64, StatisticError> {
    let (n, m) = totals(reference, production)?;
    let smaller_side = n.min(m) as f64 / (n + m) as f64;
    let rows = occurring(reference, production).map(|(a, b)| a + b).min().unwrap_or(0);
    Ok(rows as f64 * smaller_side)
}

/// P(χ² ≥ x) with `degrees` degrees of freedom: the regularised upper incomplete gamma function
/// Q(degrees/2, x/2).
pub fn chi_squared_sf(x: f64, degrees: usize) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    gamma_ur(degrees as f64 / 2.0, x / 2.0).clamp(0.0, 1.0)
}
