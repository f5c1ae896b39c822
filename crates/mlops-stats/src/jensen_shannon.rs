use super::StatisticError;
use super::chi_squared::chi_squared_sf;
use super::samples::{occurring, totals};

/// How far two categorical or binned samples are apart by Jensen and Shannon.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JensenShannon {
    /// The divergence in nats, in \[0, ln 2\].
    pub divergence: f64,
    /// Its square root, which is a metric, in \[0, 0.8326\].
    pub distance: f64,
    /// The chance of a divergence this large between two samples of one distribution, in \[0, 1\].
    pub p_value: f64,
    /// Levels that occur, less one.
    pub degrees_of_freedom: usize,
}

/// The Jensen–Shannon divergence between two rows of counts over the same levels.
///
/// Levels that occur in neither are left out; no smoothing is needed. Samples that agree give 0 and
/// p = 1.
///
/// # Errors
///
/// [`StatisticError::Levels`] where the lengths differ, [`StatisticError::Empty`] where a row
/// counts nothing.
///
/// # Formula
///
/// ½ Σ p ln(p/m) + ½ Σ q ln(q/m) with m = (p + q)/2; the distance is that of
/// `scipy.spatial.distance.jensenshannon` (1.17). Where both samples come from one distribution
/// over k levels, 8 · divergence / (1/n + 1/m) tends to χ² with k − 1 degrees of freedom: the
/// divergence is, near zero, an eighth of Σ (p − q)²/m.
///
/// # Source
///
/// J. Lin, "Divergence measures based on the Shannon entropy", IEEE Transactions on Information
/// Theory 37 (1991); M. L. Menéndez et al., "The Jensen–Shannon divergence", Journal of the
/// Franklin Institute 334 (1997), for the law.
///
/// ```
/// use mlops_stats::jensen_shannon;
/// let apart = jensen_shannon(&[10, 0], &[0, 10]).unwrap();
/// assert!((apart.divergence - std::f64::consts::LN_2).abs() < 1e-15);
/// ```
pub fn jensen_shannon(
    reference: &[u64],
    production: &[u64],
) -> Result<JensenShannon, StatisticError> {
    let (n, m) = totals(reference, production)?;
    let (n, m) = (n as f64, m as f64);
    let divergence: f64 = occurring(reference, production)
        .map(|(a, b)| {
            let (p, q) = (a as f64 / n, b as f64 / m);
            // With d = (p − q)/(p + q) both terms are (p + q)/4 · (1 ± d) ln(1 ± d).
            let d = (p - q) / (p + q);
            (p + q) / 4.0 * (half(d) + half(-d))
        })
        .sum();
    let divergence = divergence.max(0.0);
    let degrees_of_freedom = occurring(reference, production).count() - 1;
    let p_value = match degrees_of_freedom {
        0 => 1.0,
        degrees => chi_squared_sf(8.0 * divergence / (1.0 / n + 1.0 / m), degrees),
    };
    Ok(JensenShannon { divergence, distance: divergence.sqrt(), p_value, degrees_of_freedom })
}

/// (1 + d) ln(1 + d), which tends to 0 at −1.
fn half(d: f64) -> f64 {
    if d <= -1.0 { 0.0 } else { (1.0 + d) * d.ln_1p() }
}
