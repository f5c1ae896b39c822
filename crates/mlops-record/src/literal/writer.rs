use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;

use super::cursor::Cursor;
use super::{Value, Visitor};

/// The key under which [`write_json`] keeps what it had to replace.
pub const REPLACED_KEY: &str = "etl_replaced";

/// A float's repr has at most this many significant digits; a number with more would lose some in a
/// database.
const DOUBLE_DIGITS: usize = 17;

/// Above this many keys sorting finds a repeated key sooner than comparing each with each.
const FEW_KEYS: usize = 48;

/// Writes `value` as strict JSON that MySQL, SQLite and DynamoDB read alike.
///
/// Values that strict JSON or a 64-bit number cannot hold are replaced, and the source text is kept, so
/// that nothing is lost: if `value` is a map it gets a last key `etl_replaced`, a list of `{"at":
/// JSON pointer, "was": source text}`.
///
/// | in the source | replacement |
/// | --- | --- |
/// | `NaN`, `Infinity`, `NaT`, `<NA>`, a number past 1.8e308 | `null` |
/// | more than 17 significant digits and no 64-bit integer | the nearest 64-bit float |
/// | a lone surrogate, bytes that are no UTF-8 | U+FFFD |
/// | a key that is given twice | the last value |
pub fn write_json(value: &Value<'_>) -> String {
    let mut writer = JsonWriter::default();
    value.show(&mut writer);
    writer.finish()
}

/// Writes what it is shown, as [`write_json`] says.
#[derive(Default)]
pub(crate) struct JsonWriter {
    json: String,
    open: Vec<Frame>,
    /// The entries of all open maps.
    entries: Vec<Entry>,
    replaced: Vec<Replaced>,
}

/// An open list or map.
struct Frame {
    is_map: bool,
    /// The number of items so far.
    count: usize,
    /// The first of its entries.
    first_entry: usize,
}

/// The beginning of a map's entry in the JSON. A map of millions of entries needs few bytes each.
#[derive(Clone, Copy)]
struct Entry {
    key: u32,
    value: u32,
    /// The number of replaced values before it.
    replaced: u32,
}

struct Replaced {
    at: String,
    was: String,
}

impl JsonWriter {
    /// A writer with room for this many bytes.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self { json: String::with_capacity(bytes), ..Self::default() }
    }

    /// Returns the JSON.
    pub(crate) fn finish(mut self) -> String {
        push_replaced(&mut self.json, &self.replaced, 0);
        self.json
    }

    fn begin_item(&mut self) {
        let Some(frame) = self.open.last_mut() else { return };
        if frame.is_map {
            return;
        }
        if frame.count > 0 {
            self.json.push(',');
        }
        frame.count += 1;
    }

    fn begin(&mut self, bracket: char, is_map: bool) {
        self.begin_item();
        self.json.push(bracket);
        self.open.push(Frame { is_map, count: 0, first_entry: self.entries.len() });
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
        let at = self.pointer();
        self.replaced.push(Replaced { at, was: source.to_owned() });
    }

    /// The JSON pointer of the value that is being written.
    fn pointer(&self) -> String {
        let mut pointer = String::new();
        for (depth, frame) in self.open.iter().enumerate() {
            pointer.push('/');
            if !frame.is_map {
                // Writing to a string cannot fail.
                write!(pointer, "{}", frame.count - 1).expect("a string takes any text");
                continue;
            }
            let end = self.open.get(depth + 1).map_or(self.entries.len(), |next| next.first_entry);
            pointer.push_str(&self.key_step(self.entries[end - 1]));
        }
        pointer
    }

    /// A key as a step of a JSON pointer.
    fn key_step(&self, entry: Entry) -> String {
        let key = Cursor::new(&self.json[entry.key as usize..entry.value as usize]).string();
        let key = key.ok().and_then(|key| key.as_text().map(str::to_owned)).unwrap_or_default();
        key.replace('~', "~0").replace('/', "~1")
    }

    /// Takes those entries of the innermost map out whose key is given again.
    fn drop_repeated(&mut self, first_entry: usize) {
        let entries = self.entries.split_off(first_entry);
        let dropped = repeated(&self.json, &entries);
        if dropped.is_empty() {
            return;
        }
        let pointer = self.pointer_of_map();
        // From the last, so that what stands before stays where it is.
        for index in dropped.into_iter().rev() {
            // One that is given again is never the last.
            let (entry, next) = (entries[index], entries[index + 1]);
            let value = entry.value as usize..next.key as usize - 1;
            let notes = entry.replaced as usize..next.replaced as usize;
            let at = format!("{pointer}/{}", self.key_step(entry));
            self.drop_entry(entry.key as usize..next.key as usize, value, notes, at);
        }
    }

    fn drop_entry(
        &mut self,
        whole: Range<usize>,
        value: Range<usize>,
        notes: Range<usize>,
        at: String,
    ) {
        let mut was = self.json[value].to_owned();
        self.json.replace_range(whole, "");
        let first = notes.start;
        let inner: Vec<Replaced> = self.replaced.drain(notes).collect();
        push_replaced(&mut was, &inner, at.len());
        self.replaced.insert(first, Replaced { at, was });
    }

    /// The JSON pointer of the innermost map, whose entries are no longer there.
    fn pointer_of_map(&mut self) -> String {
        let innermost = self.open.pop();
        let pointer = self.pointer();
        self.open.extend(innermost);
        pointer
    }
}

