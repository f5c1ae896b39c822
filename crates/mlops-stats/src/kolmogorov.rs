use std::f64::consts::PI;

use super::smirnov::smirnov_sf;

/// From here on n·x² makes twice the one-sided tail equal to the two-sided one in every digit of a
/// double.
const ONE_SIDED_TAIL_FROM: f64 = 2.2;

/// The same for n ≤ 140, where the difference lasts longer.
const ONE_SIDED_TAIL_FROM_SMALL_N: f64 = 4.0;

/// At n·x² of 370 the tail is below 1e-320.
const NO_TAIL_FROM: f64 = 370.0;

/// The survival function of the two-sided one-sample Kolmogorov–Smirnov statistic, P(Dₙ ≥ x).
///
/// `n` is the sample size, from 1; `x` a distance. 1 for x ≤ 1/(2n), 0 for x ≥ 1, NaN for NaN.
///
/// # Formula
///
/// Which of four methods serves is decided as Simard and L'Ecuyer do: Ruben and Gambino's closed
/// forms at both ends; the one-sided tail, doubled, in the right tail; Marsaglia, Tsang and Wang's
/// matrix (exact) for small n or small x; Pelz and Good's expansion in 1/√n elsewhere. Agrees with
/// `scipy.stats.kstwo.sf` (1.17).
///
/// # Source
///
/// R. Simard and P. L'Ecuyer, "Computing the two-sided Kolmogorov–Smirnov distribution", Journal of
/// Statistical Software 39 (11), 2011.
///
/// ```
/// use mlops_stats::kolmogorov_sf;
/// assert_eq!(kolmogorov_sf(10, 0.05), 1.0);
/// assert!((kolmogorov_sf(1, 0.75) - 0.5).abs() < 1e-15);
/// ```
pub fn kolmogorov_sf(n: u64, x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    let size = n as f64;
    let t = size * x;
    if t <= 0.5 {
        return 1.0;
    }
    if x >= 1.0 {
        return 0.0;
    }
    if t <= 1.0 {
        // n! · ((2t − 1)/n)^n, as a product that can underflow only to a true zero.
        let cdf = (1..=n).fold(1.0, |product, k| product * (k as f64 / size) * (2.0 * t - 1.0));
        return 1.0 - cdf;
    }
    if t >= size - 1.0 {
        return 2.0 * (1.0 - x).powf(size);
    }
    let square = t * x;
    let tail_from = if n <= 140 { ONE_SIDED_TAIL_FROM_SMALL_N } else { ONE_SIDED_TAIL_FROM };
    if square >= NO_TAIL_FROM {
        return 0.0;
    }
    if x >= 0.5 || square >= tail_from {
        return (2.0 * smirnov_sf(n, x)).min(1.0);
    }
    let cdf = if n <= 140 || (n <= 100_000 && size * x.powf(1.5) <= 1.4) {
        marsaglia_tsang_wang(n, x)
    } else {
        pelz_good(size, x)
    };
    (1.0 - cdf).clamp(0.0, 1.0)
}

/// P(Dₙ < x) = n!/nⁿ · (Hⁿ)ₖₖ with the (2k−1)² matrix H of Marsaglia, Tsang and Wang (2003), where
/// nx = k − h.
fn marsaglia_tsang_wang(n: u64, x: f64) -> f64 {
    let t = n as f64 * x;
    let k = t.floor() as usize + 1;
    let h = k as f64 - t;
    let order = 2 * k - 1;
    let mut matrix = vec![0.0; order * order];
    for row in 0..order {
        for column in 0..=(row + 1).min(order - 1) {
            matrix[row * order + column] = 1.0;
        }
    }
    for i in 0..order {
        let power = h.powi(i as i32 + 1);
        matrix[i * order] -= power;
        let mirrored = (order - 1) * order + (order - 1 - i);
        matrix[mirrored] -= power;
    }
    matrix[(order - 1) * order] +=
        if 2.0 * h > 1.0 { (2.0 * h - 1.0).powi(order as i32) } else { 0.0 };
    for row in 0..order {
        for column in 0..=row {
            let factorial: f64 = (1..=row - column + 1).map(|g| g as f64).product();
            matrix[row * order + column] /= factorial;
        }
    }
    let (power, mut exponent) = matrix_power(&matrix, order, n);
    let mut value = power[(k - 1) * order + (k - 1)];
    for i in 1..=n {
        value *= i as f64 / n as f64;
        if value < SCALE_DOWN {
            value *= SCALE_UP;
            exponent -= SCALE_EXPONENT;
        }
    }
    value * 10_f64.powi(exponent)
}

