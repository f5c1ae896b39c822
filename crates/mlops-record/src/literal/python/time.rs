use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::DateTime;

use super::arguments::Arguments;
use super::zone::Zone;
use crate::literal::Value;

/// `datetime.datetime(2026, 11, 23, 5, 34, 0, 123456)` as `2026-11-23 05:34:00.123456`, like
/// `str()` of it; with its offset from UTC where it has a zone.
pub(super) fn date<'a>(arguments: &Arguments<'a>) -> Option<Value<'a>> {
    let parts = whole_numbers(arguments)?;
    let [year, month, day, ref time @ ..] = parts[..] else { return None };
    let date = format!("{year:04}-{month:02}-{day:02}");
    if time.is_empty() {
        return Some(Value::String(Cow::Owned(date)));
    }
    let local = format!("{date} {}", clock(time)?);
    let is_second = matches!(arguments.named("fold"), Some(Value::Number(fold)) if *fold == "1");
    let offset = match &arguments.zone {
        Zone::None => String::new(),
        zone => zone.offset_of(local.parse().ok()?, is_second)?,
    };
    Some(Value::String(Cow::Owned(local + &offset)))
}

/// `datetime.time(5, 34)` as `05:34:00.000000`.
pub(super) fn time<'a>(arguments: &Arguments<'a>) -> Option<Value<'a>> {
    clock(&whole_numbers(arguments)?).map(|text| Value::String(Cow::Owned(text)))
}

/// The text of a `Timestamp` of pandas, with an offset where only `tz` says it.
pub(super) fn timestamp(arguments: Arguments<'_>) -> Option<Value<'_>> {
    let zone = arguments.named("tz").and_then(Value::as_text).map(str::to_owned);
    let text = arguments.positional.into_iter().next()?;
    let Value::String(time) = &text else { return None };
    let Some(zone) = zone.filter(|_| time.parse::<Timestamp>().is_err()) else {
        return Some(text);
    };
    let local: DateTime = time.parse().ok()?;
    let offset = Zone::named(&zone)?.offset_of(local, false)?;
    Some(Value::String(Cow::Owned(format!("{time}{offset}"))))
}

fn whole_numbers(arguments: &Arguments<'_>) -> Option<Vec<u32>> {
    let numbers = arguments.positional.iter().map(|argument| match argument {
        Value::Number(text) => text.parse().ok(),
        _ => None,
    });
    numbers.collect()
}

fn clock(parts: &[u32]) -> Option<String> {
    let [hour, minute, ref rest @ ..] = parts[..] else { return None };
    let (second, microsecond) = match rest {
        [] => (0, 0),
        [second] => (*second, 0),
        [second, microsecond] => (*second, *microsecond),
        _ => return None,
    };
    Some(format!("{hour:02}:{minute:02}:{second:02}.{microsecond:06}"))
}
