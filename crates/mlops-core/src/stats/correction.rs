/// Adjusts p-values so that comparing each with α keeps the expected share of false alarms among all alarms at α.
///
/// `p_values` are those of the tests that were run, in any order; the result has the same order. Adjusted values are
/// never below the raw ones and at most 1. Empty gives empty; a single one stays as it is. NaN is not allowed:
/// leave out what was not tested.
///
/// # Formula
///
/// With p₍₁₎ ≤ … ≤ p₍ₘ₎ the adjusted p₍ᵢ₎ is min over j ≥ i of m·p₍ⱼ₎/j, cut at 1.
///
/// # Source
///
/// Y. Benjamini and Y. Hochberg (1995), Journal of the Royal Statistical Society B 57, 289–300. As
/// `scipy.stats.false_discovery_control` (1.17).
///
/// ```
/// use mlops_core::stats::benjamini_hochberg;
/// assert_eq!(benjamini_hochberg(&[0.01, 0.04, 0.03, 0.5]), [0.04, 0.04 * 4.0 / 3.0, 0.04 * 4.0 / 3.0, 0.5]);
/// ```
pub fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let count = p_values.len() as f64;
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut adjusted = vec![0.0; p_values.len()];
    let mut smallest: f64 = 1.0;
    for (rank, &index) in order.iter().enumerate().rev() {
        smallest = smallest.min(p_values[index] * count / (rank + 1) as f64);
        adjusted[index] = smallest;
    }
    adjusted
}
