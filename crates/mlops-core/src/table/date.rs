//! Dates and times as people and programs write them.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::timestamp::point_in_time;

/// The order of day and month in `03/04/2026`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DateOrder {
    /// Day, month, year.
    DayFirst,
    /// Month, day, year.
    MonthFirst,
}

/// A date as it is written, in microseconds since 1970 by either order of day and month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WrittenDate {
    pub(super) day_first: Option<i64>,
    pub(super) month_first: Option<i64>,
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Years that a date of a table may have.
const YEARS: std::ops::RangeInclusive<i16> = 1000..=9999;

impl WrittenDate {
    /// Reads `2026-11-23` and `2026/11/23`, with a time and an offset or zone, `23.11.2026`,
    /// `23/11/2026`, `11/23/2026`, `23-Nov-2026` and `Nov 23, 2026`, with a time; `None` for anything
    /// else.
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        if digits < 5 || text.len() < 8 {
            return None;
        }
        let start = text.bytes().take_while(u8::is_ascii_digit).count();
        if start == 4 {
            return Self::year_first(text).map(Self::certain);
        }
        let (date, time) = parts(text)?;
        let time = match time {
            "" => Time::midnight(),
            time => time_of_day(time)?,
        };
        let [one, two, three] = date;
        let year: i16 = (three.len() == 4).then(|| three.parse().ok())??;
        let at = |day: i8, month: i8| {
            let date = YEARS.contains(&year).then(|| Date::new(year, month, day).ok())??;
            microseconds(date.to_datetime(time))
        };
        let number = |text: &str| -> Option<i8> {
            (text.len() <= 2 && text.bytes().all(|byte| byte.is_ascii_digit()))
                .then(|| text.parse().ok())?
        };
        if let Some(month) = month_of(two) {
            return at(number(one)?, month).map(Self::certain);
        }
        if let Some(month) = month_of(one) {
            return at(number(two)?, month).map(Self::certain);
        }
        let (one, two) = (number(one)?, number(two)?);
        let found = match text.contains('/') {
            true => Self { day_first: at(one, two), month_first: at(two, one) },
            // With points and hyphens the day is first everywhere.
            false => Self::certain(at(one, two)?),
        };
        (found.day_first.is_some() || found.month_first.is_some()).then_some(found)
    }

    fn certain(microseconds: i64) -> Self {
        Self { day_first: Some(microseconds), month_first: Some(microseconds) }
    }

    fn year_first(text: &str) -> Option<i64> {
        let found = match text.as_bytes().get(4)? {
            b'-' => point_in_time(text.strip_suffix(" UTC").unwrap_or(text)),
            b'/' => point_in_time(&text.replacen('/', "-", 2)),
            _ => return None,
        };
        let found = found.ok()?;
        YEARS.contains(&found.to_zoned(TimeZone::UTC).year()).then(|| found.as_microsecond())
    }
}

fn microseconds(time: DateTime) -> Option<i64> {
    TimeZone::UTC.to_timestamp(time).ok().map(Timestamp::as_microsecond)
}

/// Returns the three parts of a date and the text of the time behind it.
fn parts(text: &str) -> Option<([&str; 3], &str)> {
    let is_sign = |c: char| matches!(c, '/' | '.' | '-' | ' ' | ',');
    let mut rest = text;
    let mut found = [""; 3];
    for (index, part) in found.iter_mut().enumerate() {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        (*part, rest) = rest.split_at(end);
        if part.is_empty() {
            return None;
        }
        if index < 2 {
            rest = rest.trim_start_matches(is_sign);
        }
    }
    let is_end = rest.is_empty() || rest.starts_with([' ', ',']);
    is_end.then(|| (found, rest.trim_start_matches([' ', ','])))
}

/// Reads `9:05`, `09:05:00.5`, `9:05 PM`.
fn time_of_day(text: &str) -> Option<Time> {
    let upper = text.to_ascii_uppercase();
    let (clock, half) = match (upper.strip_suffix("AM"), upper.strip_suffix("PM")) {
        (Some(clock), _) => (clock.trim(), Some(0)),
        (_, Some(clock)) => (clock.trim(), Some(12)),
        _ => (upper.trim(), None),
    };
    let (hour, rest) = clock.split_once(':')?;
    let hour: u8 = hour.parse().ok()?;
    let hour = match half {
        Some(half) if (1..=12).contains(&hour) => hour % 12 + half,
        Some(_) => return None,
        None => hour,
    };
    format!("{hour:02}:{rest}").parse().ok()
}

fn month_of(text: &str) -> Option<i8> {
    let text = text.to_ascii_lowercase();
    let is_named = |name: &str| text.len() >= 3 && (name == text || name[..3] == text);
    MONTHS.iter().position(|name| is_named(name)).map(|index| index as i8 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, day_first: Option<&str>, month_first: Option<&str>) {
        let at = |text: Option<&str>| {
            text.map(|text| text.parse::<Timestamp>().unwrap().as_microsecond())
        };
        let found = WrittenDate::read(text);
        let found = found.map_or((None, None), |it| (it.day_first, it.month_first));
        assert_eq!(found, (at(day_first), at(month_first)), "{text}");
    }

    #[test]
    fn dates_are_read_as_they_are_written() {
        let certain = |text: &str, at: &str| check(text, Some(at), Some(at));
        certain("2026-03-04", "2026-03-04T00:00:00Z");
        certain(" 2026/03/04 ", "2026-03-04T00:00:00Z");
        certain("2026-03-04 05:06:07.5", "2026-03-04T05:06:07.5Z");
        certain("2026-03-04T05:06:07+02:00", "2026-03-04T03:06:07Z");
        certain("2026-03-04 05:06:07 UTC", "2026-03-04T05:06:07Z");
        certain("2026/03/04 05:06", "2026-03-04T05:06:00Z");
        certain("1965-04-03", "1965-04-03T00:00:00Z");
        certain("04.03.2026", "2026-03-04T00:00:00Z");
        certain("4.3.2026 17:30", "2026-03-04T17:30:00Z");
        certain("04-Mar-2026", "2026-03-04T00:00:00Z");
        certain("4 March 2026", "2026-03-04T00:00:00Z");
        certain("Mar 4, 2026", "2026-03-04T00:00:00Z");
        check("03/04/2026", Some("2026-04-03T00:00:00Z"), Some("2026-03-04T00:00:00Z"));
        check("3/15/2026 1:05 PM", None, Some("2026-03-15T13:05:00Z"));
        check("15/3/2026 00:30:00", Some("2026-03-15T00:30:00Z"), None);
    }

    #[test]
    fn other_texts_are_no_dates() {
        for text in [
            "",
            "2026",
            "2026-13-01",
            "20260304",
            "1.234.567",
            "12345678",
            "10:30:00",
            "soon",
            "31.02.2026",
            "03/04/26",
            "0026-01-01",
            "1.2.3.2026",
            "level 12 of 2026",
            "12/2026",
            "192.168.2.1024",
            "2026-03-04 is a day",
        ] {
            assert_eq!(WrittenDate::read(text), None, "{text}");
        }
    }
}
