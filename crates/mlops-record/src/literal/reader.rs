use std::borrow::Cow;

use super::Value;
use super::python;

/// Nesting past this is refused: DynamoDB stops at 32 levels, and recursion must end somewhere.
const MAX_DEPTH: usize = 32;

/// Why a text is neither JSON nor a Python literal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {at}")]
pub struct LiteralError {
    /// What was found, or what was expected.
    pub what: String,
    /// The byte of the source at which it was.
    pub at: usize,
    /// Whether the source simply ended too early.
    pub incomplete: bool,
}

/// Reads one value from the start of `source`; returns it with the number of bytes that it took.
///
/// Accepts JSON (RFC 8259) and what Python's `repr` writes of dicts, lists, tuples, strings,
/// numbers, booleans and `None`, and the wrappers that such dicts are known to carry:
/// `np.float64(0.1)`, `Decimal('1.5')`, `datetime.datetime(…)`, `Timestamp('…')`, `UUID('…')`.
/// White space around the value is skipped.
///
/// # Errors
///
/// [`LiteralError`] with the byte at which the text stops being either language, or past 32 levels
/// of nesting.
///
/// ```
/// use mlops_record::literal::read;
/// let (value, _) = read(r#"{'note': "it's", 'seen': None}"#).unwrap();
/// assert_eq!(value.get("note").unwrap().as_text(), Some("it's"));
/// ```
pub fn read(source: &str) -> Result<(Value<'_>, usize), LiteralError> {
    let mut reader = Reader { source, at: 0, depth: 0 };
    reader.skip_space();
    let value = reader.value()?;
    reader.skip_space();
    Ok((value, reader.at))
}

