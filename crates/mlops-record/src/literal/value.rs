use std::borrow::Cow;

/// One value as its source wrote it, borrowing from the source where it can.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// `null`, `None`.
    Null,
    /// `true`, `True`.
    Bool(bool),
    /// A number in JSON's grammar, as its source text.
    Number(Cow<'a, str>),
    /// `NaN`, `Infinity`, `nan`, `-inf`: a float that JSON has no text for.
    NonFinite(&'a str),
    /// A string, unescaped.
    String(Cow<'a, str>),
    /// A string with a lone UTF-16 surrogate, which no Unicode text can hold.
    Surrogate {
        /// The text with U+FFFD in the place of each lone surrogate.
        text: String,
        /// The text between the quotes, still escaped.
        source: &'a str,
    },
    /// `[…]`, or Python's `(…)`.
    List(Vec<Value<'a>>),
    /// `{…}` in the order of the source; a key that is given twice is here twice.
    Map(Vec<(Cow<'a, str>, Value<'a>)>),
}

impl Value<'_> {
    /// The value of `key`; the last one where the source gives it twice, as in Python and
    /// JavaScript.
    ///
    /// `None` for a missing key and for anything that is no map.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.iter().rev().find(|(k, _)| k == key).map(|(_, v)| v),
            _ => None,
        }
    }

    /// The text of a string, or the source text of a number.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::String(text) | Self::Number(text) => Some(text),
            Self::Surrogate { text, .. } => Some(text),
            _ => None,
        }
    }
}
