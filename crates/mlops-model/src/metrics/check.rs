/// That there are rows, one label and one number each.
pub(super) fn check(labels: &[bool], probabilities: &[f64]) -> Option<()> {
    let are_numbers = || probabilities.iter().all(|probability| !probability.is_nan());
    (!labels.is_empty() && labels.len() == probabilities.len() && are_numbers()).then_some(())
}

/// Positives and negatives, where there are both.
pub(super) fn check_both(labels: &[bool], probabilities: &[f64]) -> Option<(f64, f64)> {
    check(labels, probabilities)?;
    let positives = labels.iter().filter(|label| **label).count();
    let negatives = labels.len() - positives;
    (positives > 0 && negatives > 0).then_some((positives as f64, negatives as f64))
}
