use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use mlops_page::chart::{Axis, Mark};

use crate::findings::Findings;

/// The sizes of pictures.
pub(super) const HALF: [u32; 2] = [480, 190];
pub(super) const WIDE: [u32; 2] = [980, 190];

/// Returns the position of a time on the axis.
pub(super) fn at(time: Timestamp) -> f64 {
    time.as_second() as f64
}

/// The axis of the page's window, which names days or hours in UTC.
pub(super) fn axis(findings: &Findings) -> Axis {
    axis_between(findings.from, findings.until)
}

/// The same, begun early enough for periods that began before the window.
pub(super) fn axis_between(from: Timestamp, until: Timestamp) -> Axis {
    let length = until.duration_since(from);
    let hours = length.as_hours();
    let names = match hours {
        0..=73 => steps(
            from,
            until,
            if hours <= 30 { 6 } else { 12 },
            if hours <= 30 { "%H:%M" } else { "%b %-d %H:%M" },
        ),
        74..=240 => steps(from, until, 48, "%b %-d"),
        241..=1000 => steps(from, until, 7 * 24, "%b %-d"),
        1001..=2500 => steps(from, until, 14 * 24, "%b %-d"),
        _ => months(from, until),
    };
    Axis { range: [at(from), at(until).max(at(from) + 1.0)], names }
}

/// The releases within the window.
pub(super) fn releases(findings: &Findings) -> Vec<Mark> {
    let releases =
        findings.releases.iter().flatten().filter(|release| release.released_at >= findings.from);
    releases
        .map(|release| Mark { at: at(release.released_at), name: "new model published".to_owned() })
        .collect()
}

fn steps(from: Timestamp, until: Timestamp, hours: i64, format: &str) -> Vec<(f64, String)> {
    let step = hours * 3600;
    let first = (from.as_second() + step - 1).div_euclid(step) * step;
    let last = until.as_second();
    let seconds = (0..).map(|second| first + second * step).take_while(|second| *second <= last);
    let named =
        seconds.filter_map(|second| Some((second as f64, Timestamp::from_second(second).ok()?)));
    named.map(|(second, time)| (second, time.strftime(format).to_string())).collect()
}

/// The first days of months, at most about eight of them.
fn months(from: Timestamp, until: Timestamp) -> Vec<(f64, String)> {
    let months = until.duration_since(from).as_hours() / (30 * 24);
    let every = (months / 8 + 1).min(12);
    let day = from.to_zoned(TimeZone::UTC).date();
    let Ok(mut first) = Date::new(day.year(), day.month(), 1) else { return Vec::new() };
    let mut names = Vec::new();
    while names.len() < 40 {
        let Ok(time) = first.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp()) else { break };
        if time > until {
            break;
        }
        if time >= from {
            let format = if every >= 12 || first.month() == 1 { "%b %Y" } else { "%b" };
            names.push((at(time), time.strftime(format).to_string()));
        }
        let Ok(next) = first.checked_add(every.months()) else { break };
        first = next;
    }
    names
}

/// Half the way through a period.
pub(super) fn middle(from: Timestamp, to: Timestamp) -> Timestamp {
    from.saturating_add(SignedDuration::from_secs(to.duration_since(from).as_secs() / 2))
        .unwrap_or(from)
}