const SCALE_EXPONENT: i32 = 140;
const SCALE_UP: f64 = 1e140;
const SCALE_DOWN: f64 = 1e-140;

/// `matrix` to the power `n`, as a matrix and a power of ten that keeps its entries in range.
fn matrix_power(matrix: &[f64], order: usize, n: u64) -> (Vec<f64>, i32) {
    if n == 1 {
        return (matrix.to_vec(), 0);
    }
    let (half, exponent) = matrix_power(matrix, order, n / 2);
    let mut power = product(&half, &half, order);
    let mut exponent = 2 * exponent;
    if n % 2 == 1 {
        power = product(&power, matrix, order);
    }
    let middle = order / 2;
    if power[middle * order + middle] > SCALE_UP {
        power.iter_mut().for_each(|entry| *entry *= SCALE_DOWN);
        exponent += SCALE_EXPONENT;
    }
    (power, exponent)
}

fn product(left: &[f64], right: &[f64], order: usize) -> Vec<f64> {
    let mut out = vec![0.0; order * order];
    for row in 0..order {
        for inner in 0..order {
            let factor = left[row * order + inner];
            for column in 0..order {
                out[row * order + column] += factor * right[inner * order + column];
            }
        }
    }
    out
}

/// P(Dₙ < x) by the first four terms of Pelz and Good's expansion (1976), in z = x·√n; off by less
/// than 5e-6.
fn pelz_good(n: f64, x: f64) -> f64 {
    let root = n.sqrt();
    let z = x * root;
    let (z2, z3, z4, z6) = (z.powi(2), z.powi(3), z.powi(4), z.powi(6));
    let (pi2, pi4, pi6) = (PI.powi(2), PI.powi(4), PI.powi(6));
    let (mut k0, mut k1, mut k2, mut k3) = (0.0, 0.0, 0.0, 0.0);
    let (mut k2_whole, mut k3_whole) = (0.0, 0.0);
    // Both sums are even in k: half-integers from ½ and integers from 1, each counted twice.
    for k in 0_u32.. {
        let half = f64::from(k) + 0.5;
        let h2 = half * half;
        let weight = (-pi2 * h2 / (2.0 * z2)).exp();
        let whole = f64::from(k + 1);
        let w2 = whole * whole;
        let weight_whole = (-pi2 * w2 / (2.0 * z2)).exp();
        k0 += weight;
        k1 += 2.0 * (pi2 * h2 - z2) * weight;
        k2 += 2.0
            * ((6.0 * z6 + 2.0 * z4)
                + pi2 * (2.0 * z4 - 5.0 * z2) * h2
                + pi4 * (1.0 - 2.0 * z2) * h2 * h2)
            * weight;
        k3 += 2.0
            * (pi6 * h2.powi(3) * (5.0 - 30.0 * z2)
                + pi4 * h2 * h2 * (-60.0 * z2 + 212.0 * z4)
                + pi2 * h2 * (135.0 * z4 - 96.0 * z6)
                - 30.0 * z6
                - 90.0 * z4 * z4)
            * weight;
        k2_whole += 2.0 * pi2 * w2 * weight_whole;
        k3_whole += 2.0 * (-pi4 * w2 * w2 + 3.0 * pi2 * w2 * z2) * weight_whole;
        if weight < f64::EPSILON * f64::EPSILON {
            break;
        }
    }
    let half_root = (PI / 2.0).sqrt();
    let first = (2.0 * PI).sqrt() / z * k0;
    let second = half_root / (6.0 * z4) * k1;
    let third = half_root * (k2 / (72.0 * z6 * z) - k2_whole / (36.0 * z3));
    let fourth = half_root * (k3 / (6480.0 * z6 * z4) + k3_whole / (216.0 * z6));
    first + second / root + third / n + fourth / (n * root)
}
