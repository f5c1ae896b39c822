use std::f64::consts::{PI, TAU};

use super::tolerance::SERIES_END;

/// The survival function of the one-sided one-sample Kolmogorov–Smirnov statistic, P(D⁺ₙ ≥ x).
///
/// `n` is the sample size, from 1; `x` a distance. 1 for x ≤ 0, 0 for x ≥ 1, NaN for NaN.
///
/// # Formula
///
/// P = x · Σ C(n, j) (x + j/n)^(j−1) (1 − x − j/n)^(n−j) over 0 ≤ j ≤ n(1−x). Each term is a
/// binomial probability over its own p = x + j/n; these are computed by Loader's saddle-point
/// expansion, which keeps full relative precision at any n, and summed from the largest outwards.
/// All terms are positive.
///
/// # Source
///
/// Z. W. Birnbaum and F. H. Tingey (1951), Annals of Mathematical Statistics 22, 592–596. C. Loader
/// (2000), "Fast and accurate computation of binomial probabilities".
///
/// ```
/// use mlops_stats::smirnov_sf;
/// // One value: P(D⁺ ≥ x) = 1 − x.
/// assert!((smirnov_sf(1, 0.25) - 0.75).abs() < 1e-15);
/// ```
pub fn smirnov_sf(n: u64, x: f64) -> f64 {
    if x.is_nan() || x <= 0.0 {
        return if x.is_nan() { x } else { 1.0 };
    }
    if x >= 1.0 {
        return 0.0;
    }
    let size = n as f64;
    // The term j = n belongs to x = 0 only.
    let last = (size * (1.0 - x)).floor().min(size - 1.0) as u64;
    let ln_term = |j: u64| ln_binomial_over_p(n, j, x);
    // The terms rise to one maximum and fall again; their logarithms also tell zero from less.
    let (mut low, mut high) = (0, last);
    while low < high {
        let middle = low + (high - low) / 2;
        if ln_term(middle) < ln_term(middle + 1) { low = middle + 1 } else { high = middle }
    }
    let peak = low;
    let mut sum = 0.0;
    for j in peak..=last {
        let value = ln_term(j).exp();
        sum += value;
        if value <= sum * SERIES_END {
            break;
        }
    }
    for j in (0..peak).rev() {
        let value = ln_term(j).exp();
        sum += value;
        if value <= sum * SERIES_END {
            break;
        }
    }
    (x * sum).min(1.0)
}

/// The logarithm of C(n, j) p^(j−1) (1−p)^(n−j) with p = x + j/n.
fn ln_binomial_over_p(n: u64, j: u64, x: f64) -> f64 {
    let (size, successes) = (n as f64, j as f64);
    let expected = size.mul_add(x, successes);
    let p = expected / size;
    let failures = size - successes;
    let expected_failures = (-size).mul_add(x, failures);
    if expected_failures <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if j == 0 {
        return size * (-x).ln_1p() - x.ln();
    }
    let saddle_point = stirling_error(n)
        - stirling_error(j)
        - stirling_error(n - j)
        - deviance(successes, expected)
        - deviance(failures, expected_failures);
    saddle_point + 0.5 * (size / (TAU * successes * failures)).ln() - p.ln()
}

/// ln n! − [½·ln(2πn) + n·ln n − n].
fn stirling_error(n: u64) -> f64 {
    // Below 16 the series is short of digits; the factorials are exact doubles.
    if n < 16 {
        if n == 0 {
            return 0.0;
        }
        let n_f = n as f64;
        let factorial: f64 = (1..=n).map(|k| k as f64).product();
        return factorial.ln() - (0.5 * (2.0 * PI * n_f).ln() + n_f * n_f.ln() - n_f);
    }
    let inverse = 1.0 / n as f64;
    let square = inverse * inverse;
    inverse
        * (1.0 / 12.0
            - square
                * (1.0 / 360.0
                    - square * (1.0 / 1260.0 - square * (1.0 / 1680.0 - square * (1.0 / 1188.0)))))
}

/// x·ln(x/m) + m − x, without cancellation where x is near m.
fn deviance(x: f64, mean: f64) -> f64 {
    let difference = x - mean;
    if difference.abs() >= 0.1 * (x + mean) {
        return x * (x / mean).ln() + mean - x;
    }
    let v = difference / (x + mean);
    let mut sum = difference * v;
    let mut power = 2.0 * x * v;
    for odd in (3_u32..).step_by(2) {
        power *= v * v;
        let next = sum + power / f64::from(odd);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}
