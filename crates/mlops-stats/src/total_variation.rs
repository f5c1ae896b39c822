use super::StatisticError;
use super::samples::totals;

/// The total variation distance between two rows of counts over the same levels, in \[0, 1\]: the
/// share of rows that would have to change their level.
///
/// # Errors
///
/// [`StatisticError::Levels`] where the lengths differ, [`StatisticError::Empty`] where a row
/// counts nothing.
///
/// # Formula
///
/// ½ Σ |p − q|.
///
/// # Source
///
/// A. L. Gibbs and F. E. Su, "On choosing and bounding probability metrics", International
/// Statistical Review 70 (2002).
///
/// ```
/// use mlops_stats::total_variation;
/// assert_eq!(total_variation(&[3, 1], &[1, 1]).unwrap(), 0.25);
/// ```
pub fn total_variation(reference: &[u64], production: &[u64]) -> Result<f64, StatisticError> {
    let (n, m) = totals(reference, production)?;
    let sum: f64 = reference
        .iter()
        .zip(production)
        .map(|(&a, &b)| (a as f64 / n as f64 - b as f64 / m as f64).abs())
        .sum();
    Ok((sum / 2.0).min(1.0))
}
