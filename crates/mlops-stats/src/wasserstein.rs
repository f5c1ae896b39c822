use super::StatisticError;
use super::samples::{Sample, merged};

/// The first Wasserstein distance between two **sorted** samples, in the unit of the values: how
/// far the average value has to move to turn one distribution into the other.
///
/// 0 for samples that agree. An infinity on one side only makes it infinite.
///
/// # Errors
///
/// [`StatisticError::Empty`] and [`StatisticError::NotANumber`].
///
/// # Formula
///
/// ∫ |F(x) − G(x)| dx. As `scipy.stats.wasserstein_distance` (1.17).
///
/// # Source
///
/// S. S. Vallender (1974), Theory of Probability and its Applications 18, 784–786.
///
/// ```
/// use mlops_stats::wasserstein;
/// assert_eq!(wasserstein(&[0.0, 1.0, 3.0], &[5.0, 6.0, 8.0]).unwrap(), 5.0);
/// ```
pub fn wasserstein<'v>(
    reference: impl Into<Sample<'v>>,
    production: impl Into<Sample<'v>>,
) -> Result<f64, StatisticError> {
    let (reference, production) =
        (reference.into().check("reference")?, production.into().check("production")?);
    let (n, m) = (reference.size() as f64, production.size() as f64);
    let (mut distance, mut i, mut j) = (0.0, 0, 0);
    let mut last: Option<f64> = None;
    for (value, in_reference, in_production) in merged(reference, production) {
        let gap = (i as f64 / n - j as f64 / m).abs();
        // Where both have the same share below, nothing moves, not even over an infinite way.
        if let Some(last) = last.filter(|_| gap > 0.0) {
            distance += gap * (value - last);
        }
        i += in_reference;
        j += in_production;
        last = Some(value);
    }
    Ok(distance)
}