pub(super) struct Reader<'a> {
    source: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.source.as_bytes().get(self.at).copied()
    }

    pub(super) fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    pub(super) fn fail<T>(&self, what: impl Into<String>) -> Result<T, LiteralError> {
        Err(LiteralError { what: what.into(), at: self.at, incomplete: false })
    }

    fn unexpected<T>(&self, expected: &str) -> Result<T, LiteralError> {
        match self.source[self.at..].chars().next() {
            Some(found) => self.fail(format!("expected {expected}, found {found:?}")),
            None => Err(LiteralError {
                what: format!("expected {expected}, found the end"),
                at: self.at,
                incomplete: true,
            }),
        }
    }

    pub(super) fn value(&mut self) -> Result<Value<'a>, LiteralError> {
        match self.peek() {
            Some(b'{') => self.nested(Self::map),
            Some(b'[') => self.nested(|reader| reader.list(b']')),
            Some(b'(') => self.nested(|reader| reader.list(b')')),
            Some(b'"' | b'\'') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'a'..=b'z' | b'A'..=b'Z' | b'_') => self.word(),
            _ => self.unexpected("a value"),
        }
    }

    fn nested(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Value<'a>, LiteralError>,
    ) -> Result<Value<'a>, LiteralError> {
        if self.depth == MAX_DEPTH {
            return self.fail(format!("nesting deeper than {MAX_DEPTH} levels"));
        }
        self.depth += 1;
        self.at += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn map(&mut self) -> Result<Value<'a>, LiteralError> {
        let mut entries = Vec::new();
        self.skip_space();
        if self.eat(b'}') {
            return Ok(Value::Map(entries));
        }
        loop {
            let key_at = self.at;
            let Some(key) = key_text(self.value()?) else {
                self.at = key_at;
                return self.fail("a key that is neither a string nor a number");
            };
            self.skip_space();
            if !self.eat(b':') {
                return self.unexpected("`:` after a key");
            }
            self.skip_space();
            entries.push((key, self.value()?));
            self.skip_space();
            if self.eat(b'}') {
                return Ok(Value::Map(entries));
            }
            if !self.eat(b',') {
                return self.unexpected("`,` or `}`");
            }
            self.skip_space();
        }
    }

    /// The items up to `close`. A comma before the close is Python's tuple of one, `(1,)`.
    fn list(&mut self, close: u8) -> Result<Value<'a>, LiteralError> {
        let mut items = Vec::new();
        self.skip_space();
        while !self.eat(close) {
            items.push(self.value()?);
            self.skip_space();
            if self.eat(close) {
                break;
            }
            if !self.eat(b',') {
                return self.unexpected(&format!("`,` or `{}`", close as char));
            }
            self.skip_space();
            if self.peek() == Some(close) && close != b')' {
                return self.unexpected("a value");
            }
        }
        Ok(Value::List(items))
    }

    fn number(&mut self) -> Result<Value<'a>, LiteralError> {
        let start = self.at;
        self.eat(b'-');
        if matches!(self.peek(), Some(b'i' | b'I')) {
            return self.infinity(start);
        }
        if !self.eat(b'0') && self.digits() == 0 {
            return self.unexpected("a digit");
        }
        if self.eat(b'.') && self.digits() == 0 {
            return self.unexpected("a digit after the decimal point");
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _sign = self.eat(b'+') || self.eat(b'-');
            if self.digits() == 0 {
                return self.unexpected("a digit of the exponent");
            }
        }
        if matches!(self.peek(), Some(b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'.')) {
            return self.unexpected("the end of a number");
        }
        Ok(Value::Number(Cow::Borrowed(&self.source[start..self.at])))
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - start
    }

    fn infinity(&mut self, start: usize) -> Result<Value<'a>, LiteralError> {
        match self.name() {
            "inf" | "Infinity" => Ok(Value::NonFinite(&self.source[start..self.at])),
            other => self.fail(format!("unknown word `-{other}`")),
        }
    }

    /// A word with its dots: `None`, `np.float64`.
    fn name(&mut self) -> &'a str {
        let start = self.at;
        while matches!(self.peek(), Some(b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.')) {
            self.at += 1;
        }
        &self.source[start..self.at]
    }

    fn word(&mut self) -> Result<Value<'a>, LiteralError> {
        let start = self.at;
        let name = self.name();
        if name == "u" && matches!(self.peek(), Some(b'"' | b'\'')) {
            return self.string();
        }
        if self.eat(b'(') {
            return python::object(self, name);
        }
        match name {
            "null" | "None" => Ok(Value::Null),
            "true" | "True" | "np.True_" => Ok(Value::Bool(true)),
            "false" | "False" | "np.False_" => Ok(Value::Bool(false)),
            "NaN" | "nan" | "Infinity" | "inf" => Ok(Value::NonFinite(name)),
            _ => {
                // A prefix of a known word at the end of the text is a text that was cut.
                let incomplete = self.at == self.source.len();
                Err(LiteralError { what: format!("unknown word `{name}`"), at: start, incomplete })
            }
        }
    }

    fn string(&mut self) -> Result<Value<'a>, LiteralError> {
        let quote = self.source.as_bytes()[self.at];
        self.at += 1;
        let start = self.at;
        let rest = &self.source.as_bytes()[start..];
        let Some(length) = rest.iter().position(|&byte| byte == quote || byte == b'\\') else {
            self.at = self.source.len();
            return self.unexpected("the closing quote of a string");
        };
        self.at = start + length;
        if self.eat(quote) {
            return Ok(Value::String(Cow::Borrowed(&self.source[start..start + length])));
        }
        self.escaped_string(start, quote)
    }

    /// The rest of a string whose first backslash is at `self.at`.
    fn escaped_string(&mut self, start: usize, quote: u8) -> Result<Value<'a>, LiteralError> {
        let mut text = self.source[start..self.at].to_owned();
        let mut lone_surrogate = false;
        loop {
            match self.peek() {
                None => return self.unexpected("the closing quote of a string"),
                Some(byte) if byte == quote => {
                    let source = &self.source[start..self.at];
                    self.at += 1;
                    return Ok(if lone_surrogate {
                        Value::Surrogate { text, source }
                    } else {
                        Value::String(Cow::Owned(text))
                    });
                }
                Some(b'\\') => {
                    self.at += 1;
                    lone_surrogate |= self.escape(&mut text)?;
                }
                Some(_) => {
                    let rest = &self.source.as_bytes()[self.at..];
                    let plain =
                        rest.iter().position(|&b| b == quote || b == b'\\').unwrap_or(rest.len());
                    text.push_str(&self.source[self.at..self.at + plain]);
                    self.at += plain;
                }
            }
        }
    }

    /// One escape after its backslash; true where it is a lone surrogate.
    fn escape(&mut self, text: &mut String) -> Result<bool, LiteralError> {
        let Some(letter) = self.peek() else { return self.unexpected("an escape") };
        let plain = match letter {
            b'"' | b'\'' | b'\\' | b'/' => letter as char,
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'a' => '\u{7}',
            b'v' => '\u{b}',
            b'x' => return self.code_point(text, 2),
            b'u' => return self.code_point(text, 4),
            b'U' => return self.code_point(text, 8),
            _ => return self.unexpected("an escape"),
        };
        self.at += 1;
        text.push(plain);
        Ok(false)
    }

    fn code_point(&mut self, text: &mut String, digits: usize) -> Result<bool, LiteralError> {
        let code = self.hex(digits)?;
        if let Some(character) = char::from_u32(code) {
            text.push(character);
            return Ok(false);
        }
        if (0xD800..0xDC00).contains(&code) && self.source[self.at..].starts_with("\\u") {
            let after_high = self.at;
            self.at += 1;
            let low = self.hex(4)?;
            if (0xDC00..0xE000).contains(&low) {
                let pair = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
                text.push(char::from_u32(pair).unwrap_or(char::REPLACEMENT_CHARACTER));
                return Ok(false);
            }
            self.at = after_high;
        }
        if code > 0x10_FFFF {
            return self.fail(format!("U+{code:X} is no code point"));
        }
        text.push(char::REPLACEMENT_CHARACTER);
        Ok(true)
    }

    /// The letter of an escape and its hexadecimal digits.
    fn hex(&mut self, digits: usize) -> Result<u32, LiteralError> {
        self.at += 1;
        let mut code = 0;
        for _ in 0..digits {
            let Some(digit) = self.peek().and_then(|byte| (byte as char).to_digit(16)) else {
                return self.unexpected("a hexadecimal digit");
            };
            code = code * 16 + digit;
            self.at += 1;
        }
        Ok(code)
    }
}

/// A key as `json.dumps` writes it: numbers, booleans and `None` become their JSON text.
fn key_text(key: Value<'_>) -> Option<Cow<'_, str>> {
    match key {
        Value::String(text) | Value::Number(text) => Some(text),
        Value::Surrogate { text, .. } => Some(Cow::Owned(text)),
        Value::Bool(true) => Some(Cow::Borrowed("true")),
        Value::Bool(false) => Some(Cow::Borrowed("false")),
        Value::Null => Some(Cow::Borrowed("null")),
        Value::NonFinite(_) | Value::List(_) | Value::Map(_) => None,
    }
}
