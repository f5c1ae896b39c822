//! The length of text messages.
//!
//! A text is sent in the seven bits of GSM 03.38 where all of its characters are in that alphabet,
//! and else in UCS-2. One that does not fit into one segment gives up some of each for the header
//! that joins them. Source: 3GPP TS 23.038, section 6.2.1, and TS 23.040, section 9.2.3.24.1.

/// The characters of the basic table but for the escape, which count one.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿\
                     abcdefghijklmnopqrstuvwxyzäöñüà";

/// The characters of the extension table, which count two: an escape comes first.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// The end of a text that was cut, in characters of both alphabets.
const CUT: &str = "...";

/// How a text is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// The default alphabet of GSM 03.38: 160 septets, or 153 of each of several segments.
    Gsm7,
    /// Sixteen bits a unit: 70, or 67 of each of several segments.
    Ucs2,
}

/// The size of a text message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentCount {
    /// How it is sent.
    pub encoding: Encoding,
    /// How many segments it takes, and is paid for; 1 for an empty text.
    pub segments: usize,
}

impl Encoding {
    fn of(text: &str) -> Self {
        let is_gsm = |character| BASIC.contains(character) || EXTENSION.contains(character);
        if text.chars().all(is_gsm) { Self::Gsm7 } else { Self::Ucs2 }
    }

    fn units(self, character: char) -> usize {
        match self {
            Self::Gsm7 => 1 + usize::from(EXTENSION.contains(character)),
            Self::Ucs2 => character.len_utf16(),
        }
    }

    fn alone(self) -> usize {
        match self {
            Self::Gsm7 => 160,
            Self::Ucs2 => 70,
        }
    }

    fn joined(self) -> usize {
        match self {
            Self::Gsm7 => 153,
            Self::Ucs2 => 67,
        }
    }
}

/// The segments of a text. Neither an escaped character nor a surrogate pair is torn between two.
///
/// ```
/// use mlops_rules::{Encoding, segments};
/// let count = segments(&"a".repeat(161));
/// assert_eq!((count.encoding, count.segments), (Encoding::Gsm7, 2));
/// ```
pub fn segments(text: &str) -> SegmentCount {
    let encoding = Encoding::of(text);
    let total: usize = text.chars().map(|character| encoding.units(character)).sum();
    if total <= encoding.alone() {
        return SegmentCount { encoding, segments: 1 };
    }
    let (mut segments, mut used) = (1, 0);
    for character in text.chars() {
        let units = encoding.units(character);
        if used + units > encoding.joined() {
            segments += 1;
            used = 0;
        }
        used += units;
    }
    SegmentCount { encoding, segments }
}

/// The text and behind it `end`, in at most `most` segments: what is too much of the text is cut,
/// at a space where one is near.
pub fn cut(text: &str, end: &str, most: usize) -> String {
    let whole = format!("{text}{end}");
    if segments(&whole).segments <= most.max(1) {
        return whole;
    }
    let characters: Vec<char> = text.chars().collect();
    let with_end = |count: usize| {
        let start: String = characters[..count].iter().collect();
        format!("{}{CUT}{end}", start.trim_end())
    };
    // The more characters the more segments, but for one that needs UCS-2, which only makes the
    // part before it the longest that fits.
    let fits = |count: &usize| segments(&with_end(*count)).segments <= most.max(1);
    let longest = (0..=characters.len()).rev().find(fits).unwrap_or(0);
    let space = characters[..longest].iter().rposition(|character| character.is_whitespace());
    let near = space.filter(|&space| {
        longest - space <= 20 && characters.get(longest).is_some_and(|c| !c.is_whitespace())
    });
    with_end(near.unwrap_or(longest))
}

/// The text without typographic characters for which there is a plain one, so that a dash does not
/// halve what a segment holds; and without control characters.
pub fn plain_characters(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '–' | '—' | '−' | '‑' => plain.push('-'),
            '‘' | '’' | '`' | '´' => plain.push('\''),
            '“' | '”' | '„' | '«' | '»' => plain.push('"'),
            '…' => plain.push_str("..."),
            '×' => plain.push('x'),
            '→' => plain.push_str("->"),
            '≥' => plain.push_str(">="),
            '≤' => plain.push_str("<="),
            '·' | '•' => plain.push('-'),
            character if character.is_whitespace() || character.is_control() => plain.push(' '),
            character => plain.push(character),
        }
    }
    plain
}
