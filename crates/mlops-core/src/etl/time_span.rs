use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// Years in which requests are logged. A number outside is no year, such as a customer's number.
const YEARS: std::ops::RangeInclusive<i16> = 1970..=2200;

/// The time span of a folder, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeSpan {
    /// The first moment inside.
    pub from: Timestamp,
    /// The first moment after the span.
    pub to: Timestamp,
    /// The span is one hour; folders below are not divided further.
    pub is_hour: bool,
}

impl TimeSpan {
    /// Returns the span of a day, or of one hour of it.
    pub(super) fn new(date: Date, hour: Option<i8>) -> Option<Self> {
        let (from, length) = match hour {
            Some(hour) => (date.at(0, 0, 0, 0).with().hour(hour).build().ok()?, 1.hour()),
            None => (date.at(0, 0, 0, 0), 1.day()),
        };
        let utc = |time: DateTime| time.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
        let to = utc(from.checked_add(length).ok()?)?;
        Some(Self { from: utc(from)?, to, is_hour: hour.is_some() })
    }
}

/// Returns a day, if it exists and requests may have been logged on it.
pub(super) fn day(year: &str, month: &str, day: &str) -> Option<Date> {
    let number = |text: &str| text.parse::<i8>().ok();
    let year = year.parse().ok().filter(|year| YEARS.contains(year))?;
    Date::new(year, number(month)?, number(day)?).ok()
}
