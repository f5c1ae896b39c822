//! How things are said on the page.

use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use mlops_core::ports::RetrainStatus;
use mlops_core::verdict::Verdict;
use mlops_detect::performance::Estimate;
use mlops_job::number;
use mlops_rules::{MessageStatus, Status};

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

/// The shape and color of a badge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lamp {
    Good,
    Bad,
    Unclear,
    Plain,
}

impl Lamp {
    fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Unclear => "unclear",
            Self::Plain => "plain",
        }
    }
}

/// A word that is shown with a light.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Badge {
    pub(crate) word: &'static str,
    lamp: Lamp,
}

impl Badge {
    pub(crate) const NO_RUN: Self = Self { word: "no run", lamp: Lamp::Plain };
    pub(crate) const NO_RUN_ON_RECORD: Self = Self { word: "no run on record", lamp: Lamp::Plain };
    pub(crate) const UNKNOWN: Self = Self { word: "unknown", lamp: Lamp::Unclear };
    pub(crate) const FRESH: Self = Self { word: "fresh", lamp: Lamp::Good };
    pub(crate) const LATE: Self = Self { word: "late", lamp: Lamp::Bad };
    pub(crate) const PRESENT: Self = Self { word: "present", lamp: Lamp::Good };
    pub(crate) const ACCEPTED: Self = Self { word: "accepted", lamp: Lamp::Good };
    pub(crate) const REFUSED: Self = Self { word: "refused", lamp: Lamp::Bad };

    /// The badge on the page; the shape says the same as the color.
    pub(crate) fn show(self) -> Markup {
        html! {
            span class={ "badge " (self.lamp.class()) } {
                svg.light viewBox="0 0 10 10" aria-hidden="true" {
                    @match self.lamp {
                        Lamp::Good => circle cx="5" cy="5" r="4.5" {},
                        Lamp::Bad => path d="M5 0.5 9.7 9.3H0.3z" {},
                        Lamp::Unclear => path d="M5 0.3 9.7 5 5 9.7 0.3 5z" {},
                        Lamp::Plain => rect x="1" y="4" width="8" height="2" {},
                    }
                }
                (self.word)
            }
        }
    }
}

impl From<&Verdict> for Badge {
    fn from(verdict: &Verdict) -> Self {
        let lamp = match verdict {
            Verdict::Stable => Lamp::Good,
            Verdict::Shifted => Lamp::Bad,
            Verdict::Inconclusive(_) => Lamp::Unclear,
        };
        Self { word: verdict.name(), lamp }
    }
}

impl From<Status> for Badge {
    fn from(status: Status) -> Self {
        let lamp = match status {
            Status::Ok => Lamp::Good,
            Status::Firing => Lamp::Bad,
            Status::Pending | Status::Recovering | Status::Unknown => Lamp::Unclear,
        };
        Self { word: status.name(), lamp }
    }
}

impl From<RetrainStatus> for Badge {
    fn from(status: RetrainStatus) -> Self {
        let lamp = match status {
            RetrainStatus::Served => Lamp::Good,
            RetrainStatus::Refused | RetrainStatus::Failed => Lamp::Bad,
            RetrainStatus::Pending | RetrainStatus::Waiting | RetrainStatus::Submitted => {
                Lamp::Unclear
            }
            RetrainStatus::Kept => Lamp::Plain,
        };
        Self { word: status.name(), lamp }
    }
}

impl From<MessageStatus> for Badge {
    fn from(status: MessageStatus) -> Self {
        let lamp = match status {
            MessageStatus::Sent => Lamp::Good,
            MessageStatus::Failed => Lamp::Bad,
            MessageStatus::Sending => Lamp::Unclear,
            MessageStatus::Muted => Lamp::Plain,
        };
        Self { word: status.name(), lamp }
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

/// Returns the paragraph for a table that is missing or cannot be read.
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
        let shown = |badge: Badge| badge.show().into_string();
        assert!(
            shown((&Verdict::Stable).into()).contains("<circle")
                && shown((&Verdict::Shifted).into()).contains("<path")
        );
        assert!(shown(Badge { word: "<b>", lamp: Lamp::Plain }).contains("&lt;b&gt;"));
    }
}
