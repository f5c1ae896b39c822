//! Spans of time, as arguments and files write them.

use jiff::SignedDuration;

const UNITS: [(&str, i64); 5] =
    [("d", 24 * 60 * 60 * 1000), ("h", 60 * 60 * 1000), ("m", 60 * 1000), ("s", 1000), ("ms", 1)];

/// Reads a whole number and a unit: `7d`, `12h`, `90m`, `30s`, `250ms`, or `0`. A day has 24 hours.
///
/// # Errors
///
/// What to write instead.
///
/// ```
/// use mlops_core::span::{parse_span, span_text};
/// assert_eq!(span_text(parse_span("90m").unwrap()), "1h 30m");
/// ```
pub fn parse_span(text: &str) -> Result<SignedDuration, String> {
    let wrong = || "write a span such as 7d, 12h, 90m or 30s".to_owned();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (count, unit) = text.split_at(digits);
    let count: u32 = count.parse().map_err(|_| wrong())?;
    if unit.is_empty() && count == 0 {
        return Ok(SignedDuration::ZERO);
    }
    let (_, milliseconds) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
    Ok(SignedDuration::from_millis(i64::from(count) * milliseconds))
}

/// A span in its two largest units, as people read it: `10m`, `1h 30m`, `2d`; `0s` for nothing. A
/// negative one is written by its length.
pub fn span_text(span: SignedDuration) -> String {
    let mut rest = i64::try_from(span.as_millis()).unwrap_or(i64::MAX).saturating_abs();
    let mut parts = Vec::new();
    for (unit, milliseconds) in UNITS {
        let count = rest / milliseconds;
        rest %= milliseconds;
        if count > 0 {
            parts.push(format!("{count}{unit}"));
        }
    }
    parts.truncate(2);
    if parts.is_empty() { "0s".to_owned() } else { parts.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_read_and_written() {
        for (text, written) in [
            ("10m", "10m"),
            ("90m", "1h 30m"),
            ("48h", "2d"),
            ("0", "0s"),
            ("1500ms", "1s 500ms"),
            ("86461s", "1d 1m"),
        ] {
            assert_eq!(span_text(parse_span(text).unwrap()), written, "{text}");
        }
        for text in ["", "10", "m", "-5m", "1.5h", "10 m", "99999999999d"] {
            assert!(parse_span(text).unwrap_err().contains("7d, 12h"), "{text}");
        }
    }
}
