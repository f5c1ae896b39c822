use super::StatisticError;
use super::kolmogorov::kolmogorov_sf;
use super::samples::{Sample, merged};
use super::tolerance::{KS_EXACT_UP_TO, LN_SMALLEST_POSITIVE};

/// The result of a two-sample Kolmogorov–Smirnov test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KolmogorovSmirnov {
    /// D, the largest distance between the two empirical distribution functions, in \[0, 1\].
    pub statistic: f64,
    /// The two-sided p-value, in \[0, 1\].
    pub p_value: f64,
    /// The size of the reference sample.
    pub n_reference: u64,
    /// The size of the production sample.
    pub n_production: u64,
    /// How the p-value was had.
    pub p_value_by: KsPValue,
}

/// How the p-value is to be computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KsMethod {
    /// Exact where the larger sample has at most 10,000 values, asymptotic above.
    Auto,
    /// Exact: the share of the equally likely interleavings of the samples with a distance of at
    /// least D.
    Exact,
    /// The law of the one-sample statistic at the effective size `n·m/(n+m)`, rounded.
    Asymptotic,
}

/// How a p-value was computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KsPValue {
    /// By counting lattice paths.
    Exact,
    /// By the one-sample law at the effective size.
    Asymptotic,
}

/// Tests whether two samples come from one continuous distribution (two-sample Kolmogorov–Smirnov,
/// two-sided).
///
/// `reference` and `production` are **sorted in ascending order**, of any lengths from 1.
/// Infinities are allowed. Ties, within or between the samples, make the test conservative;
/// constant samples that agree give D = 0 and p = 1. A single value a side is allowed and shows
/// nothing: p ≥ 2/(n+m). Of samples whose shares are right to some error only, the p-value is that
/// of D less these errors, so that it is never too small.
///
/// # Errors
///
/// [`StatisticError::Empty`] and [`StatisticError::NotANumber`].
///
/// # Formula
///
/// D = max over x of |F(x) − G(x)|, with p = P(D' ≥ D) over all interleavings. Exact: with D =
/// h/lcm(n, m), the share of lattice paths from (0, 0) to (n, m) that leave the band |i·m − j·n| <
/// h·gcd(n, m). The same definitions as `scipy.stats.ks_2samp` (1.17).
///
/// # Source
///
/// J. L. Hodges, "The significance probability of the Smirnov two-sample test", Arkiv för Matematik
/// 3 (1958) 469–486.
///
/// ```
/// use mlops_stats::{KsMethod, ks_two_sample};
/// let test = ks_two_sample(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0], KsMethod::Auto).unwrap();
/// assert_eq!(test.statistic, 1.0);
/// assert!((test.p_value - 0.1).abs() < 1e-12);
/// ```
pub fn ks_two_sample<'v>(
    reference: impl Into<Sample<'v>>,
    production: impl Into<Sample<'v>>,
    method: KsMethod,
) -> Result<KolmogorovSmirnov, StatisticError> {
    let (reference, production) =
        (reference.into().check("reference")?, production.into().check("production")?);
    let (n, m) = (reference.size(), production.size());
    let gap = largest_gap(reference, production);
    let lcm = u128::from(n / gcd(n, m)) * u128::from(m);
    let statistic = gap as f64 / lcm as f64;
    let exact = match method {
        KsMethod::Auto => n.max(m) <= KS_EXACT_UP_TO,
        KsMethod::Exact => true,
        KsMethod::Asymptotic => false,
    };
    let (p_value, p_value_by) = if exact {
        (exact_p_value(n as usize, m as usize, gap, statistic), KsPValue::Exact)
    } else {
        let (n, m) = (n as f64, m as f64);
        let sure = (statistic - reference.error() - production.error()).max(0.0);
        (kolmogorov_sf((n * m / (n + m)).round_ties_even() as u64, sure), KsPValue::Asymptotic)
    };
    Ok(KolmogorovSmirnov { statistic, p_value, n_reference: n, n_production: m, p_value_by })
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// The statistic in units of 1/lcm(n, m), so that it is exact.
fn largest_gap(reference: Sample<'_>, production: Sample<'_>) -> u128 {
    let (n, m) = (reference.size(), production.size());
    let divisor = gcd(n, m);
    let (step_reference, step_production) = (u128::from(m / divisor), u128::from(n / divisor));
    let (mut i, mut j, mut largest) = (0, 0, 0);
    for (_, in_reference, in_production) in merged(reference, production) {
        i += u128::from(in_reference) * step_reference;
        j += u128::from(in_production) * step_production;
        largest = largest.max(i.abs_diff(j));
    }
    largest
}

fn exact_p_value(n: usize, m: usize, gap: u128, statistic: f64) -> f64 {
    if gap == 0 {
        return 1.0;
    }
    // Wei and Dudley (2012): P(D ≥ d) ≤ e·exp(−2·d²·nm/(n+m)). Where that bound is no double,
    // neither is p.
    let (x, y) = (n as f64, m as f64);
    if 1.0 - 2.0 * statistic * statistic * x * y / (x + y) < LN_SMALLEST_POSITIVE {
        return 0.0;
    }
    // With lcm = n·m/gcd, D = gap/lcm: a point (i, j) is outside where |i·m/gcd − j·n/gcd| ≥ gap.
    let p_value = if n == m { equal_sizes(n, gap as usize) } else { lattice_paths(n, m, gap) };
    p_value.clamp(0.0, 1.0)
}

/// P = 2·Σ (−1)^(k−1)·C(2n, n−kh)/C(2n, n) over k = 1, 2, … with kh ≤ n, by nested multiplication
/// from the last term.
///
/// Gnedenko and Korolyuk (1951); the ratio of neighbouring terms is a product of h factors below
/// one.
fn equal_sizes(n: usize, gap: usize) -> f64 {
    let mut p = 0.0;
    for k in (0..n / gap).rev() {
        let ratio: f64 =
            (0..gap).map(|j| (n - k * gap - j) as f64 / (n + k * gap + j + 1) as f64).product();
        p = ratio * (1.0 - p);
    }
    2.0 * p
}

/// The share of lattice paths from (0, 0) to (n, m) that touch or leave the band, one column at a
/// time.
///
/// `outside[j]` is that share among the paths to (i, j). The last step of a random path to (i, j)
/// comes from (i−1, j) with probability i/(i+j), so the share is a mean of its two neighbours': a
/// sum of positive numbers, with nothing to cancel in a small p-value. Outside the band it is 1;
/// only the band is visited.
fn lattice_paths(n: usize, m: usize, gap: u128) -> f64 {
    let (n, m) = (n.max(m), n.min(m));
    let divisor = gcd(n as u64, m as u64) as usize;
    let (step_i, step_j) = ((m / divisor) as u128, (n / divisor) as u128);
    // The rows j inside column i: i·step_i − gap < j·step_j < i·step_i + gap.
    let first_row = |i: usize| match (i as u128 * step_i).checked_sub(gap) {
        Some(below) => (below / step_j + 1) as usize,
        None => 0,
    };
    let end_row = |i: usize| ((i as u128 * step_i + gap).div_ceil(step_j) as usize).min(m + 1);
    let mut outside = vec![1.0; m + 1];
    outside[..end_row(0)].fill(0.0);
    for i in 1..=n {
        let (first, end) = (first_row(i), end_row(i));
        if first >= end {
            return 1.0;
        }
        // A row that the band has not reached yet still holds the 1 that it started with.
        let mut below = if first == 0 { 0.0 } else { 1.0 };
        for (j, share) in outside.iter_mut().enumerate().take(end).skip(first) {
            below = (*share * i as f64 + below * j as f64) / (i + j) as f64;
            *share = below;
        }
    }
    outside[m]
}
