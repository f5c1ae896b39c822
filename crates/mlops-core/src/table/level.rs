//! The names of levels: one for every way in which a producer may write it.

/// Whether a text stands for a missing value, as pandas reads it: empty, `NA`, `N/A`, `NaN`, `nan`,
/// `NULL`, `null`, `None`, `<NA>`.
pub fn is_missing_text(text: &str) -> bool {
    matches!(
        text.trim(),
        "" | "NA" | "N/A" | "n/a" | "NaN" | "nan" | "NULL" | "null" | "None" | "<NA>"
    )
}

/// The level that a text names, one for every way in which a producer may write it.
///
/// `True` and `TRUE` are `true`; `1.0` is `1`, since a table with missing values writes whole
/// numbers so. Anything else stays as it is: `007` and `1.10` are not numbers to everyone.
pub fn level_name(text: &str) -> &str {
    let text = text.trim();
    match boolean(text) {
        Some(true) => return "true",
        Some(false) => return "false",
        None => {}
    }
    match text.strip_suffix(".0") {
        Some(whole)
            if !whole.is_empty()
                && whole.trim_start_matches('-').bytes().all(|b| b.is_ascii_digit()) =>
        {
            whole
        }
        _ => text,
    }
}

/// The level that a number names, as [`level_name`]. A whole number has all of its digits.
pub fn number_level(number: f64) -> String {
    let number = if number == 0.0 { 0.0 } else { number };
    if number.fract() == 0.0 && number.abs() < 1e19 {
        return format!("{number:.0}");
    }
    level_name(&format!("{number:?}")).to_owned()
}

/// `true` and `false` in any case.
pub(super) fn boolean(text: &str) -> Option<bool> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else {
        text.eq_ignore_ascii_case("false").then_some(false)
    }
}

/// The level of a column of booleans: `1` and `0` are `true` and `false`.
pub(super) fn flag_name(text: &str) -> &str {
    match level_name(text) {
        "1" => "true",
        "0" => "false",
        other => other,
    }
}

/// Returns the level that a boolean is among `levels`: `1` is `true` where the levels are `true` and
/// `false`, and the other way round; `None` if it is none of them in either way.
pub fn as_flag_of<'l>(name: &str, levels: impl Iterator<Item = &'l str>) -> Option<&'l str> {
    let other = match name {
        "true" => "1",
        "false" => "0",
        "1" => "true",
        "0" => "false",
        _ => return None,
    };
    let mut found = None;
    for level in levels {
        if !matches!(level, "true" | "false" | "1" | "0") || level == name {
            return None;
        }
        if level == other {
            found = Some(level);
        }
    }
    found
}
