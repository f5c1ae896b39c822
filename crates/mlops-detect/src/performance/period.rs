use std::str::FromStr;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::Serialize;

/// How long the periods are whose figures are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PeriodLength {
    /// From midnight to midnight, UTC.
    Day,
    /// From Monday to Monday.
    Week,
    /// A month of the calendar.
    Month,
}

impl PeriodLength {
    /// The period that a moment lies in: its first moment, and the first after it.
    pub fn of(self, time: Timestamp) -> (Timestamp, Timestamp) {
        let date = time.to_zoned(TimeZone::UTC).date();
        let (from, span) = match self {
            Self::Day => (date, 1.day()),
            Self::Week => {
                let since_monday = date.weekday().since(Weekday::Monday);
                (date.saturating_sub(i64::from(since_monday).days()), 1.week())
            }
            Self::Month => (date.first_of_month(), 1.month()),
        };
        (
            midnight(from).unwrap_or(Timestamp::MIN),
            midnight(from.saturating_add(span)).unwrap_or(Timestamp::MAX),
        )
    }
}

fn midnight(date: Date) -> Option<Timestamp> {
    TimeZone::UTC.to_timestamp(date.to_datetime(jiff::civil::Time::midnight())).ok()
}

impl FromStr for PeriodLength {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "day" => Ok(Self::Day),
            "week" => Ok(Self::Week),
            "month" => Ok(Self::Month),
            _ => Err("write day, week or month".to_owned()),
        }
    }
}
