//! Objects that are no text.

/// This much of an object is looked at.
pub(crate) const LOOKED_AT_BYTES: usize = 4 << 10;

/// A text has fewer bytes than this share that no text has.
const MAX_SHARE: f64 = 0.2;

const KNOWN: [(&[u8], &str); 17] = [
    (b"PAR1", "Parquet; only JSON logs are loaded"),
    (b"Obj\x01", "Avro; only JSON logs are loaded"),
    (b"ORC", "ORC; only JSON logs are loaded"),
    (b"\xFD7zXZ\x00", "xz; compress it with gzip or zstd"),
    (b"\x04\x22\x4D\x18", "lz4; compress it with gzip or zstd"),
    (b"\xFF\x06\x00\x00sNaPpY", "Snappy; compress it with gzip or zstd"),
    (b"7z\xBC\xAF\x27\x1C", "7z; compress it with gzip or zstd"),
    (b"Rar!", "RAR; compress it with gzip or zstd"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xFF\xD8\xFF", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
    (b"\x7FELF", "a program"),
    (b"\x80\x04\x95", "a Python pickle"),
    (b"\x80\x05\x95", "a Python pickle"),
    (b"\x89HDF", "an HDF5 file"),
];

/// Returns the kind of an object that begins with these bytes, if it is no text.
pub(crate) fn binary(start: &[u8]) -> Option<&'static str> {
    let start = &start[..start.len().min(LOOKED_AT_BYTES)];
    let first_line = start.split(|&byte| byte == b'\n').next().unwrap_or_default();
    // Damage further on costs its lines only.
    if first_line.trim_ascii_start().starts_with(b"{") && foreign_share(first_line) == 0.0 {
        return None;
    }
    if start.get(257..262) == Some(b"ustar") {
        return Some("a tar archive; store its files as objects");
    }
    let is_foreign = start.contains(&0) || foreign_share(start) > MAX_SHARE;
    let known = KNOWN.iter().find(|(magic, _)| start.starts_with(magic));
    match known {
        // Texts of a few letters may begin a log.
        Some((_, what)) if is_foreign || !start.is_ascii() => Some(what),
        _ => is_foreign.then_some("its bytes are no text"),
    }
}

/// The share of bytes that are neither UTF-8 nor white space nor a separator of records.
fn foreign_share(bytes: &[u8]) -> f64 {
    let is_control = |c: char| {
        c.is_control()
            && !matches!(c, '\t' | '\n' | '\r' | '\x0B' | '\x0C' | '\x08' | '\x1B' | '\x1E')
    };
    let mut foreign = 0;
    for chunk in bytes.utf8_chunks() {
        foreign += chunk.invalid().len();
        foreign += chunk.valid().chars().filter(|&c| is_control(c)).count();
    }
    foreign as f64 / bytes.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn random_bytes_are_binary_whatever_their_number() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        for bytes in [16, 50, 200, 1000, 100_000] {
            for _ in 0..200 {
                let body: Vec<u8> = (0..bytes).map(|_| rng.random()).collect();
                assert!(binary(&body).is_some(), "{body:?}");
            }
        }
    }

    #[test]
    fn files_of_other_kinds_are_named() {
        for (start, what) in [
            (&b"PAR1\x15\x04\x15\xD0\x0F\x4C"[..], "Parquet"),
            (b"\x89PNG\r\n\x1A\n\x00\x00\x00\x0DIHDR", "PNG"),
            (b"\xFD7zXZ\x00\x00\x04", "xz"),
            (b"\x80\x04\x95\x1B\x00\x00\x00", "pickle"),
        ] {
            let found = binary(start).unwrap_or_default();
            assert!(found.contains(what), "{start:?}: {found}");
        }
    }

    #[test]
    fn texts_are_none() {
        for text in [
            "{\"a\": 1}",
            "upstream timed out",
            "\u{FEFF}{\"name\": \"Zürich 東京 😀\"}",
            "\x1E{\"a\": 1}\n",
            "\x1B[32mINFO\x1B[0m {\"a\": 1}",
            "ORCA is a whale",
            "",
            "\n\n",
        ] {
            assert_eq!(binary(text.as_bytes()), None, "{text}");
        }
        // Latin-1, which costs its lines only.
        assert_eq!(binary(b"M\xFCller in Z\xFCrich asked for a quote and got one"), None);
        let damaged = [b"{\"a\": 1}\n".as_slice(), &[0; 3000]].concat();
        assert_eq!(binary(&damaged), None);
    }
}
