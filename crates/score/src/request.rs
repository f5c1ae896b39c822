//! A request as it arrived: what the model takes of it, and all of it for the log.

use std::borrow::Cow;

use mlops_core::table::{Cell, Form, is_missing_text, is_no_value, level_name};
use mlops_model::{Feature, FeatureKind};
use serde_json::value::RawValue;

use crate::demand::Reading;
use crate::fields::Fields;
use crate::http::{FieldError, Problem};
use crate::json::push_string;
use crate::rule::Operand;

/// Longer ones do not fit the key of `model_logs`.
const MAX_ID_CHARACTERS: usize = 255;

/// The ETL reads records of 32 levels; a field stands three levels deep in one.
const MAX_DEPTH: usize = 28;

/// More are not told.
const MAX_ERRORS: usize = 100;

/// One request, checked.
pub(crate) struct Request<'b> {
    /// As the caller named it, in JSON.
    pub(crate) uid: Option<&'b str>,
    /// The client.
    pub(crate) client_id: Option<Cow<'b, str>>,
    /// One for each feature of the model; `None` for one that was not sent.
    values: Vec<Option<Value<'b>>>,
    fields: Fields<'b>,
}

#[derive(Debug, Clone, PartialEq)]
enum Value<'b> {
    Missing,
    Number(f64),
    Text(Cow<'b, str>),
}

/// The requests of a body, which is one of them or an array.
pub(crate) struct Body<'b> {
    /// Each row, or why it cannot be answered.
    pub(crate) rows: Vec<Result<Request<'b>, Problem>>,
    pub(crate) is_array: bool,
}

/// Reads the body of a call.
///
/// # Errors
///
/// A [`Problem`] of 400 for what is no JSON, and of 422 where no row can be answered, which names
/// each field.
pub(crate) fn read_body<'b>(
    body: &'b [u8],
    reading: Reading<'_>,
    max_rows: usize,
) -> Result<Body<'b>, Problem> {
    let not_json = |error: serde_json::Error| {
        Problem::new(
            axum::http::StatusCode::BAD_REQUEST,
            format!("the body is not valid JSON: {error}"),
        )
    };
    match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => {
            let fields: Fields<'b> = serde_json::from_slice(body).map_err(not_json)?;
            let request = Request::read(fields, reading, "").map_err(Problem::fields)?;
            Ok(Body { rows: vec![Ok(request)], is_array: false })
        }
        Some(b'[') => {
            let items: Vec<&'b RawValue> = serde_json::from_slice(body).map_err(not_json)?;
            if items.is_empty() || items.len() > max_rows {
                let detail = format!("has {} rows; send from 1 to {max_rows} at once", items.len());
                return Err(Problem::fields(vec![FieldError::of_row("", detail)]));
            }
            let mut errors = Vec::new();
            let mut rows = Vec::with_capacity(items.len());
            for (row, item) in items.into_iter().enumerate() {
                let pointer = format!("/{row}");
                let request = if item.get().starts_with('{') {
                    let fields: Fields<'b> = serde_json::from_str(item.get()).map_err(not_json)?;
                    Request::read(fields, reading, &pointer)
                } else {
                    let detail =
                        format!("must be an object, and row {row} is {}", kind_of(item.get()));
                    Err(vec![FieldError::of_row(&pointer, detail)])
                };
                rows.push(request.map_err(|mut of_row| {
                    // The first says enough of a row where there are many.
                    of_row.truncate(MAX_ERRORS.saturating_sub(errors.len()).max(1));
                    errors.extend(of_row.iter().take(MAX_ERRORS - errors.len()).cloned());
                    Problem::fields(of_row)
                }));
            }
            match rows.iter().any(Result::is_ok) {
                true => Ok(Body { rows, is_array: true }),
                false => Err(Problem::fields(errors)),
            }
        }
        _ => {
            let value: &RawValue = serde_json::from_slice(body).map_err(not_json)?;
            let detail =
                format!("must be an object or an array of them, not {}", kind_of(value.get()));
            Err(Problem::fields(vec![FieldError::of_row("", detail)]))
        }
    }
}

