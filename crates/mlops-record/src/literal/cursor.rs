//! The words of a literal: names, numbers and texts. What nests is [`reader`](super::reader)'s.

use std::borrow::Cow;

use super::Value;

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

/// A place in a text.
pub(super) struct Cursor<'a> {
    pub(super) source: &'a str,
    pub(super) at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(source: &'a str) -> Self {
        Self { source, at: 0 }
    }

    /// Whether the text has ended.
    pub(super) fn is_at_end(&self) -> bool {
        self.at == self.source.len()
    }

    pub(super) fn peek(&self) -> Option<u8> {
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

    pub(super) fn unexpected<T>(&self, expected: &str) -> Result<T, LiteralError> {
        match self.source[self.at..].chars().next() {
            Some(found) => self.fail(format!("expected {expected}, found {found:?}")),
            None => Err(LiteralError {
                what: format!("expected {expected}, found the end"),
                at: self.at,
                incomplete: true,
            }),
        }
    }

    pub(super) fn number(&mut self) -> Result<Value<'a>, LiteralError> {
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
    pub(super) fn name(&mut self) -> &'a str {
        let start = self.at;
        while matches!(self.peek(), Some(b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.')) {
            self.at += 1;
        }
        &self.source[start..self.at]
    }

    pub(super) fn string(&mut self) -> Result<Value<'a>, LiteralError> {
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

/// The words for numbers that are none.
pub(super) fn non_finite(name: &str) -> Option<Value<'_>> {
    matches!(name, "NaN" | "nan" | "Infinity" | "inf").then_some(Value::NonFinite(name))
}
