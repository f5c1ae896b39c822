use super::StatisticError;

/// Refuses a sample that is empty or has a NaN; that it is sorted is the caller's promise.
pub(super) fn check_sorted(sample: &'static str, values: &[f64]) -> Result<(), StatisticError> {
    if values.is_empty() {
        return Err(StatisticError::Empty { sample });
    }
    if values.iter().any(|value| value.is_nan()) {
        return Err(StatisticError::NotANumber { sample });
    }
    debug_assert!(values.is_sorted(), "the {sample} sample must be sorted");
    Ok(())
}

/// The totals of two rows of counts over the same levels.
pub(super) fn totals(reference: &[u64], production: &[u64]) -> Result<(u64, u64), StatisticError> {
    if reference.len() != production.len() {
        return Err(StatisticError::Levels { reference: reference.len(), production: production.len() });
    }
    let (n, m): (u64, u64) = (reference.iter().sum(), production.iter().sum());
    for (sample, size) in [("reference", n), ("production", m)] {
        if size == 0 {
            return Err(StatisticError::Empty { sample });
        }
    }
    Ok((n, m))
}

/// The counts of the levels that occur on either side.
pub(super) fn occurring<'c>(
    reference: &'c [u64],
    production: &'c [u64],
) -> impl Iterator<Item = (u64, u64)> + Clone + 'c {
    reference.iter().zip(production).map(|(&a, &b)| (a, b)).filter(|(a, b)| a + b > 0)
}

/// The values of two sorted samples in order, each once, with how often it is in either.
pub(super) fn merged<'v>(
    reference: &'v [f64],
    production: &'v [f64],
) -> impl Iterator<Item = (f64, usize, usize)> + 'v {
    let (mut i, mut j) = (0, 0);
    std::iter::from_fn(move || {
        let value = match (reference.get(i), production.get(j)) {
            (Some(&a), Some(&b)) => a.min(b),
            (Some(&a), None) => a,
            (None, Some(&b)) => b,
            (None, None) => return None,
        };
        let count = |sample: &[f64]| sample.iter().take_while(|&&other| other == value).count();
        let (in_reference, in_production) = (count(&reference[i..]), count(&production[j..]));
        i += in_reference;
        j += in_production;
        Some((value, in_reference, in_production))
    })
}
