/// The log-likelihood of one outcome at these log-odds, without a logarithm of nothing.
pub(super) fn log_likelihood_of(odds: f64, label: bool) -> f64 {
    let against = if label { -odds } else { odds };
    -(against.max(0.0) + (-against.abs()).exp().ln_1p())
}
