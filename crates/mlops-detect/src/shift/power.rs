use std::f64::consts::SQRT_2;

use statrs::function::erf::erfc_inv;

/// How often a shift of the stated size would be found.
const POWER: f64 = 0.8;

/// The smallest shift that two samples of these sizes would show four times in five, by the
/// two-sided test at `significance`: of a mean in standard deviations, and of a level at one half
/// in shares.
///
/// Infinite where a sample is empty. Without adjustment for other tests: with several it is larger.
///
/// # Formula
///
/// (z₁₋α/₂ + z₀.₈) · √(1/n + 1/m), and half of it for a share.
///
/// # Source
///
/// J. Cohen, "Statistical Power Analysis for the Behavioral Sciences", 2nd ed., sections 2.4 and
/// 6.4.
///
/// ```
/// use mlops_detect::shift::{SmallestShift, smallest_shift};
/// let SmallestShift { sds, share } = smallest_shift(20_000, 120, 0.05);
/// assert!((sds - 0.2565).abs() < 1e-4 && (share - 0.1282).abs() < 1e-4);
/// ```
pub fn smallest_shift(n_reference: u64, n_production: u64, significance: f64) -> SmallestShift {
    let quantile = |tail: f64| SQRT_2 * erfc_inv(2.0 * tail);
    let noise = (1.0 / n_reference as f64 + 1.0 / n_production as f64).sqrt();
    let sds = (quantile(significance / 2.0) + quantile(1.0 - POWER)) * noise;
    SmallestShift { sds, share: sds / 2.0 }
}

/// The result of [`smallest_shift`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SmallestShift {
    /// The smallest shift of a mean, in standard deviations.
    pub sds: f64,
    /// The smallest shift of a level with a share of 50%, in shares of the rows.
    pub share: f64,
}