impl<'a> Visitor<'a> for JsonWriter {
    fn scalar(&mut self, value: Value<'a>) {
        self.begin_item();
        match value {
            Value::Bool(true) => self.json.push_str("true"),
            Value::Bool(false) => self.json.push_str("false"),
            Value::Number(text) => self.number(&text),
            Value::NonFinite(text) => self.replace(text, "null"),
            Value::String(text) => push_string(&mut self.json, &text),
            Value::Surrogate { text, source } => {
                self.note(source);
                push_string(&mut self.json, &text);
            }
            Value::Null | Value::List(_) | Value::Map(_) => self.json.push_str("null"),
        }
    }

    fn begin_list(&mut self) {
        self.begin('[', false);
    }

    fn end_list(&mut self) {
        self.open.pop();
        self.json.push(']');
    }

    fn begin_map(&mut self) {
        self.begin('{', true);
    }

    fn key(&mut self, key: Cow<'a, str>) {
        if let Some(frame) = self.open.last_mut() {
            if frame.count > 0 {
                self.json.push(',');
            }
            frame.count += 1;
        }
        let begin = self.json.len() as u32;
        push_string(&mut self.json, &key);
        self.json.push(':');
        let value = self.json.len() as u32;
        self.entries.push(Entry { key: begin, value, replaced: self.replaced.len() as u32 });
    }

    fn end_map(&mut self) {
        if let Some(frame) = self.open.last() {
            self.drop_repeated(frame.first_entry);
        }
        self.open.pop();
        self.json.push('}');
    }
}

/// The indices of the entries whose key is given again after them, in their order.
fn repeated(json: &str, entries: &[Entry]) -> Vec<usize> {
    let key = |entry: &Entry| &json.as_bytes()[entry.key as usize..entry.value as usize];
    if entries.len() <= FEW_KEYS {
        let is_repeated = |&index: &usize| {
            entries[index + 1..].iter().any(|later| key(later) == key(&entries[index]))
        };
        return (0..entries.len()).filter(is_repeated).collect();
    }
    let mut order: Vec<u32> = (0..entries.len() as u32).collect();
    order.sort_by_key(|&index| (key(&entries[index as usize]), index));
    let pairs = order.windows(2);
    let same =
        pairs.filter(|pair| key(&entries[pair[0] as usize]) == key(&entries[pair[1] as usize]));
    let mut repeated: Vec<usize> = same.map(|pair| pair[0] as usize).collect();
    repeated.sort_unstable();
    repeated
}

/// Writes what was replaced as the last key of a map; `skipped` is the length of the map's own
/// pointer.
fn push_replaced(json: &mut String, replaced: &[Replaced], skipped: usize) {
    if replaced.is_empty() || !json.ends_with('}') {
        return;
    }
    json.pop();
    if !json.ends_with('{') {
        json.push(',');
    }
    push_string(json, REPLACED_KEY);
    json.push_str(":[");
    for (index, Replaced { at, was }) in replaced.iter().enumerate() {
        json.push_str(if index > 0 { ",{\"at\":" } else { "{\"at\":" });
        push_string(json, &at[skipped..]);
        json.push_str(",\"was\":");
        push_string(json, was);
        json.push('}');
    }
    json.push_str("]}");
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
