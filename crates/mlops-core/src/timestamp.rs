//! Points in time, as logs and databases write them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Reads a point in time; a text without an offset is UTC.
///
/// Accepts `2026-11-23 05:34:00.123456`, the same with `T`, with `Z` or an offset, and a date alone
/// (its midnight). Digits past the microsecond are cut, as a database would keep them no more.
///
/// `None` for any other text, and outside the years 1970–9999, which `DATETIME` and an epoch both
/// hold.
///
/// ```
/// use mlops_core::timestamp::parse_utc;
/// assert_eq!(parse_utc("2026-11-23 05:34:00.5"), parse_utc("2026-11-23T06:34:00.5+01:00"));
/// ```
pub fn parse_utc(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let timestamp = match text.parse::<Timestamp>() {
        Ok(timestamp) => timestamp,
        Err(_) => text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp(),
    };
    storable(timestamp.as_microsecond())
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
