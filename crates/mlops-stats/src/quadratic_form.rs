use statrs::distribution::{Continuous, ContinuousCDF, Normal};

/// Halvings of the search for the saddlepoint.
const STEPS: usize = 200;

/// Nearer to the mean, in standard deviations, the formula divides zero by zero.
const AT_MEAN: f64 = 0.02;

/// The tail of Σ qₗ ((Wₗ₋₁ + Wₗ)/2)², where Wₗ is a Brownian bridge at the end of part l of the unit
/// interval: what a statistic of ranks tends to if each part is a group of ties.
///
/// `parts` has the length of each part with its weight q. The probability of at least `x` is by
/// Lugannani and Rice's formula, within 12% in the far tail too.
///
/// # Formula
///
/// The cumulant generating function is −½ ln det(I − 2θ·Q·Σ), with the precision matrix Σ⁻¹ of the
/// bridge, which has three diagonals, as has Q. Elimination gives it and its derivatives.
///
/// # Source
///
/// D. Kuonen, "Saddlepoint approximations for distributions of quadratic forms in normal variables",
/// Biometrika 86 (1999) 929–935.
pub(super) fn bridge_form_sf(parts: &[(f64, f64)], x: f64) -> f64 {
    if parts.len() < 2 {
        return if x > 0.0 { 0.0 } else { 1.0 };
    }
    let Some([_, mean, variance]) = cumulants(parts, 0.0) else { return f64::NAN };
    let sd = variance.sqrt();
    if (x - mean).abs() < AT_MEAN * sd {
        let at = |x: f64| tail(parts, x, mean);
        return 0.5 * (at(mean - AT_MEAN * sd) + at(mean + AT_MEAN * sd));
    }
    tail(parts, x, mean)
}

fn tail(parts: &[(f64, f64)], x: f64, mean: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    // Between these, the derivative of the function passes x.
    let (mut low, mut high) = if x > mean { (0.0, 1.0) } else { (-1.0, 0.0) };
    let is_above = |theta: f64| cumulants(parts, theta).is_none_or(|[_, slope, _]| slope > x);
    while x > mean && !is_above(high) {
        high *= 2.0;
    }
    while x < mean && is_above(low) && low > -1e12 {
        low *= 2.0;
    }
    for _ in 0..STEPS {
        let middle = 0.5 * (low + high);
        if middle == low || middle == high {
            break;
        }
        if is_above(middle) { high = middle } else { low = middle }
    }
    let theta = low;
    let Some([value, _, curvature]) = cumulants(parts, theta) else { return f64::NAN };
    let w = theta.signum() * (2.0 * (theta * x - value)).max(0.0).sqrt();
    let v = theta * curvature.sqrt();
    let normal = Normal::standard();
    (normal.sf(w) + normal.pdf(w) * (1.0 / v - 1.0 / w)).clamp(0.0, 1.0)
}

/// The cumulant generating function with its first two derivatives; `None` where it is infinite.
fn cumulants(parts: &[(f64, f64)], theta: f64) -> Option<[f64; 3]> {
    let (mut value, mut slope, mut curvature) = (0.0, 0.0, 0.0);
    // A pivot of the elimination with its derivatives, and the one at θ = 0.
    let mut before: Option<([f64; 3], f64)> = None;
    for pair in parts.windows(2) {
        let [(length, weight), (next_length, next_weight)] = *pair else { continue };
        let precision = 1.0 / length + 1.0 / next_length;
        let mut pivot = [precision - theta * (weight + next_weight) / 2.0, 0.0, 0.0];
        pivot[1] = -(weight + next_weight) / 2.0;
        let mut pivot_at_zero = precision;
        if let Some(([d, d1, d2], at_zero)) = before {
            // The entry beside the diagonal, squared, with its derivatives.
            let beside = [-1.0 / length - theta * weight / 2.0, -weight / 2.0];
            let square =
                [beside[0] * beside[0], 2.0 * beside[0] * beside[1], 2.0 * beside[1].powi(2)];
            pivot[0] -= square[0] / d;
            pivot[1] -= square[1] / d - square[0] * d1 / (d * d);
            pivot[2] -= square[2] / d - 2.0 * square[1] * d1 / (d * d)
                + square[0] * (2.0 * d1 * d1 / d - d2) / (d * d);
            pivot_at_zero -= 1.0 / (length * length * at_zero);
        }
        let [d, d1, d2] = pivot;
        if d.is_nan() || d <= 0.0 {
            return None;
        }
        value -= 0.5 * (d / pivot_at_zero).ln();
        slope -= 0.5 * d1 / d;
        curvature -= 0.5 * (d2 / d - (d1 / d).powi(2));
        before = Some((pivot, pivot_at_zero));
    }
    Some([value, slope, curvature])
}

#[cfg(test)]
mod tests {
    use super::bridge_form_sf;
    use crate::{anderson_darling_sf, chi_squared_sf};

    #[test]
    fn many_parts_are_the_law_of_anderson_and_darling() {
        let parts: Vec<(f64, f64)> = (0..2000)
            .map(|part| {
                let middle = (f64::from(part) + 0.5) / 2000.0;
                (1.0 / 2000.0, 1.0 / 2000.0 / (middle * (1.0 - middle)))
            })
            .collect();
        for x in [0.3, 0.8, 1.0, 2.5, 6.0, 15.0] {
            let (ours, law) = (bridge_form_sf(&parts, x), anderson_darling_sf(x));
            assert!((ours / law - 1.0).abs() < 0.07, "{x}: {ours:e} and {law:e}");
        }
    }

    #[test]
    fn two_parts_are_one_normal_number() {
        // Both parts see half of the bridge in the middle, whose variance is one quarter.
        let parts = [(0.5, 4.0), (0.5, 4.0)];
        for x in [0.1, 0.4, 0.6, 2.0, 5.0, 12.0] {
            let (ours, law) = (bridge_form_sf(&parts, x), chi_squared_sf(2.0 * x, 1));
            assert!((ours / law - 1.0).abs() < 0.12, "{x}: {ours:e} and {law:e}");
        }
    }
}
