/// The part of a text that is UTF-8, from some byte on.
pub(crate) struct Utf8<'t> {
    base: usize,
    valid: &'t str,
    /// The rest is no UTF-8, whatever comes after it.
    pub(crate) is_broken: bool,
}

impl<'t> Utf8<'t> {
    pub(crate) fn new(text: &'t [u8], base: usize, is_last: bool) -> Self {
        match std::str::from_utf8(&text[base..]) {
            Ok(valid) => Self { base, valid, is_broken: false },
            Err(error) => {
                let valid = text[base..].utf8_chunks().next().map_or("", |chunk| chunk.valid());
                Self { base, valid, is_broken: is_last || error.error_len().is_some() }
            }
        }
    }

    /// The position of the first byte that is none.
    pub(crate) fn end(&self) -> usize {
        self.base + self.valid.len()
    }

    /// The text from a byte on.
    pub(crate) fn from(&self, at: usize) -> &'t str {
        &self.valid[at - self.base..]
    }
}

/// The length of the white space, byte order mark or color of a terminal at the start of `text`.
pub(crate) fn blank_bytes(text: &[u8]) -> usize {
    match text.first() {
        None => 0,
        Some(b' ' | b'\t' | b'\r' | b'\n' | 0x0B | 0x0C) => 1,
        Some(0x1B) => color_bytes(text),
        Some(0..0x80) => 0,
        Some(_) => {
            let start = &text[..text.len().min(4)];
            let first = start.utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next());
            let is_blank = |c: &char| c.is_whitespace() || matches!(c, '\u{FEFF}' | '\u{200B}');
            first.filter(is_blank).map_or(0, char::len_utf8)
        }
    }
}

/// The length of the sequence that sets a color of a terminal, such as `ESC [ 1 ; 32 m`.
fn color_bytes(text: &[u8]) -> usize {
    let Some(rest) = text.strip_prefix(b"\x1B[") else { return 0 };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b';').count();
    if rest.get(digits) == Some(&b'm') { digits + 3 } else { 0 }
}
