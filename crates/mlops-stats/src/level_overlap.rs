use statrs::function::erf::erfc;

use super::StatisticError;
use super::samples::{occurring, totals};

/// Below this expected overlap the normal law does not hold.
const MIN_EXPECTED: f64 = 10.0;

/// The result of [`level_overlap`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LevelOverlap {
    /// Pairs of one reference row and one production row with the same level.
    pub pairs: f64,
    /// The number of pairs that is expected where both samples come from one distribution.
    pub expected: f64,
    /// P(pairs or fewer) where both samples come from one distribution, in \[0, 1\].
    pub p_value: f64,
}

/// Tests whether two samples share fewer levels than samples of one distribution would. It sees that
/// many rare levels were replaced, each too rare for a test of its own.
///
/// `reference` and `production` hold the counts of the same levels in the same order. `None` where
/// fewer than 10 pairs are expected.
///
/// # Errors
///
/// [`StatisticError::Levels`] where the lengths differ, [`StatisticError::Empty`] where a row
/// counts nothing.
///
/// # Formula
///
/// Given the c rows of a level on both sides, the a of the reference are binomial with the
/// probability f = n/(n + m), and g = 1 − f. The pairs a(c − a) have the mean c₂fg and the second
/// moment c₄f²g² + c₃fg + c₂fg, with the falling factorials c₂ = c(c − 1), c₃ and c₄. The sum over
/// the levels is compared with the normal law.
///
/// # Source
///
/// Factorial moments of the multinomial distribution: N. L. Johnson, S. Kotz and N. Balakrishnan,
/// "Discrete Multivariate Distributions", 1997, section 35.5.
pub fn level_overlap(
    reference: &[u64],
    production: &[u64],
) -> Result<Option<LevelOverlap>, StatisticError> {
    let (n, m) = totals(reference, production)?;
    let f = n as f64 / (n + m) as f64;
    let g = m as f64 / (n + m) as f64;
    let (mut pairs, mut expected, mut variance) = (0.0, 0.0, 0.0);
    for (a, b) in occurring(reference, production) {
        let c = (a + b) as f64;
        let (c2, c3, c4) =
            (c * (c - 1.0), c * (c - 1.0) * (c - 2.0), c * (c - 1.0) * (c - 2.0) * (c - 3.0));
        let mean = c2 * f * g;
        pairs += a as f64 * b as f64;
        expected += mean;
        variance += (c4 * f * f * g * g + c3 * f * g + c2 * f * g - mean * mean).max(0.0);
    }
    if expected < MIN_EXPECTED || variance <= 0.0 {
        return Ok(None);
    }
    let z = (pairs - expected) / variance.sqrt();
    let p_value = (0.5 * erfc(-z / std::f64::consts::SQRT_2)).clamp(0.0, 1.0);
    Ok(Some(LevelOverlap { pairs, expected, p_value }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaced_levels_share_nothing() {
        let mut reference = vec![10; 400];
        let mut production = vec![0; 400];
        reference.extend(vec![0; 400]);
        production.extend(vec![3; 400]);
        let test = level_overlap(&reference, &production).unwrap().unwrap();
        assert!(test.pairs == 0.0 && test.p_value < 1e-6, "{test:?}");
        let same = level_overlap(&[10; 400], &[3; 400]).unwrap().unwrap();
        assert!(same.p_value > 0.5, "{same:?}");
        assert_eq!(level_overlap(&[1, 0], &[0, 1]).unwrap(), None);
    }
}
