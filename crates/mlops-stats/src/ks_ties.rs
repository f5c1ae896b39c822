use super::StatisticError;
use super::samples::{Sample, merged};
use super::tolerance::MAX_DISTINCT_OF_SKETCH;

/// Maximum number of steps of the count of paths; larger samples are scaled down to it.
const MAX_STEPS: u64 = 20_000_000;

/// Maximum size of the smaller sample; a larger one is scaled down to it.
const MAX_SMALLER: u64 = 4000;

/// Returns the p-value of the two-sample Kolmogorov–Smirnov test for samples with ties, and `None` if
/// there are none.
///
/// The law of [`super::ks_two_sample`] is that of continuous variables. Between tied values, the
/// distribution functions cannot part, and that law is too cautious: with numbers of one digit, it
/// rejects 0.5% of samples at 5%. This is the law given the ties: the share of the equally likely
/// orders of the pooled values in which the distance is at least D at the end of a group of ties.
///
/// It is exact for up to 20 million pairs and 4000 values in the smaller sample. Larger samples are
/// scaled down, with the same ties and the same D in standard errors, corrected for continuity.
///
/// # Errors
///
/// [`StatisticError::Empty`] and [`StatisticError::NotANumber`].
///
/// # Source
///
/// G. Schröer and D. Trenkler, "Exact and randomization distributions of Kolmogorov-Smirnov tests
/// two or three samples", Computational Statistics & Data Analysis 20 (1995) 185–202.
///
/// ```
/// use mlops_stats::ks_ties_p_value;
/// // Of the six orders, two have all of one sample's values first.
/// let p_value = ks_ties_p_value(&[0.0, 0.0], &[1.0, 1.0]).unwrap();
/// assert!((p_value.unwrap() - 1.0 / 3.0).abs() < 1e-12);
/// assert_eq!(ks_ties_p_value(&[0.0, 2.0], &[1.0]).unwrap(), None);
/// ```
pub fn ks_ties_p_value<'v>(
    reference: impl Into<Sample<'v>>,
    production: impl Into<Sample<'v>>,
) -> Result<Option<f64>, StatisticError> {
    let (reference, production) =
        (reference.into().check("reference")?, production.into().check("production")?);
    let (n, m) = (reference.size(), production.size());
    let (mut ends, mut distance) = (Vec::new(), 0.0_f64);
    let (mut i, mut j) = (0, 0);
    for (_, in_reference, in_production) in merged(reference, production) {
        i += in_reference;
        j += in_production;
        ends.push(i + j);
        distance = distance.max((i as f64 / n as f64 - j as f64 / m as f64).abs());
    }
    let is_sketch = reference.ends().is_some() || production.ends().is_some();
    if ends.len() as u64 == n + m || (is_sketch && ends.len() > MAX_DISTINCT_OF_SKETCH) {
        return Ok(None);
    }
    let distance = (distance - reference.error() - production.error()).max(0.0);
    let smaller = n.min(m).min(MAX_SMALLER);
    let larger = n.max(m).min(MAX_STEPS / smaller);
    let step = |one: u64, other: u64| 1.0 / one as f64 + 1.0 / other as f64;
    let is_scaled = (smaller, larger) != (n.min(m), n.max(m));
    let threshold = if is_scaled {
        // The distance changes by one step from value to value, and half of it is the correction.
        (distance - 0.5 * step(n, m)) * (step(smaller, larger) / step(n, m)).sqrt()
    } else {
        distance - 1e-12
    };
    if distance <= 0.0 || threshold <= 0.0 {
        return Ok(Some(1.0));
    }
    if is_scaled {
        let scale = (smaller + larger) as f64 / (n + m) as f64;
        ends.iter_mut().for_each(|end| *end = (*end as f64 * scale).round() as u64);
        ends.dedup();
    }
    Ok(Some(share_outside(smaller as usize, larger as usize, &ends, threshold)))
}

