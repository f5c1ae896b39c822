//! The ends of records and of lines.

use crate::RecordError;
use crate::discarded::continues;
use crate::literal::length;
use crate::scan::Scan;
use crate::utf8::blank_bytes;

/// A list of records shows within this many bytes.
const MAX_BLANK_BYTES: usize = 4 << 10;

pub(crate) const RECORD_SEPARATOR: u8 = 0x1E;

/// Returns whether a `[` begins a list of records, or of the texts of records; `None` where that
/// does not show yet.
pub(crate) fn begins_list(text: &[u8]) -> Option<bool> {
    let mut at = 1;
    while at < text.len().min(MAX_BLANK_BYTES) {
        match blank_bytes(&text[at..]) {
            0 if text[at..] == *b"\"" => return None,
            0 if text[at..].starts_with(b"\"{") => return Some(true),
            0 => return Some(matches!(text[at], b'{' | b']' | RECORD_SEPARATOR)),
            blank => at += blank,
        }
    }
    (at >= MAX_BLANK_BYTES).then_some(false)
}

/// Returns the end of the line that `at` is on.
pub(crate) fn line_end(text: &[u8], at: usize) -> Option<usize> {
    memchr::memchr(b'\n', &text[at..]).map(|length| at + length)
}

/// Returns why a text of this many bytes is no record. One that was cut goes wrong only after its end.
pub(crate) fn within(error: RecordError, source: &str, bytes: usize) -> RecordError {
    match &error {
        RecordError::Syntax(after) if after.at > bytes => {
            let cut = source.get(..bytes).map(length);
            cut.and_then(Result::err).map_or(error, Into::into)
        }
        _ => error,
    }
}

/// Returns the end of the bad record that begins at `at`; `None` where it goes on after the text.
pub(crate) fn bad_end(text: &[u8], at: usize, error: &RecordError) -> Option<usize> {
    let end = line_end(text, at);
    let line = &text[at..end.unwrap_or(text.len())];
    if let Some(separator) = memchr::memchr(RECORD_SEPARATOR, &line[1..]) {
        return Some(at + 1 + separator);
    }
    if line[0] != b'{' {
        return end;
    }
    if !matches!(error, RecordError::NotUtf8 { .. })
        && let Some(length) = Scan::length(line)
    {
        return Some(at + length);
    }
    // The lines of a record that is printed over several ones.
    let mut end = end?;
    while continues(*text.get(end + 1)?) {
        end = line_end(text, end + 1)?;
    }
    Some(end)
}
