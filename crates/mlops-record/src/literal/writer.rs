use std::collections::HashSet;
use std::fmt::Write as _;

use super::Value;

/// The key under which [`write_json`] keeps what it had to replace.
pub const REPLACED_KEY: &str = "etl_replaced";

/// A float's repr has at most this many significant digits; a number with more would lose some in a
/// database.
const DOUBLE_DIGITS: usize = 17;

/// Above this many keys a hash set finds a repeated key sooner than comparing each with each.
const FEW_KEYS: usize = 48;

/// Writes `value` as strict JSON that MySQL, SQLite and DynamoDB read alike.
///
/// What strict JSON or a 64-bit number cannot hold is replaced, and the source text is kept, so
/// that nothing is lost: if `value` is a map it gets a last key `etl_replaced`, a list of `{"at":
/// JSON pointer, "was": source text}`.
///
/// | in the source | in its place |
/// | --- | --- |
/// | `NaN`, `Infinity`, a number past 1.8e308 | `null` |
/// | more than 17 significant digits and no 64-bit integer | the nearest 64-bit float |
/// | a lone surrogate | U+FFFD |
/// | a key that is given twice | the last value |
pub fn write_json(value: &Value<'_>) -> String {
    let mut writer = Writer::default();
    writer.value(value);
    writer.finish()
}

#[derive(Default)]
struct Writer<'v> {
    json: String,
    path: Vec<Step<'v>>,
    replaced: Vec<(String, String)>,
}

enum Step<'v> {
    Key(&'v str),
    Index(usize),
}

impl<'v> Writer<'v> {
    fn value(&mut self, value: &'v Value<'_>) {
        match value {
            Value::Null => self.json.push_str("null"),
            Value::Bool(true) => self.json.push_str("true"),
            Value::Bool(false) => self.json.push_str("false"),
            Value::Number(text) => self.number(text),
            Value::NonFinite(text) => self.replace(text, "null"),
            Value::String(text) => push_string(&mut self.json, text),
            Value::Surrogate { text, source } => {
                self.note(source);
                push_string(&mut self.json, text);
            }
            Value::List(items) => self.list(items),
            Value::Map(entries) => self.map(entries),
        }
    }

    fn list(&mut self, items: &'v [Value<'_>]) {
        self.json.push('[');
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.json.push(',');
            }
            self.path.push(Step::Index(index));
            self.value(item);
            self.path.pop();
        }
        self.json.push(']');
    }

    fn map(&mut self, entries: &'v [(std::borrow::Cow<'_, str>, Value<'_>)]) {
        let keys: Vec<&str> = entries.iter().map(|(key, _)| key.as_ref()).collect();
        let repeats = has_repeats(&keys);
        self.json.push('{');
        let mut first = true;
        for (index, (key, value)) in entries.iter().enumerate() {
            self.path.push(Step::Key(key));
            if repeats && keys[index + 1..].contains(&key.as_ref()) {
                let dropped = write_json(value);
                self.note(&dropped);
            } else {
                if !first {
                    self.json.push(',');
                }
                first = false;
                push_string(&mut self.json, key);
                self.json.push(':');
                self.value(value);
            }
            self.path.pop();
        }
        self.json.push('}');
    }

    fn number(&mut self, text: &str) {
        if text.len() <= DOUBLE_DIGITS && !text.contains(['e', 'E']) {
            return self.json.push_str(text);
        }
        let is_integer = !text.contains(['.', 'e', 'E']);
        if is_integer && (text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok()) {
            return self.json.push_str(text);
        }
        let digits = significant_digits(text);
        match text.parse::<f64>() {
            Ok(double) if !double.is_finite() => self.replace(text, "null"),
            Ok(double) if digits.len() > DOUBLE_DIGITS || (double == 0.0 && !digits.is_empty()) => {
                self.replace(text, &format!("{double:e}"));
            }
            _ => self.json.push_str(text),
        }
    }

    fn replace(&mut self, source: &str, written: &str) {
        self.note(source);
        self.json.push_str(written);
    }

    fn note(&mut self, source: &str) {
        let mut pointer = String::new();
        for step in &self.path {
            pointer.push('/');
            match step {
                Step::Key(key) => pointer.push_str(&key.replace('~', "~0").replace('/', "~1")),
                // Writing to a string cannot fail.
                Step::Index(index) => write!(pointer, "{index}").expect("a string takes any text"),
            }
        }
        self.replaced.push((pointer, source.to_owned()));
    }

    fn finish(mut self) -> String {
        if self.replaced.is_empty() || !self.json.ends_with('}') {
            return self.json;
        }
        self.json.pop();
        if !self.json.ends_with('{') {
            self.json.push(',');
        }
        push_string(&mut self.json, REPLACED_KEY);
        self.json.push_str(":[");
        for (index, (pointer, source)) in self.replaced.iter().enumerate() {
            self.json.push_str(if index > 0 { ",{\"at\":" } else { "{\"at\":" });
            push_string(&mut self.json, pointer);
            self.json.push_str(",\"was\":");
            push_string(&mut self.json, source);
            self.json.push('}');
        }
        self.json.push_str("]}");
        self.json
    }
}

fn has_repeats(keys: &[&str]) -> bool {
    if keys.len() > FEW_KEYS {
        let mut seen = HashSet::with_capacity(keys.len());
        return keys.iter().any(|key| !seen.insert(key));
    }
    keys.iter().enumerate().any(|(index, key)| keys[..index].contains(key))
}

/// The digits of a number without sign, point, exponent, and leading and trailing zeros.
fn significant_digits(text: &str) -> String {
    let mantissa = text.split(['e', 'E']).next().unwrap_or(text);
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    digits.trim_start_matches('0').trim_end_matches('0').to_owned()
}

fn push_string(json: &mut String, text: &str) {
    json.push('"');
    let mut plain_from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..0x20 => "",
            _ => continue,
        };
        json.push_str(&text[plain_from..at]);
        if escape.is_empty() {
            write!(json, "\\u{byte:04x}").expect("a string takes any text");
        } else {
            json.push_str(escape);
        }
        plain_from = at + 1;
    }
    json.push_str(&text[plain_from..]);
    json.push('"');
}
