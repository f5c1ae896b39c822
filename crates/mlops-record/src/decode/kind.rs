/// The first bytes by which a kind is known.
pub(super) const START_BYTES: usize = 10;

/// The kind of an object, as its first bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    Gzip,
    Zstd,
    Bzip2,
    Zip,
    Utf16 { is_big_endian: bool },
}

impl Kind {
    pub(super) fn of(start: &[u8]) -> Self {
        match start {
            [0x1F, 0x8B, ..] => Self::Gzip,
            [0x28, 0xB5, 0x2F, 0xFD, ..] | [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..] => Self::Zstd,
            // A block, or the end of a file without any.
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31 | 0x17, 0x41 | 0x72, ..] => Self::Bzip2,
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Self::Zip,
            // UTF-32, which no logger writes.
            [0xFF, 0xFE, 0, 0, ..] => Self::Plain,
            [0xFF, 0xFE, ..] => Self::Utf16 { is_big_endian: false },
            [0xFE, 0xFF, ..] => Self::Utf16 { is_big_endian: true },
            [a, 0, b, 0, ..] if is_letter(*a) && is_letter(*b) => {
                Self::Utf16 { is_big_endian: false }
            }
            [0, a, 0, b, ..] if is_letter(*a) && is_letter(*b) => {
                Self::Utf16 { is_big_endian: true }
            }
            _ => Self::Plain,
        }
    }
}

fn is_letter(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~')
}
