use super::StatisticError;
use super::chi_squared::chi_squared_sf;
use super::samples::{occurring, totals};

/// The result of a G-test of homogeneity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GTest {
    /// The statistic, from 0.
    pub statistic: f64,
    /// P(χ² ≥ statistic), in \[0, 1\].
    pub p_value: f64,
    /// Levels that occur, less one.
    pub degrees_of_freedom: usize,
}

/// Tests by the ratio of likelihoods whether two samples of a categorical variable come from one
/// distribution.
///
/// `reference` and `production` hold the counts of the same levels in the same order. Levels that
/// occur in neither are left out; with a single one that occurs the samples agree: p = 1.
///
/// # Errors
///
/// [`StatisticError::Levels`] where the lengths differ, [`StatisticError::Empty`] where a row
/// counts nothing.
///
/// # Formula
///
/// G = 2 Σ O ln(O/E) over the 2×k table, with k − 1 degrees of freedom and no correction for
/// continuity. As `scipy.stats.chi2_contingency(…, correction=False, lambda_="log-likelihood")`
/// (1.17).
///
/// # Source
///
/// S. S. Wilks (1935), Annals of Mathematical Statistics 6, 190–196.
///
/// ```
/// use mlops_stats::g_test_homogeneity;
/// let test = g_test_homogeneity(&[10, 10, 20], &[20, 20, 20]).unwrap();
/// assert!((test.statistic - 2.768_858_761_678_132).abs() < 1e-12);
/// ```
pub fn g_test_homogeneity(reference: &[u64], production: &[u64]) -> Result<GTest, StatisticError> {
    let (n, m) = totals(reference, production)?;
    let total = (n + m) as f64;
    let mut sum = 0.0;
    for (a, b) in occurring(reference, production) {
        let column = (a + b) as f64;
        for (observed, row) in [(a, n), (b, m)] {
            let expected = row as f64 * column / total;
            sum += relative_entropy(observed as f64, expected);
        }
    }
    let statistic = (2.0 * sum).max(0.0);
    let degrees_of_freedom = occurring(reference, production).count() - 1;
    let p_value =
        if degrees_of_freedom == 0 { 1.0 } else { chi_squared_sf(statistic, degrees_of_freedom) };
    Ok(GTest { statistic, p_value, degrees_of_freedom })
}

/// O ln(O/E) − O + E: the last two cancel over the table, and keep each term from cancelling with
/// the others.
fn relative_entropy(observed: f64, expected: f64) -> f64 {
    if observed == 0.0 {
        return expected;
    }
    let relative = (observed - expected) / expected;
    observed * relative.ln_1p() - expected * relative
}
