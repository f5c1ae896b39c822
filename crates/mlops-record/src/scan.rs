/// Follows brackets and quotes to the end of a record that is not kept.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scan {
    depth: usize,
    quote: Option<u8>,
    is_escaped: bool,
}

impl Scan {
    /// Takes the next byte; returns whether it closes what the first one opened.
    pub(crate) fn closes(&mut self, byte: u8) -> bool {
        if let Some(quote) = self.quote {
            if self.is_escaped {
                self.is_escaped = false;
            } else if byte == b'\\' {
                self.is_escaped = true;
            } else if byte == quote {
                self.quote = None;
            }
            return false;
        }
        match byte {
            b'"' | b'\'' => self.quote = Some(byte),
            b'{' | b'[' | b'(' => self.depth += 1,
            b'}' | b']' | b')' => {
                self.depth = self.depth.saturating_sub(1);
                return self.depth == 0;
            }
            _ => {}
        }
        false
    }

    /// The length of the record at the start of `bytes`, if it ends there.
    pub(crate) fn length(bytes: &[u8]) -> Option<usize> {
        let mut scan = Self::default();
        bytes.iter().position(|&byte| scan.closes(byte)).map(|last| last + 1)
    }
}
