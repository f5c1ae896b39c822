use super::check::check;

/// The loss of one row: -ln of the probability of what happened, which is at least 2^-52, as in
/// scikit-learn.
pub fn row_log_loss(label: bool, probability: f64) -> f64 {
    let probability = probability.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
    if label { -probability.ln() } else { -(1.0 - probability).ln() }
}

/// The mean of [`row_log_loss`], in nats.
pub fn log_loss(labels: &[bool], probabilities: &[f64]) -> Option<f64> {
    mean(labels, probabilities, row_log_loss)
}

/// The mean squared error of probabilities.
pub fn brier(labels: &[bool], probabilities: &[f64]) -> Option<f64> {
    mean(labels, probabilities, |label, probability| {
        (probability - f64::from(u8::from(label))).powi(2)
    })
}

fn mean(labels: &[bool], probabilities: &[f64], of_row: fn(bool, f64) -> f64) -> Option<f64> {
    check(labels, probabilities)?;
    let sum: f64 = labels
        .iter()
        .zip(probabilities)
        .map(|(label, probability)| of_row(*label, *probability))
        .sum();
    Some(sum / labels.len() as f64)
}
