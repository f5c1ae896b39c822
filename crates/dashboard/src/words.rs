//! How things are said on the page.

use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use mlops_detect::performance::Estimate;
use mlops_job::number;

/// A moment. The reader's browser turns it into the reader's zone.
pub(crate) fn moment(time: Timestamp) -> Markup {
    let utc = time.strftime("%Y-%m-%d %H:%M").to_string();
    html! { time datetime=(time.strftime("%Y-%m-%dT%H:%M:%SZ")) title={ (utc) " UTC" } { (utc) } }
}

/// A day in UTC.
pub(crate) fn day(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}

/// How long, in its largest unit: `3 days`.
pub(crate) fn how_long(span: SignedDuration) -> String {
    let seconds = span.as_secs().max(0);
    let (count, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..3600 => (seconds / 60, "minute"),
        3600..172_800 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    plural(count.unsigned_abs(), unit)
}

/// `1 day`, `3 days`.
pub(crate) fn plural(count: u64, unit: &str) -> String {
    format!("{} {unit}{}", number(count), if count == 1 { "" } else { "s" })
}

/// The light of each word: its shape and colour.
fn kind_of(word: &str) -> &'static str {
    match word {
        "stable" | "ok" | "accepted" | "served" | "sent" | "fresh" | "present" => "good",
        "shifted" | "firing" | "refused" | "failed" | "late" | "critical" => "bad",
        "inconclusive" | "pending" | "recovering" | "waiting" | "submitted" | "warning"
        | "unknown" | "sending" => "unclear",
        _ => "plain",
    }
}

/// A word with its light; the shape says the same as the colour.
pub(crate) fn badge(word: &str) -> Markup {
    let kind = kind_of(word);
    html! {
        span class={ "badge " (kind) } {
            svg.light viewBox="0 0 10 10" aria-hidden="true" {
                @match kind {
                    "good" => circle cx="5" cy="5" r="4.5" {},
                    "bad" => path d="M5 0.5 9.7 9.3H0.3z" {},
                    "unclear" => path d="M5 0.3 9.7 5 5 9.7 0.3 5z" {},
                    _ => rect x="1" y="4" width="8" height="2" {},
                }
            }
            (word.replace('_', " "))
        }
    }
}

/// A number with as many digits as say something.
pub(crate) fn figure(value: f64) -> String {
    let size = value.abs();
    match value {
        _ if !value.is_finite() => "—".to_owned(),
        _ if size >= 1000.0 => signed(value),
        _ if size >= 100.0 => format!("{value:.0}").replace('-', "−"),
        _ if size >= 10.0 => format!("{value:.1}").replace('-', "−"),
        _ if size >= 0.001 || value == 0.0 => format!("{value:.3}").replace('-', "−"),
        _ => format!("{value:.1e}").replace('-', "−"),
    }
}

/// A whole number that may be below 0.
pub(crate) fn signed(value: f64) -> String {
    let sign = if value <= -0.5 { "−" } else { "" };
    format!("{sign}{}", number(value.abs().round() as u64))
}

/// A large number for an axis: `1.2 M`.
pub(crate) fn short(value: f64) -> String {
    let size = value.abs();
    let (divisor, unit) = match () {
        () if size >= 1e9 => (1e9, "G"),
        () if size >= 1e6 => (1e6, "M"),
        () if size >= 1e4 => (1e3, "k"),
        () => {
            return if size >= 10.0 || value.fract() == 0.0 {
                signed(value)
            } else {
                format!("{value:.1}")
            };
        }
    };
    let text = format!("{:.1}", value / divisor).replace('-', "−");
    format!("{}{unit}", text.trim_end_matches(".0"))
}

/// A p-value.
pub(crate) fn p_value(p: f64) -> String {
    match p {
        small if small < 1e-300 => "< 1e−300".to_owned(),
        small if small < 1e-3 => format!("{small:.0e}").replace('-', "−"),
        other => format!("{other:.3}"),
    }
}

/// A figure with its interval: `52 (31 to 74)`.
pub(crate) fn interval(it: Estimate, text: impl Fn(f64) -> String) -> String {
    format!("{} ({} to {})", text(it.value), text(it.low), text(it.high))
}

/// The names as one says them: `A, B and C`.
pub(crate) fn together(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}

/// A text with a capital letter before it and a stop after it.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.trim_end_matches('.').chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

/// What is said where a table is not there or may not be read.
pub(crate) fn missing(why: &str) -> Markup {
    html! { p.missing { (why) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_that_say_something() {
        let shown = [0.0, 0.7213, -12.34, 123.4, 1_234_567.0, 0.000_012, f64::NAN].map(figure);
        assert_eq!(shown, ["0.000", "0.721", "−12.3", "123", "1,234,567", "1.2e−5", "—"]);
        assert_eq!(
            [12.0, 1234.0, 12_500.0, -3e6, 2.5e9].map(short),
            ["12", "1,234", "12.5k", "−3M", "2.5G"]
        );
    }

    #[test]
    fn spans_are_said_in_their_largest_unit() {
        let said = [0, 59, 60, 7200, 86_400, 172_800]
            .map(|seconds| how_long(SignedDuration::from_secs(seconds)));
        assert_eq!(said, ["0 seconds", "59 seconds", "1 minute", "2 hours", "24 hours", "2 days"]);
    }

    #[test]
    fn a_word_has_a_shape_beside_its_colour() {
        assert!(
            badge("stable").into_string().contains("<circle")
                && badge("shifted").into_string().contains("<path")
        );
        assert!(badge("<b>").into_string().contains("&lt;b&gt;"));
    }
}
