use jiff::Timestamp;

/// The first bytes of a segment.
pub(super) const MAGIC: &[u8; 8] = b"mlspool1";

/// Before each record: its length and its CRC-32, both little-endian.
const HEADER_BYTES: usize = 8;

/// A longer one is taken for damage.
const MAX_RECORD_BYTES: usize = 256 << 20;

/// The records of one call, as they stand in a segment.
pub(crate) struct Frames {
    pub(super) time: Timestamp,
    pub(super) bytes: Vec<u8>,
    pub(super) records: u64,
}

impl Frames {
    /// No records yet; all of them are of this time.
    pub(crate) fn new(time: Timestamp) -> Self {
        Self { time, bytes: Vec::with_capacity(2048), records: 0 }
    }

    /// Adds the record that `write` appends.
    pub(crate) fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; HEADER_BYTES]);
        write(&mut self.bytes);
        let (head, record) = self.bytes[start..].split_at_mut(HEADER_BYTES);
        head[..4].copy_from_slice(&(record.len() as u32).to_le_bytes());
        head[4..].copy_from_slice(&crc32fast::hash(record).to_le_bytes());
        self.records += 1;
    }
}

/// The records of a segment, up to its end or to the first that is not whole.
pub(super) struct Records<'s> {
    rest: &'s [u8],
}

impl<'s> Records<'s> {
    /// `None` for bytes that are no segment.
    pub(super) fn of(segment: &'s [u8]) -> Option<Self> {
        segment.strip_prefix(MAGIC).map(|rest| Self { rest })
    }

    /// Returns the remaining bytes: none, or an incomplete record.
    pub(super) fn rest(&self) -> &'s [u8] {
        self.rest
    }
}

impl<'s> Iterator for Records<'s> {
    type Item = &'s [u8];

    fn next(&mut self) -> Option<&'s [u8]> {
        let (head, rest) = self.rest.split_at_checked(HEADER_BYTES)?;
        let number =
            |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let length = number(0) as usize;
        // Space that was never written to reads as zeros.
        if length == 0 || length > MAX_RECORD_BYTES {
            return None;
        }
        let (record, rest) = rest.split_at_checked(length)?;
        if crc32fast::hash(record) != number(4) {
            return None;
        }
        self.rest = rest;
        Some(record)
    }
}
