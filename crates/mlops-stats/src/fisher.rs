use statrs::function::gamma::ln_gamma;

/// Tables as likely as the observed one, but for rounding, count as it: as in scipy.
const ROUNDING: f64 = 1e-7;

/// Returns the two-sided p-value of Fisher's exact test of a table of two levels: the probability of
/// all tables with the same totals that are at most as likely.
///
/// It holds for any counts. Its work grows with the smallest total, which is for rare levels.
///
/// # Formula
///
/// The count of the first level in the reference is hypergeometric. As `scipy.stats.fisher_exact`
/// (1.17).
///
/// # Source
///
/// A. Agresti, "Categorical Data Analysis", 3rd ed., section 3.5.
///
/// ```
/// use mlops_stats::fisher_exact;
/// assert!((fisher_exact([8, 2], [1, 5]) - 0.034_965_034_965_034_99).abs() < 1e-12);
/// ```
pub fn fisher_exact(reference: [u64; 2], production: [u64; 2]) -> f64 {
    let (n, m) = (reference[0] + reference[1], production[0] + production[1]);
    let first = reference[0] + production[0];
    let least = first.saturating_sub(m);
    let most = first.min(n);
    let choose = |from: u64, of: u64| {
        let ln_factorial = |count: u64| ln_gamma(count as f64 + 1.0);
        ln_factorial(from) - ln_factorial(of) - ln_factorial(from - of)
    };
    let all = choose(n + m, first);
    let logarithm = |count: u64| choose(n, count) + choose(m, first - count) - all;
    let observed = logarithm(reference[0]) + ROUNDING;
    let as_likely = (least..=most).map(logarithm).filter(|logarithm| *logarithm <= observed);
    let mut probabilities: Vec<f64> = as_likely.map(f64::exp).collect();
    probabilities.sort_unstable_by(f64::total_cmp);
    probabilities.iter().sum::<f64>().clamp(0.0, 1.0)
}
