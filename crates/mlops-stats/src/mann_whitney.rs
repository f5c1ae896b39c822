use super::StatisticError;
use super::chi_squared::chi_squared_sf;
use super::samples::{Sample, merged};

/// The result of a Mann–Whitney test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MannWhitney {
    /// U of the reference sample: the pairs in which its value is the larger one, ties counting
    /// half.
    pub statistic: f64,
    /// The two-sided p-value, in \[0, 1\].
    pub p_value: f64,
    /// The chance that a production value is larger than a reference value, ties counting half, in
    /// \[0, 1\]; ½ without a shift.
    pub superiority: f64,
}

/// Tests whether the values of one sample tend to be larger than those of another.
///
/// `reference` and `production` are **sorted in ascending order**. Infinities are allowed, ties are
/// corrected for. Two constant samples that agree give p = 1. The p-value is by the normal law,
/// which is right to some percent from about ten values a side.
///
/// # Errors
///
/// [`StatisticError::Empty`] and [`StatisticError::NotANumber`].
///
/// # Formula
///
/// z = (|U − nm/2| − ½)/σ with σ² = nm/12 · (N + 1 − Σ (t³ − t)/(N(N − 1))) over groups of t equal
/// values. As `scipy.stats.mannwhitneyu(…, method="asymptotic")` (1.17).
///
/// # Source
///
/// H. B. Mann and D. R. Whitney (1947), Annals of Mathematical Statistics 18, 50–60.
///
/// ```
/// use mlops_stats::mann_whitney;
/// let test = mann_whitney(&[1.0, 2.0, 3.0], &[2.0, 4.0, 5.0]).unwrap();
/// assert_eq!(test.statistic, 1.5);
/// ```
pub fn mann_whitney<'v>(
    reference: impl Into<Sample<'v>>,
    production: impl Into<Sample<'v>>,
) -> Result<MannWhitney, StatisticError> {
    let (reference, production) =
        (reference.into().check("reference")?, production.into().check("production")?);
    let (n, m) = (reference.size() as f64, production.size() as f64);
    let total = n + m;
    let (mut statistic, mut ties, mut below) = (0.0, 0.0, 0.0);
    for (_, in_reference, in_production) in merged(reference, production) {
        let (a, b) = (in_reference as f64, in_production as f64);
        statistic += a * (below + b / 2.0);
        below += b;
        let t = a + b;
        ties += t * t * t - t;
    }
    let pairs = n * m;
    let variance = pairs / 12.0 * (total + 1.0 - ties / (total * (total - 1.0)));
    let excess = (statistic - pairs / 2.0).abs() - 0.5;
    let p_value = if variance > 0.0 && excess > 0.0 {
        chi_squared_sf(excess * excess / variance, 1)
    } else {
        1.0
    };
    Ok(MannWhitney { statistic, p_value, superiority: 1.0 - statistic / pairs })
}
