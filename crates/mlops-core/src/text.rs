//! Numbers and errors as people read them.

use std::error::Error;

/// Returns a number to four significant digits.
///
/// ```
/// use mlops_core::text::four_digits;
/// assert_eq!([0.123456, 21902.4, 7.0, 1.5e12].map(four_digits), ["0.1235", "21902", "7", "1.500e12"]);
/// ```
pub fn four_digits(number: f64) -> String {
    if number == 0.0 || !number.is_finite() {
        return number.to_string();
    }
    let magnitude = number.abs().log10().floor();
    if !(-4.0..9.0).contains(&magnitude) {
        return format!("{number:.3e}");
    }
    let decimals = (3.0 - magnitude).clamp(0.0, 7.0) as usize;
    let text = format!("{number:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// Returns a p-value to three decimals, or to two significant digits below 0.001.
///
/// ```
/// use mlops_core::text::p_value;
/// assert_eq!([0.25, 0.000123, 0.0].map(p_value), ["0.250", "1.2e-4", "<1e-300"]);
/// ```
pub fn p_value(p: f64) -> String {
    match p {
        tiny if tiny < 1e-300 => "<1e-300".to_owned(),
        small if small < 1e-3 => format!("{small:.1e}"),
        other => format!("{other:.3}"),
    }
}

/// Returns an error with its causes, on one line. A cause that the text before it has is left out.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    for cause in std::iter::successors(error.source(), |&cause| cause.source()) {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}
