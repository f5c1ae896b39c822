//! Numbers as people read them.

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
