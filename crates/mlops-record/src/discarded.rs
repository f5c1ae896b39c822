use crate::BadRecord;
use crate::scan::Scan;

/// A bad record whose end has not arrived: of its bytes only the first are kept.
#[derive(Debug)]
pub(crate) struct Discarded {
    pub(crate) bad: BadRecord,
    until: Until,
    /// The last byte was the end of a line.
    is_at_line_start: bool,
}

#[derive(Debug)]
enum Until {
    LineEnd,
    /// The first line that is not indented and closes no bracket.
    NextRecord,
    /// The bracket that closes it. A record on one line ends with that line in any case, one on
    /// several before a line that begins with `{`.
    Closed {
        scan: Scan,
        has_lines: bool,
    },
}

impl Discarded {
    /// A line, of which `bad` has the beginning.
    pub(crate) fn line(bad: BadRecord) -> Self {
        Self { bad, until: Until::LineEnd, is_at_line_start: false }
    }

    /// A record of several lines that is no literal; `rest` are its bytes so far.
    pub(crate) fn lines(bad: BadRecord, rest: &[u8]) -> Self {
        Self { bad, until: Until::NextRecord, is_at_line_start: rest.ends_with(b"\n") }
    }

    /// A record that is too long; `rest` are its bytes so far.
    pub(crate) fn record(bad: BadRecord, rest: &[u8]) -> Self {
        let mut scan = Scan::default();
        let is_closed = rest.iter().any(|&byte| scan.closes(byte));
        if is_closed || rest.first() != Some(&b'{') {
            return Self::line(bad);
        }
        let has_lines = rest.contains(&b'\n');
        let is_at_line_start = rest.ends_with(b"\n");
        Self { bad, until: Until::Closed { scan, has_lines }, is_at_line_start }
    }

    /// Takes what belongs to it; returns the length of that, and whether the record has ended.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> (usize, bool) {
        for (at, &byte) in bytes.iter().enumerate() {
            let is_over = match &mut self.until {
                Until::LineEnd => byte == b'\n',
                Until::NextRecord => self.is_at_line_start && !continues(byte),
                Until::Closed { has_lines: false, .. } if byte == b'\n' => true,
                Until::Closed { has_lines: true, .. }
                    if self.is_at_line_start && matches!(byte, b'{' | 0x1E | 0xEF) =>
                {
                    true
                }
                Until::Closed { scan, .. } => {
                    if scan.closes(byte) {
                        self.bad.extend(&bytes[..=at]);
                        return (at + 1, true);
                    }
                    false
                }
            };
            if is_over {
                self.bad.extend(&bytes[..at]);
                return (at, true);
            }
            self.is_at_line_start = byte == b'\n';
        }
        self.bad.extend(bytes);
        (bytes.len(), false)
    }

    /// The bad record, without the white space at its end.
    pub(crate) fn finish(self) -> BadRecord {
        let mut bad = self.bad;
        if bad.raw.len() == bad.raw_bytes {
            bad.raw.truncate(bad.raw.trim_ascii_end().len());
            bad.raw_bytes = bad.raw.len();
        }
        bad
    }
}

/// Whether a line that begins with this byte belongs to the record before it.
pub(crate) fn continues(first: u8) -> bool {
    matches!(first, b' ' | b'\t' | b'}' | b']' | b')')
}
