use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};

/// The time that a folder's name speaks of, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeSpan {
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment after.
    pub to: Timestamp,
    /// It is one hour; what lies below is not divided further.
    pub is_hour: bool,
}

impl TimeSpan {
    /// Reads the time from the names of a folder and of those around it.
    ///
    /// Understood are `dt=2026-11-23/hh=05`, `date=20261123`, `year=2026/month=11/day=23/hour=05`,
    /// `2026/11/23/05` and `2026-11-23`, at any depth, as far as they go: `dt=2026-11-23` is a day,
    /// `2026/11` a month. `None` without a year.
    pub fn of_folder(folder: &str) -> Option<Self> {
        let mut parts = Parts::default();
        folder.split('/').for_each(|name| parts.take(name));
        parts.span()
    }
}

#[derive(Default)]
struct Parts {
    date: Option<Date>,
    year: Option<i16>,
    month: Option<i8>,
    day: Option<i8>,
    hour: Option<i8>,
}

impl Parts {
    fn take(&mut self, name: &str) {
        let (key, value) =
            name.split_once('=').map_or((None, name), |(key, value)| (Some(key), value));
        let digits = value.bytes().all(|byte| byte.is_ascii_digit());
        let number = |length: usize| {
            digits.then(|| value.parse::<i16>().ok()).flatten().filter(|_| value.len() <= length)
        };
        let small = || number(2).and_then(|number| i8::try_from(number).ok());
        match key.map(str::to_ascii_lowercase).as_deref() {
            Some("dt" | "date" | "day") if self.date.is_none() && value.len() > 2 => {
                self.date = full_date(value)
            }
            Some("year" | "yyyy" | "y") => self.year = number(4),
            Some("month" | "mm" | "m") => self.month = small(),
            Some("day" | "dd" | "d") => self.day = small(),
            Some("hour" | "hh" | "h") => self.hour = small(),
            Some(_) => {}
            None if self.date.is_none() && self.year.is_none() && full_date(value).is_some() => {
                self.date = full_date(value);
            }
            None if self.has_day() && self.hour.is_none() && value.len() == 2 => {
                self.hour = small()
            }
            None if self.year.is_none() && self.date.is_none() && value.len() == 4 => {
                self.year = number(4)
            }
            None if self.year.is_some() && self.month.is_none() && value.len() == 2 => {
                self.month = small()
            }
            None if self.month.is_some() && self.day.is_none() && value.len() == 2 => {
                self.day = small()
            }
            None => {}
        }
    }

    fn has_day(&self) -> bool {
        self.date.is_some() || self.day.is_some()
    }

    fn span(&self) -> Option<TimeSpan> {
        let (date, length): (Date, Span) = match (self.date, self.year, self.month, self.day) {
            (Some(date), ..) => (date, 1.day()),
            (None, Some(year), Some(month), Some(day)) => {
                (Date::new(year, month, day).ok()?, 1.day())
            }
            (None, Some(year), Some(month), None) => (Date::new(year, month, 1).ok()?, 1.month()),
            (None, Some(year), None, _) => (Date::new(year, 1, 1).ok()?, 1.year()),
            _ => return None,
        };
        let (from, length) = match self.hour {
            Some(hour) if self.has_day() => {
                (date.at(0, 0, 0, 0).with().hour(hour).build().ok()?, 1.hour())
            }
            _ => (date.at(0, 0, 0, 0), length),
        };
        let utc = |time: DateTime| time.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
        let is_hour = self.hour.is_some() && self.has_day();
        Some(TimeSpan { from: utc(from)?, to: utc(from.checked_add(length).ok()?)?, is_hour })
    }
}

/// `2026-11-23` or `20261123`.
fn full_date(text: &str) -> Option<Date> {
    let parts = match (text.len(), text.as_bytes().get(4)) {
        (10, Some(b'-')) if text.as_bytes()[7] == b'-' => {
            [text.get(..4)?, text.get(5..7)?, text.get(8..)?]
        }
        (8, _) => [text.get(..4)?, text.get(4..6)?, text.get(6..)?],
        _ => return None,
    };
    let all_digits = parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    let [year, month, day] = parts;
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
        .ok()
        .filter(|_| all_digits)
}