/// The share of orders of the pooled values in which the distribution functions are at least
/// `threshold` apart after any of the numbers of values in `ends`.
///
/// `outside[i]` is that share among the orders whose first values have i of the smaller sample. The
/// last of them is of the smaller sample with the probability i/(i + j), so that the share is a mean of
/// two: a sum of positive numbers.
fn share_outside(smaller: usize, larger: usize, ends: &[u64], threshold: f64) -> f64 {
    let mut outside = vec![0.0; smaller + 1];
    let mut ends = ends.iter().map(|end| *end as usize).peekable();
    for taken in 1..=smaller + larger {
        let (least, most) = (taken.saturating_sub(larger), taken.min(smaller));
        let all = taken as f64;
        for i in (least..=most).rev() {
            let j = taken - i;
            // Of i = 0 and j = 0 there is one order only.
            let from_smaller = if i > 0 { outside[i - 1] * i as f64 } else { 0.0 };
            let from_larger = if j > 0 { outside[i] * j as f64 } else { 0.0 };
            outside[i] = (from_smaller + from_larger) / all;
        }
        if ends.next_if_eq(&taken).is_some() {
            for (i, share) in outside.iter_mut().enumerate().take(most + 1).skip(least) {
                let j = (taken - i) as f64;
                if (i as f64 / smaller as f64 - j / larger as f64).abs() >= threshold {
                    *share = 1.0;
                }
            }
        }
    }
    outside[smaller].clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::super::{anderson_darling, fisher_exact, ks_ties_p_value};

    /// Small numbers with many ties.
    fn tied(seed: u64, rows: usize, values: u64) -> Vec<f64> {
        let mut state = seed;
        let next = |_| {
            state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
            ((state >> 16) % values) as f64
        };
        (0..rows).map(next).collect()
    }

    fn pair(values: u64, n: usize, m: usize, added: f64) -> (Vec<f64>, Vec<f64>) {
        let mut reference = tied(1, n, values);
        let more = tied(3, m, 3);
        let production = tied(2, m, values);
        let mut production: Vec<f64> = production
            .iter()
            .zip(more)
            .map(|(value, more)| value + if more >= 2.0 { added } else { 0.0 })
            .collect();
        reference.sort_by(f64::total_cmp);
        production.sort_by(f64::total_cmp);
        (reference, production)
    }

    /// The p-values are shares of 200,000 random orders, drawn with numpy 2.4.6: A² and D.
    #[test]
    fn p_values_of_ties_are_those_of_permutations() {
        for (values, n, m, added, of_a2, of_d) in [
            (4, 40, 30, 0.0, 0.626_555, 0.779_975),
            (4, 60, 40, 1.0, 0.096_045, 0.085_25),
            (7, 80, 50, 1.0, 0.480_39, 0.385_91),
            (12, 100, 60, 1.0, 0.230_415, 0.350_8),
        ] {
            let (reference, production) = pair(values, n, m, added);
            let p_value = ks_ties_p_value(&reference, &production).unwrap().unwrap();
            assert!((p_value - of_d).abs() < 0.004, "D of {values} values: {p_value}, {of_d}");
            // A limit law, for small samples.
            let p_value = anderson_darling(&reference, &production).unwrap().p_value;
            assert!(
                (p_value / of_a2 - 1.0).abs() < 0.1,
                "A² of {values} values: {p_value}, {of_a2}"
            );
        }
    }

    /// Of scipy 1.17.1.
    #[test]
    fn fisher_is_scipys() {
        for (reference, production, expected) in [
            ([8, 2], [1, 5], 0.034_965_034_965_034_975),
            ([19_960, 40], [195, 5], 8.014_960_542_795_706e-5),
            ([3, 997], [12, 988], 0.034_491_425_398_052_21),
            ([0, 50], [7, 43], 0.012_479_652_740_097_668),
            ([499_990, 10], [990, 10], 1.741_191_193_723_721_7e-22),
        ] {
            let p_value = fisher_exact(reference, production);
            assert!((p_value / expected - 1.0).abs() < 1e-6, "{p_value:e} and {expected:e}");
        }
    }

    #[test]
    fn scaled_samples_agree_with_whole_ones() {
        // 5000 values a side are scaled to 4000.
        let rows = |n: usize, shift: usize| -> Vec<f64> {
            (0..n).map(|row| ((row * 10 + shift * n / 100) / n).min(9) as f64).collect()
        };
        let p_value = |n: usize, shift: usize| {
            ks_ties_p_value(&rows(n, 0), &rows(n, shift)).unwrap().unwrap()
        };
        let (scaled, far) = (p_value(5000, 22), p_value(5000, 60));
        assert!((0.05..0.2).contains(&scaled) && far < 1e-6, "{scaled} and {far}");
        // So many rows at once are no more work.
        assert!(p_value(400_000, 22) < 1e-20);
    }
}
