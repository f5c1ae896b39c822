//! The parts of a list or map as texts, for those who look at a large one without holding it.

use std::borrow::Cow;

use super::cursor::LiteralError;
use super::reader::{Reader, key_text, show};
use super::value::Blind;

/// Whether `source` is one value and nothing else.
pub(crate) fn is_whole(source: &str) -> bool {
    length(source).is_ok_and(|length| length == source.len())
}

/// The length of the value at the start of `source`, and of the white space around it.
///
/// # Errors
///
/// As [`read`](super::read).
pub(crate) fn length(source: &str) -> Result<usize, LiteralError> {
    show(source, &mut Blind)
}

/// Gives the text of each key of the map at the start of `source`, which [`key_at`] reads, and the
/// text of its value; returns the number of bytes that the map took.
///
/// # Errors
///
/// [`LiteralError`] where `source` does not begin with a map.
pub(crate) fn entries<'a>(
    source: &'a str,
    mut take: impl FnMut(&'a str, &'a str),
) -> Result<usize, LiteralError> {
    let mut reader = Reader::new(source);
    reader.items(b'{', b'}', |reader| {
        let key_at = reader.cursor.at;
        if reader.sole()?.and_then(key_text).is_none() {
            return reader.cursor.fail("a key that is neither a string nor a number");
        }
        let key = &source[key_at..reader.cursor.at];
        reader.cursor.skip_space();
        if !reader.cursor.eat(b':') {
            return reader.cursor.unexpected("`:` after a key");
        }
        take(key, reader.text()?);
        Ok(())
    })?;
    Ok(reader.cursor.at)
}

/// The key that `source` begins with.
pub(crate) fn key_at(source: &str) -> Cow<'_, str> {
    let key = Reader::new(source).sole().ok().flatten();
    key.and_then(key_text).unwrap_or_default()
}

/// Gives the text of each item of the list at the start of `source`.
///
/// # Errors
///
/// [`LiteralError`] where `source` does not begin with a list.
pub(crate) fn items<'a>(
    source: &'a str,
    mut take: impl FnMut(&'a str),
) -> Result<(), LiteralError> {
    Reader::new(source).items(b'[', b']', |reader| {
        take(reader.text()?);
        Ok(())
    })
}

impl<'a> Reader<'a> {
    fn items(
        &mut self,
        open: u8,
        close: u8,
        mut read: impl FnMut(&mut Self) -> Result<(), LiteralError>,
    ) -> Result<(), LiteralError> {
        self.cursor.skip_space();
        if !self.cursor.eat(open) {
            return self.cursor.unexpected(&format!("`{}`", open as char));
        }
        self.cursor.skip_space();
        while !self.cursor.eat(close) {
            read(self)?;
            self.cursor.skip_space();
            if self.cursor.peek() != Some(close) {
                if !self.cursor.eat(b',') {
                    return self.cursor.unexpected(&format!("`,` or `{}`", close as char));
                }
                self.cursor.skip_space();
            }
        }
        Ok(())
    }

    /// The text of the next value.
    fn text(&mut self) -> Result<&'a str, LiteralError> {
        self.cursor.skip_space();
        let start = self.cursor.at;
        self.value(&mut Blind)?;
        Ok(&self.cursor.source[start..self.cursor.at])
    }
}