impl<'b> Request<'b> {
    /// `pointer` is the row's JSON pointer in the body.
    fn read(
        fields: Fields<'b>,
        Reading { model, demand }: Reading<'_>,
        pointer: &str,
    ) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut values = vec![None; model.features().len()];
        let (mut uid, mut client_id) = (None, None);
        let (mut seen_uid, mut seen_client) = (false, false);
        for (name, raw) in fields.iter() {
            let is_again = match name {
                "uid" => std::mem::replace(&mut seen_uid, true),
                "client_id" => std::mem::replace(&mut seen_client, true),
                _ => false,
            };
            let feature = model.feature(name);
            let is_again = is_again || feature.is_some_and(|(index, _)| values[index].is_some());
            let read = match (name, feature) {
                _ if is_again => Err("occurs twice; send it once".to_owned()),
                ("uid", _) => read_uid(raw).map(|found| uid = found),
                ("client_id", feature) => read_client_id(raw).and_then(|found| {
                    client_id = found;
                    if let Some((index, feature)) = feature {
                        values[index] = Some(read_value(raw, feature)?);
                    }
                    Ok(())
                }),
                (_, Some((index, feature))) => {
                    read_value(raw, feature).map(|value| values[index] = Some(value))
                }
                (_, None) => check_depth(raw),
            };
            if let Err(detail) = read
                && errors.len() < MAX_ERRORS
            {
                errors.push(FieldError::of_field(pointer, name, detail));
            }
        }
        if errors.is_empty() {
            errors = demand.check(&fields, &values, model, pointer);
        }
        match errors.is_empty() {
            true => Ok(Self { uid, client_id, values, fields }),
            false => Err(errors),
        }
    }

    /// Returns the indices of the features that the request does not have.
    pub(crate) fn missing(&self) -> impl Iterator<Item = usize> + '_ {
        self.values.iter().enumerate().filter_map(|(index, value)| value.is_none().then_some(index))
    }

    /// Returns the value of a feature, by its index in the model.
    pub(crate) fn cell(&self, feature: usize) -> Cell<'_> {
        match &self.values[feature] {
            None | Some(Value::Missing) => Cell::Missing,
            Some(Value::Number(number)) => Cell::Number(*number),
            Some(Value::Text(text)) => Cell::Text(text),
        }
    }

    /// Returns the point in time that a field says, in microseconds since 1970.
    pub(crate) fn time(&self, name: &str) -> Option<i64> {
        let raw = self.fields.get(name)?;
        let text = raw.starts_with('"').then(|| text(raw).ok())??;
        Form::default().time(&text)
    }

    /// Returns the value of a field for a rule.
    pub(crate) fn operand(&self, name: &str) -> Operand<'b> {
        let raw = self.fields.get(name);
        match raw.and_then(|raw| Some((raw, raw.as_bytes().first()?))) {
            Some((raw, b'"')) => {
                text(raw).map_or(Operand::Missing, |text| match is_missing_text(&text) {
                    true => Operand::Missing,
                    false => Operand::Text(text),
                })
            }
            Some(("true", _)) => Operand::Bool(true),
            Some(("false", _)) => Operand::Bool(false),
            Some((raw, b'-' | b'0'..=b'9')) => {
                finite(raw).map_or(Operand::Missing, Operand::Number)
            }
            _ => Operand::Missing,
        }
    }

    /// Writes the inside of the logged `input`: the fields as they were sent, but `uid`, on one
    /// line.
    pub(crate) fn write_fields(&self, json: &mut Vec<u8>) {
        let mut endpoint = false;
        for (name, raw) in self.fields.iter().filter(|(name, _)| *name != "uid") {
            endpoint |= name == "endpoint";
            json.push(b',');
            push_string(json, name);
            json.push(b':');
            let raw = raw.as_bytes();
            if raw.first().is_some_and(|first| matches!(first, b'{' | b'[')) {
                // A line's end within a string is escaped, so that these stand between values.
                json.extend(
                    raw.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }),
                );
            } else {
                json.extend_from_slice(raw);
            }
        }
        if !endpoint {
            json.extend_from_slice(br#","endpoint":"predict""#);
        }
    }
}

fn read_uid(raw: &str) -> Result<Option<&str>, String> {
    match raw.as_bytes().first() {
        Some(b'n') => Ok(None),
        Some(b'"') => {
            let uid = text(raw)?;
            match uid.chars().count() {
                1..=MAX_ID_CHARACTERS => Ok(Some(raw)),
                length => Err(format!(
                    "must have from 1 to {MAX_ID_CHARACTERS} characters, and has {length}"
                )),
            }
        }
        _ => Err(format!("must be a text, not {}; without it, the service sets one", kind_of(raw))),
    }
}

