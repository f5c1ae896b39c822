//! The words of a literal: names and numbers. Strings are read in [`text`](super::text), and what
//! nests in [`reader`](super::reader).

use std::borrow::Cow;

use super::Value;

/// Why a text is neither JSON nor a Python literal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {at}")]
pub struct LiteralError {
    /// The fault: the text found, or the text expected.
    pub what: String,
    /// The byte of the source at which it was.
    pub at: usize,
    /// Whether the source simply ended too early.
    pub incomplete: bool,
}

/// A position in a text.
pub(super) struct Cursor<'a> {
    pub(super) source: &'a str,
    pub(super) at: usize,
    /// Something was read that Python writes and JSON does not have.
    pub(super) is_python: bool,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(source: &'a str) -> Self {
        Self { source, at: 0, is_python: false }
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

    /// A number of JSON. With `may_end_in_point`, also `1.` as `NumPy` prints it, which becomes `1.0`.
    pub(super) fn number(&mut self, may_end_in_point: bool) -> Result<Value<'a>, LiteralError> {
        let start = self.at;
        self.eat(b'-');
        if matches!(self.peek(), Some(b'i' | b'I')) {
            return self.infinity(start);
        }
        if !self.eat(b'0') && self.digits() == 0 {
            return self.unexpected("a digit");
        }
        let mut bare_point = None;
        if self.eat(b'.') && self.digits() == 0 {
            if !may_end_in_point {
                return self.unexpected("a digit after the decimal point");
            }
            bare_point = Some(self.at);
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
        Ok(Value::Number(match bare_point {
            Some(point) => {
                let (whole, exponent) = (&self.source[start..point], &self.source[point..self.at]);
                Cow::Owned(format!("{whole}0{exponent}"))
            }
            None => Cow::Borrowed(&self.source[start..self.at]),
        }))
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
            other => {
                let incomplete =
                    self.is_at_end() && ["inf", "Infinity"].iter().any(|w| w.starts_with(other));
                Err(LiteralError {
                    what: format!("unknown word `-{other}`"),
                    at: start,
                    incomplete,
                })
            }
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

    /// A text in `<…>`, from its `<` on: Python's form of values without a literal.
    pub(super) fn angle(&mut self) -> Result<&'a str, LiteralError> {
        let start = self.at + 1;
        let mut depth = 0;
        for (length, byte) in self.source[self.at..].bytes().enumerate() {
            match byte {
                b'<' => depth += 1,
                b'>' => depth -= 1,
                b'\n' => return self.fail("expected a value, found '<'"),
                _ => {}
            }
            if depth == 0 {
                self.at += length + 1;
                return Ok(&self.source[start..self.at - 1]);
            }
        }
        self.at = self.source.len();
        self.unexpected("`>`")
    }
}

/// The words for values that JSON has no text for.
pub(super) fn non_finite(name: &str) -> Option<Value<'_>> {
    matches!(name, "NaN" | "nan" | "Infinity" | "inf" | "NaT").then_some(Value::NonFinite(name))
}
