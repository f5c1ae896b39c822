//! Strings: JSON's, and Python's `str` and `bytes`.

use std::borrow::Cow;

use super::Value;
use super::cursor::{Cursor, LiteralError};

impl<'a> Cursor<'a> {
    /// A string from its quote on. Pieces that Python's `pprint` put on lines of their own are one
    /// string.
    pub(super) fn string(&mut self) -> Result<Value<'a>, LiteralError> {
        let start = self.at + 1;
        let mut whole = self.piece()?;
        // In JSON a string after a string is a missing comma.
        while self.eat_line_break(|cursor| match cursor.peek() {
            Some(b'"') => cursor.is_python,
            next => next == Some(b'\''),
        }) {
            let next = self.piece()?;
            let text =
                [whole.as_text().unwrap_or_default(), next.as_text().unwrap_or_default()].concat();
            let is_text = matches!((&whole, &next), (Value::String(_), Value::String(_)));
            whole = match is_text {
                true => Value::String(Cow::Owned(text)),
                false => Value::Surrogate { text, source: &self.source[start..self.at - 1] },
            };
        }
        Ok(whole)
    }

    /// Python's `b'…'` from its quote on: a text where it is UTF-8.
    pub(super) fn bytes(&mut self) -> Result<Value<'a>, LiteralError> {
        let start = self.at + 1;
        let mut bytes = self.bytes_piece()?;
        while self.eat_line_break(|cursor| {
            ["b'", "b\""].iter().any(|begin| cursor.source[cursor.at..].starts_with(begin))
        }) {
            self.at += 1;
            bytes.extend(self.bytes_piece()?);
        }
        let source = &self.source[start..self.at - 1];
        Ok(match String::from_utf8(bytes) {
            Ok(text) => Value::String(Cow::Owned(text)),
            Err(error) => {
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                Value::Surrogate { text, source }
            }
        })
    }

    /// Skips a line break before what `is_next` finds; else skips nothing.
    fn eat_line_break(&mut self, is_next: impl Fn(&Self) -> bool) -> bool {
        let before = self.at;
        self.skip_space();
        if self.source[before..self.at].contains('\n') && is_next(self) {
            return true;
        }
        self.at = before;
        false
    }

    fn piece(&mut self) -> Result<Value<'a>, LiteralError> {
        let quote = self.source.as_bytes()[self.at];
        self.is_python |= quote == b'\'';
        self.at += 1;
        let start = self.at;
        let rest = &self.source.as_bytes()[start..];
        let Some(length) = memchr::memchr2(quote, b'\\', rest) else {
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
                Some(_) => text.push_str(self.plain(quote)),
            }
        }
    }

    /// The characters up to the next quote or backslash.
    fn plain(&mut self, quote: u8) -> &'a str {
        let rest = &self.source[self.at..];
        let length = memchr::memchr2(quote, b'\\', rest.as_bytes()).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    /// One escape after its backslash; true where it is a lone surrogate.
    fn escape(&mut self, text: &mut String) -> Result<bool, LiteralError> {
        match self.peek() {
            Some(b'x') => return self.code_point(text, 2),
            Some(b'u') => return self.code_point(text, 4),
            Some(b'U') => return self.code_point(text, 8),
            _ => {}
        }
        text.push(self.plain_escape()?);
        Ok(false)
    }

    fn plain_escape(&mut self) -> Result<char, LiteralError> {
        let plain = match self.peek() {
            Some(letter @ (b'"' | b'\'' | b'\\' | b'/')) => letter as char,
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'a') => '\u{7}',
            Some(b'v') => '\u{b}',
            _ => return self.unexpected("an escape"),
        };
        self.at += 1;
        Ok(plain)
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

    fn bytes_piece(&mut self) -> Result<Vec<u8>, LiteralError> {
        let quote = self.source.as_bytes()[self.at];
        self.at += 1;
        let mut bytes = Vec::new();
        loop {
            match self.peek() {
                None => return self.unexpected("the closing quote of a string"),
                Some(byte) if byte == quote => break,
                Some(b'\\') => {
                    self.at += 1;
                    bytes.push(match self.peek() {
                        Some(b'x') => self.hex(2)? as u8,
                        _ => self.plain_escape()? as u8,
                    });
                }
                Some(_) => bytes.extend_from_slice(self.plain(quote).as_bytes()),
            }
        }
        self.at += 1;
        Ok(bytes)
    }
}
