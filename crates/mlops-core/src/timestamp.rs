//! Points in time, as logs and databases write them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::TimeZone;

/// Why a text is no point in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// It is none, or none that a database holds.
    #[error("no date and time of the years 1970 to 9999")]
    NoTime,
    /// It names a zone in brackets that is not in the IANA database.
    #[error("unknown time zone `{0}`")]
    UnknownZone(String),
}

/// Reads a point in time, as [`parse_time`]; `None` for what is none.
///
/// ```
/// use mlops_core::timestamp::parse_utc;
/// assert_eq!(parse_utc("2026-11-23 05:34:00.5"), parse_utc("2026-11-23T06:34:00.5+01:00"));
/// ```
pub fn parse_utc(text: &str) -> Option<Timestamp> {
    parse_time(text).ok()
}

/// Reads a point in time; a text without an offset and a zone is UTC.
///
/// Accepts `2026-11-23 05:34:00.123456`, the same with `T`, with `Z` or an offset, and a date alone
/// (its midnight). Digits past the microsecond are cut, as a database would keep them no more.
///
/// After these may stand a zone in brackets, as in `2026-11-23 05:34:00[Europe/Berlin]`. An offset
/// before it decides. Without one, a local time that is there twice takes the earlier offset, and one
/// that is skipped moves forward.
///
/// # Errors
///
/// [`TimeError`] for any other text, for an unknown zone, and outside the years 1970–9999, which
/// `DATETIME` and an epoch both hold.
///
/// ```
/// use mlops_core::timestamp::{parse_time, parse_utc};
/// let local = parse_time("2026-07-01 12:00:00[Europe/Berlin]");
/// assert_eq!(local.ok(), parse_utc("2026-07-01T10:00:00Z"));
/// ```
pub fn parse_time(text: &str) -> Result<Timestamp, TimeError> {
    storable(point_in_time(text)?.as_microsecond()).ok_or(TimeError::NoTime)
}

/// Reads a point in time as [`parse_time`], of any year.
pub(crate) fn point_in_time(text: &str) -> Result<Timestamp, TimeError> {
    let text = text.trim();
    let (text, zone) = match text.split_once('[') {
        Some((text, annotations)) => (text.trim_end(), zone(annotations)?),
        None => (text, None),
    };
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Ok(timestamp);
    }
    let local: DateTime = text.parse().map_err(|_| TimeError::NoTime)?;
    let zoned = local.to_zoned(zone.unwrap_or(TimeZone::UTC));
    Ok(zoned.map_err(|_| TimeError::NoTime)?.timestamp())
}

static PARSER: DateTimeParser = DateTimeParser::new();

/// The zone among annotations such as `Europe/Berlin]` and `+01:00][u-ca=iso8601]`.
fn zone(annotations: &str) -> Result<Option<TimeZone>, TimeError> {
    let annotations = annotations.strip_suffix(']').ok_or(TimeError::NoTime)?;
    let mut zone = None;
    for annotation in annotations.split("][") {
        let name = annotation.strip_prefix('!').unwrap_or(annotation);
        // A calendar and other notes, which do not change the time.
        if name.contains('=') {
            continue;
        }
        let found = PARSER.parse_time_zone(name);
        let found = found.map_err(|_| TimeError::UnknownZone(name.to_owned()))?;
        if zone.replace(found).is_some() {
            return Err(TimeError::NoTime);
        }
    }
    Ok(zone)
}

/// Reads seconds since 1970, with a fraction, to the nearest microsecond; `None` as in
/// [`parse_utc`].
pub fn parse_epoch(text: &str) -> Option<Timestamp> {
    let microseconds = (text.parse::<f64>().ok()? * 1e6).round();
    // The comparison is false for NaN; the cast is exact inside these bounds.
    if !(0.0..=MAX_MICROSECOND as f64).contains(&microseconds) {
        return None;
    }
    storable(microseconds as i64)
}

/// 9999-12-30T22:00:00Z, the last second that `Timestamp` has.
const MAX_MICROSECOND: i64 = 253_402_207_200_000_000;

fn storable(microsecond: i64) -> Option<Timestamp> {
    if !(0..=MAX_MICROSECOND).contains(&microsecond) {
        return None;
    }
    Timestamp::from_microsecond(microsecond).ok()
}

/// A point in time as `DATETIME(6)` and the logs write it: `2026-11-23 05:34:00.123456`, in UTC.
pub fn to_sql_text(timestamp: Timestamp) -> String {
    timestamp.strftime("%Y-%m-%d %H:%M:%S.%6f").to_string()
}
