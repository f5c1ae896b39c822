//! The objects that turn up inside a `str(dict)`, because `json.dumps` refused them.

use std::borrow::Cow;

use super::reader::Reader;
use super::{LiteralError, Value};

/// `Name(…)` after its opening bracket.
pub(super) fn object<'a>(reader: &mut Reader<'a>, name: &str) -> Result<Value<'a>, LiteralError> {
    let arguments = arguments(reader)?;
    let class = name.rsplit('.').next().unwrap_or(name);
    let value = match class {
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
    };
    match value {
        Some(value) => Ok(value),
        None => reader.fail(format!("the Python object `{name}(…)`, which has no JSON form,")),
    }
}

fn arguments<'a>(reader: &mut Reader<'a>) -> Result<Vec<Value<'a>>, LiteralError> {
    let mut arguments = Vec::new();
    reader.skip_space();
    while !reader.eat(b')') {
        arguments.push(reader.value()?);
        reader.skip_space();
        if reader.eat(b')') {
            break;
        }
        if !reader.eat(b',') {
            return reader.fail("an argument of a Python object that is no plain value");
        }
        reader.skip_space();
    }
    Ok(arguments)
}

fn sole(arguments: Vec<Value<'_>>) -> Option<Value<'_>> {
    <[Value<'_>; 1]>::try_from(arguments).ok().map(|[value]| value)
}

fn is_numpy_number(class: &str) -> bool {
    let width =
        class.trim_start_matches("float").trim_start_matches("uint").trim_start_matches("int");
    width.len() < class.len() && matches!(width, "8" | "16" | "32" | "64" | "128" | "")
}

fn decimal(arguments: Vec<Value<'_>>) -> Option<Value<'_>> {
    match sole(arguments)? {
        Value::String(Cow::Borrowed(text)) => match super::read(text) {
            Ok((number @ (Value::Number(_) | Value::NonFinite(_)), length))
                if length == text.len() =>
            {
                Some(number)
            }
            _ => None,
        },
        _ => None,
    }
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
