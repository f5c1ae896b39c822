//! The prefix that loggers write before the record on its line.

/// The `{` of a line is looked for in this many bytes.
const MAX_PREFIX_BYTES: usize = 1024;

const LEVELS: [&str; 19] = [
    "trace",
    "debug",
    "fine",
    "info",
    "information",
    "notice",
    "warn",
    "warning",
    "error",
    "err",
    "severe",
    "critical",
    "crit",
    "fatal",
    "alert",
    "emerg",
    "panic",
    "audit",
    "log",
];

/// The length of what stands before the `{` of a line: a time, a level, or the name of a container.
/// `None` for any other text.
pub(crate) fn prefix_bytes(line: &[u8]) -> Option<usize> {
    let length = memchr::memchr(b'{', &line[..line.len().min(MAX_PREFIX_BYTES)])?;
    let prefix = std::str::from_utf8(&line[..length]).ok()?;
    let is_container = prefix.trim_end().ends_with('|') || prefix.starts_with("[pod/");
    let is_known = !prefix.contains('}') && (is_container || has_time(prefix) || has_level(prefix));
    is_known.then_some(length)
}

fn has_level(prefix: &str) -> bool {
    let mut words = prefix.split(|c: char| !c.is_alphanumeric());
    words.any(|word| LEVELS.iter().any(|level| word.eq_ignore_ascii_case(level)))
}

/// Whether there is a date (`2026-11-23`), a time (`05:34:00`) or an epoch of at least ten digits.
fn has_time(prefix: &str) -> bool {
    let bytes = prefix.as_bytes();
    let has = |shape: &[u8]| {
        bytes.windows(shape.len()).any(|window| {
            window.iter().zip(shape).all(|(byte, wanted)| match wanted {
                b'0' => byte.is_ascii_digit(),
                wanted => byte == wanted,
            })
        })
    };
    let shapes: [&[u8]; 5] =
        [b"0000-00-00", b"0000/00/00", b"00/00/00", b"00:00:00", b"0000000000"];
    shapes.iter().any(|shape| has(shape))
}

/// A line of containerd (CRI): `TIME stdout F TEXT`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ContainerLine<'l> {
    pub(crate) stream: &'l str,
    /// The beginning of its text.
    pub(crate) text: usize,
    /// The text goes on in the next line of the stream.
    pub(crate) is_part: bool,
}

/// The line of a container's log, if it is one.
pub(crate) fn container_line(line: &[u8]) -> Option<ContainerLine<'_>> {
    let start = std::str::from_utf8(&line[..line.len().min(64)]);
    let start = match start {
        Ok(start) => start,
        Err(error) => std::str::from_utf8(&line[..error.valid_up_to()]).ok()?,
    };
    let mut words = start.splitn(4, ' ');
    let (time, stream, tag) = (words.next()?, words.next()?, words.next()?);
    let text = start.len() - words.next()?.len();
    let is_stream = matches!(stream, "stdout" | "stderr");
    let is_part = tag.starts_with('P');
    let is_tag = matches!(tag.split(':').next(), Some("P" | "F"));
    (is_stream && is_tag && has_time(time)).then_some(ContainerLine { stream, text, is_part })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, prefix: Option<&str>) {
        let found = prefix_bytes(line.as_bytes()).map(|length| &line[..length]);
        assert_eq!(found, prefix, "{line}");
    }

    #[test]
    fn times_and_levels_are_prefixes() {
        for prefix in [
            "2026-11-23 05:34:00,123 INFO scorer: ",
            "[2026-11-23T05:34:00Z] [info] ",
            "INFO:root:",
            "Nov 23 05:34:00 host scorer[12]: ",
            "<134>1 2026-11-23T05:34:00Z host app 12 - - ",
            "1795412040.123 ",
            "I1123 05:34:00.123456 12 score.py:7] ",
            "scorer-1  | ",
            "[pod/scorer-abc/app] ",
            "127.0.0.1 - - [23/11/26:05:34:00] \"POST /predict\" 200 ",
        ] {
            check(&format!("{prefix}{{\"input\":{{}}}}"), Some(prefix));
        }
    }

    #[test]
    fn other_texts_are_none() {
        for line in [
            "garbage {\"a\":1}",
            "2026-11-23 05:34:00 no brace",
            "2026-11-23} {\"a\":1}",
            "0.14, \"x\": {",
            "informal {",
        ] {
            check(line, None);
        }
    }

    #[test]
    fn lines_of_containers_are_known() {
        let line = b"2026-11-23T05:34:00.123456789Z stdout F {\"a\":1}";
        let found = container_line(line).unwrap();
        assert_eq!((found.stream, found.is_part), ("stdout", false));
        assert_eq!(&line[found.text..], b"{\"a\":1}");
        assert!(container_line(b"2026-11-23T05:34:00Z stderr P part").unwrap().is_part);
        for other in [&b"2026-11-23T05:34:00Z stdout {\"a\":1}"[..], b"stdout F x", b"a b F c", b""]
        {
            assert_eq!(container_line(other), None);
        }
    }
}
