use jiff::civil::Date;

use super::time_span::day;
use super::{DatePattern, TimeSpan};

/// The rule by which the path of a folder names a time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum FolderDates {
    /// The layouts of Hive, Firehose and the AWS services, where they cannot be misread:
    ///
    /// - `dt=`, `date=` or `day=` with a whole day: `dt=2024-05-06`, `day=20240506`;
    /// - `year=2024/month=05/day=06`;
    /// - `2024/05/06`, complete; with an hour directly below: `2024/05/06/07`;
    /// - a bare `2024-05-06`;
    /// - `hh=07` or `hour=07` anywhere below one of these.
    ///
    /// Every other folder has no time of its own. A folder inside a dated one has the time of that.
    #[default]
    Usual,
    /// The layout that the user describes; all other folders have no time.
    Pattern(DatePattern),
}

impl FolderDates {
    /// Returns the time span of a folder, whose path is relative to the logs and ends in `/`.
    /// `None` for a folder without a time.
    pub fn span(&self, folder: &str) -> Option<TimeSpan> {
        let names: Vec<&str> = folder.split_terminator('/').collect();
        match self {
            Self::Usual => usual(&names),
            Self::Pattern(pattern) => pattern.span(&names),
        }
    }
}

fn usual(names: &[&str]) -> Option<TimeSpan> {
    let (mut year, mut month) = ("", "");
    for (index, name) in names.iter().enumerate() {
        let below = &names[index + 1..];
        let (key, value) = key_value(name);
        let date = match key.as_str() {
            "dt" | "date" => whole_day(value),
            "day" => whole_day(value).or_else(|| day(year, digits(month, 2)?, digits(value, 2)?)),
            "" => iso_day(name),
            _ => None,
        };
        if let Some(date) = date {
            return TimeSpan::new(date, below.iter().find_map(|name| hour(name)));
        }
        match key.as_str() {
            "year" => year = value,
            "month" => month = value,
            _ => {}
        }
        if let Some(date) = slashed_day(&names[index..]) {
            let below = &names[index + 3..];
            let bare =
                below.first().and_then(|name| digits(name, 2)).filter(|name| name.len() == 2);
            let bare = bare.and_then(|name| name.parse().ok()).filter(|hour| *hour < 24);
            return TimeSpan::new(date, bare.or_else(|| below.iter().find_map(|name| hour(name))));
        }
    }
    None
}

fn key_value(name: &str) -> (String, &str) {
    let (key, value) = name.split_once('=').unwrap_or(("", name));
    (key.to_ascii_lowercase(), value)
}

/// Reads `hh=07` or `hour=7`.
fn hour(name: &str) -> Option<i8> {
    let (key, value) = key_value(name);
    let is_hour = matches!(key.as_str(), "hh" | "hour");
    digits(value, 2).filter(|_| is_hour)?.parse().ok().filter(|hour| *hour < 24)
}

/// Returns a text of digits only, of at most `length`.
fn digits(text: &str, length: usize) -> Option<&str> {
    let all = text.bytes().all(|byte| byte.is_ascii_digit());
    (all && !text.is_empty() && text.len() <= length).then_some(text)
}

/// Reads `2024-05-06` or `20240506`.
fn whole_day(text: &str) -> Option<Date> {
    let compact = || {
        let text = digits(text, 8).filter(|text| text.len() == 8)?;
        day(&text[..4], &text[4..6], &text[6..])
    };
    iso_day(text).or_else(compact)
}

fn iso_day(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let mut part = |length| {
        parts.next().and_then(|part| digits(part, length)).filter(|part| part.len() == length)
    };
    let date = day(part(4)?, part(2)?, part(2)?);
    date.filter(|_| parts.next().is_none())
}

/// Reads the three folders `2024/05/06`.
fn slashed_day(names: &[&str]) -> Option<Date> {
    let part = |index: usize, length| {
        names.get(index).and_then(|name| digits(name, length)).filter(|name| name.len() == length)
    };
    day(part(0, 4)?, part(1, 2)?, part(2, 2)?)
}
