/// A number to four significant digits, as a person reads it.
///
/// ```
/// use mlops_detect::shift::four_digits;
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
