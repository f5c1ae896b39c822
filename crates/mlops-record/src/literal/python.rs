//! The objects that turn up inside a `str(dict)`, because `json.dumps` refused them.

use std::borrow::Cow;

use super::Value;
use super::cursor::{Cursor, non_finite};

/// What `name(…)` with these arguments has as its JSON form, if it has one.
pub(super) fn object<'a>(name: &str, arguments: Vec<Value<'a>>) -> Option<Value<'a>> {
    let class = name.rsplit('.').next().unwrap_or(name);
    match class {
        "datetime" | "date" => iso_date(&arguments),
        "Decimal" => decimal(arguments),
        "Timestamp" | "UUID" | "datetime64" | "str_" => {
            sole(arguments).filter(|v| matches!(v, Value::String(_)))
        }
        "bool" | "bool_" => sole(arguments).filter(|v| matches!(v, Value::Bool(_))),
        _ if is_numpy_number(class) => {
            sole(arguments).filter(|v| matches!(v, Value::Number(_) | Value::NonFinite(_)))
        }
        _ => None,
    }
}

fn sole(arguments: Vec<Value<'_>>) -> Option<Value<'_>> {
    <[Value<'_>; 1]>::try_from(arguments).ok().map(|[value]| value)
}

fn is_numpy_number(class: &str) -> bool {
    let width =
        class.trim_start_matches("float").trim_start_matches("uint").trim_start_matches("int");
    width.len() < class.len() && matches!(width, "8" | "16" | "32" | "64" | "128" | "")
}

/// The number that the text of a `Decimal` is.
fn decimal(arguments: Vec<Value<'_>>) -> Option<Value<'_>> {
    let Value::String(Cow::Borrowed(text)) = sole(arguments)? else { return None };
    let mut cursor = Cursor::new(text);
    cursor.skip_space();
    let number = match cursor.peek()? {
        b'-' | b'0'..=b'9' => cursor.number().ok()?,
        _ => non_finite(cursor.name())?,
    };
    cursor.skip_space();
    cursor.is_at_end().then_some(number)
}

/// `datetime.datetime(2026, 11, 23, 5, 34, 0, 123456)` as `2026-11-23 05:34:00.123456`, like
/// `str()` of it.
fn iso_date<'a>(arguments: &[Value<'a>]) -> Option<Value<'a>> {
    let parts: Vec<u32> = arguments
        .iter()
        .map(|argument| match argument {
            Value::Number(text) => text.parse().ok(),
            _ => None,
        })
        .collect::<Option<_>>()?;
    let text = match parts[..] {
        [year, month, day] => format!("{year:04}-{month:02}-{day:02}"),
        [year, month, day, hour, minute, ref rest @ ..] if rest.len() <= 2 => {
            let second = rest.first().copied().unwrap_or(0);
            let microsecond = rest.get(1).copied().unwrap_or(0);
            format!(
                "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{microsecond:06}"
            )
        }
        _ => return None,
    };
    Some(Value::String(Cow::Owned(text)))
}
