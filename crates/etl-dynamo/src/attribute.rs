//! Payloads as DynamoDB's attributes, and back.

use std::borrow::Cow;
use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use mlops_record::literal::{Value, write_json};

/// The bounds of a DynamoDB number other than 0.
const SMALLEST_NUMBER: f64 = 1e-130;
const LARGEST_NUMBER: f64 = 9.9e125;

/// The value as a DynamoDB attribute can hold it.
///
/// A number outside of DynamoDB's range becomes a string of its text. A map with an empty key
/// becomes a string of its JSON. Of a key that is given twice the last value stays. Everything else
/// stays as it is.
pub(crate) fn storable<'v>(value: &'v Value<'v>) -> Value<'v> {
    match value {
        Value::Number(text) if !fits(text) => Value::String(match text.parse::<f64>() {
            // One text for one number: `1E+300` is `1e300`.
            Ok(number) if number != 0.0 => format!("{number:e}").into(),
            _ => Cow::Borrowed(text),
        }),
        Value::List(items) => Value::List(items.iter().map(storable).collect()),
        Value::Map(entries) if entries.iter().any(|(key, _)| key.is_empty()) => {
            Value::String(write_json(&sorted(value)).into())
        }
        Value::Map(entries) => Value::Map(
            entries
                .iter()
                .map(|(key, value)| (Cow::Borrowed(key.as_ref()), storable(value)))
                .collect(),
        ),
        other => other.clone(),
    }
}

/// The value with the keys of its maps in order, so that one content has one text.
fn sorted<'v>(value: &'v Value<'v>) -> Value<'v> {
    match value {
        Value::List(items) => Value::List(items.iter().map(sorted).collect()),
        Value::Map(entries) => {
            let mut entries: Vec<_> = entries
                .iter()
                .map(|(key, value)| (Cow::Borrowed(key.as_ref()), sorted(value)))
                .collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Map(entries)
        }
        other => other.clone(),
    }
}

fn fits(text: &str) -> bool {
    let magnitude = text.parse::<f64>().unwrap_or(f64::NAN).abs();
    let is_zero = magnitude == 0.0
        && text.bytes().take_while(|byte| !b"eE".contains(byte)).all(|byte| b"-.0".contains(&byte));
    is_zero || (SMALLEST_NUMBER..=LARGEST_NUMBER).contains(&magnitude)
}

/// The attribute of a [`storable`] value.
pub(crate) fn to_attribute(value: &Value<'_>) -> AttributeValue {
    match value {
        Value::Null | Value::NonFinite(_) => AttributeValue::Null(true),
        Value::Bool(flag) => AttributeValue::Bool(*flag),
        // `-0.00e7` and its like are one number, and some servers take only its shortest text.
        Value::Number(text) if text.parse() == Ok(0.0) => AttributeValue::N("0".to_owned()),
        Value::Number(text) => AttributeValue::N(text.clone().into_owned()),
        Value::String(text) => AttributeValue::S(text.clone().into_owned()),
        Value::Surrogate { text, .. } => AttributeValue::S(text.clone()),
        Value::List(items) => AttributeValue::L(items.iter().map(to_attribute).collect()),
        Value::Map(entries) => AttributeValue::M(
            entries
                .iter()
                .map(|(key, value)| (key.clone().into_owned(), to_attribute(value)))
                .collect(),
        ),
    }
}

/// The value of an attribute; kinds that [`to_attribute`] never makes are null.
pub(crate) fn from_attribute(attribute: &AttributeValue) -> Value<'_> {
    match attribute {
        AttributeValue::Bool(flag) => Value::Bool(*flag),
        AttributeValue::N(text) => Value::Number(text.into()),
        AttributeValue::S(text) => Value::String(text.into()),
        AttributeValue::L(items) => Value::List(items.iter().map(from_attribute).collect()),
        AttributeValue::M(entries) => Value::Map(
            entries
                .iter()
                .map(|(key, value)| (key.as_str().into(), from_attribute(value)))
                .collect(),
        ),
        _ => Value::Null,
    }
}

/// The size of an item as DynamoDB counts it, never less: names and values in UTF-8, a byte for two
/// digits of a number and two more, three bytes a list or map and one for each of its elements (the
/// developer guide's "DynamoDB Item sizes and formats").
pub(crate) fn item_bytes(item: &HashMap<String, AttributeValue>) -> usize {
    item.iter().map(|(name, value)| name.len() + value_bytes(value)).sum()
}

fn value_bytes(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(text) => text.len().div_ceil(2) + 2,
        AttributeValue::L(items) => {
            3 + items.iter().map(|item| 1 + value_bytes(item)).sum::<usize>()
        }
        AttributeValue::M(entries) => {
            3 + entries
                .iter()
                .map(|(name, value)| 1 + name.len() + value_bytes(value))
                .sum::<usize>()
        }
        _ => 1,
    }
}
