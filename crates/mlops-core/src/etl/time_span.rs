use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

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