fn read_client_id(raw: &str) -> Result<Option<Cow<'_, str>>, String> {
    match raw.as_bytes().first() {
        Some(b'n') => Ok(None),
        Some(b'"') => {
            let client_id = match text(raw)? {
                Cow::Borrowed(text) => Cow::Borrowed(level_name(text)),
                Cow::Owned(text) => Cow::Owned(level_name(&text).to_owned()),
            };
            match client_id.chars().count() {
                0..=MAX_ID_CHARACTERS => Ok(Some(client_id)),
                length => Err(format!(
                    "must have at most {MAX_ID_CHARACTERS} characters, and has {length}"
                )),
            }
        }
        // 12.0 is 12, as Python and tables with missing values write it. Not 1.5 or 1e3: nobody could
        // tell which client that is.
        Some(b'-' | b'0'..=b'9')
            if raw.len() <= MAX_ID_CHARACTERS && !level_name(raw).contains(['.', 'e', 'E']) =>
        {
            Ok(Some(Cow::Borrowed(level_name(raw))))
        }
        _ => Err(format!("must be a text or a whole number, not {}", kind_of(raw))),
    }
}

fn read_value<'b>(raw: &'b str, feature: &Feature) -> Result<Value<'b>, String> {
    let form = &feature.form;
    match (&feature.kind, raw.as_bytes().first()) {
        (_, Some(b'n')) => Ok(Value::Missing),
        (FeatureKind::Numeric | FeatureKind::Categorical { .. }, Some(b'-' | b'0'..=b'9')) => {
            finite(raw)
                .map(Value::Number)
                .ok_or_else(|| "is out of range of a 64-bit float".to_owned())
        }
        (FeatureKind::Categorical { .. }, Some(b't' | b'f')) => Ok(Value::Text(Cow::Borrowed(raw))),
        (FeatureKind::Categorical { .. }, Some(b'"')) => text(raw).map(Value::Text),
        (FeatureKind::Numeric, Some(b't' | b'f')) if form.has_flags => {
            Ok(Value::Number(if raw == "true" { 1.0 } else { 0.0 }))
        }
        // A text is what it is in training data, where numbers stand in texts too.
        (FeatureKind::Numeric, Some(b'"')) => {
            let text = text(raw)?;
            match form.number(&text) {
                _ if is_no_value(&text) => Ok(Value::Missing),
                Some(number) if number.is_finite() => Ok(Value::Number(number)),
                _ => Err("must be a number or null, not a text that is no number".to_owned()),
            }
        }
        (FeatureKind::Date, Some(b'"')) => {
            let text = text(raw)?;
            if is_no_value(&text) {
                Ok(Value::Missing)
            } else if form.time(&text).is_some() {
                Ok(Value::Text(text))
            } else {
                Err("must be a date such as 2026-11-23, or null".to_owned())
            }
        }
        (FeatureKind::Numeric, _) => Err(format!("must be a number or null, not {}", kind_of(raw))),
        (FeatureKind::Date, _) => {
            Err(format!("must be a date as a text, or null, not {}", kind_of(raw)))
        }
        (FeatureKind::Categorical { .. }, _) => {
            Err(format!("must be a text, a number, true, false or null, not {}", kind_of(raw)))
        }
    }
}

fn finite(raw: &str) -> Option<f64> {
    raw.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Returns the text of a JSON string.
fn text(raw: &str) -> Result<Cow<'_, str>, String> {
    if !raw.contains('\\') {
        return Ok(Cow::Borrowed(raw.trim_matches('"')));
    }
    let unescaped = serde_json::from_str(raw).map(Cow::Owned);
    unescaped.map_err(|_| "contains a lone surrogate, which is not a character".to_owned())
}

fn check_depth(raw: &str) -> Result<(), String> {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0usize, 0, false, false);
    for byte in raw.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    match deepest > MAX_DEPTH {
        true => Err(format!("is nested {deepest} levels deep; at most {MAX_DEPTH} are allowed")),
        false => Ok(()),
    }
}

fn kind_of(raw: &str) -> &'static str {
    match raw.as_bytes().first() {
        Some(b'"') => "a text",
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}
