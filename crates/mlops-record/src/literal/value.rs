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
    /// `NaN`, `Infinity`, `nan`, `-inf`, `NaT`, `<NA>`: a value that JSON has no text for.
    NonFinite(&'a str),
    /// A string, unescaped.
    String(Cow<'a, str>),
    /// A string that no Unicode text can hold: it has a lone UTF-16 surrogate, or bytes that are no
    /// UTF-8.
    Surrogate {
        /// The text with U+FFFD for everything that is no text.
        text: String,
        /// The text between the quotes, still escaped.
        source: &'a str,
    },
    /// `[…]`, or Python's `(…)`.
    List(Vec<Value<'a>>),
    /// `{…}` in the order of the source; a key that is given twice is here twice.
    Map(Vec<(Cow<'a, str>, Value<'a>)>),
}

impl<'a> Value<'a> {
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

    /// Shows this value to a visitor.
    pub(super) fn show(&self, visitor: &mut impl Visitor<'a>) {
        match self {
            Self::List(items) => {
                visitor.begin_list();
                items.iter().for_each(|item| item.show(visitor));
                visitor.end_list();
            }
            Self::Map(entries) => {
                visitor.begin_map();
                for (key, value) in entries {
                    visitor.key(key.clone());
                    value.show(visitor);
                }
                visitor.end_map();
            }
            scalar => visitor.scalar(scalar.clone()),
        }
    }
}

/// Sees a value part by part, in the order of its source, so that it is never held whole.
pub(crate) trait Visitor<'a> {
    /// A value that holds no others.
    fn scalar(&mut self, value: Value<'a>);
    fn begin_list(&mut self);
    fn end_list(&mut self);
    fn begin_map(&mut self);
    /// The key of the value that follows.
    fn key(&mut self, key: Cow<'a, str>);
    fn end_map(&mut self);
}

/// Looks at nothing.
pub(super) struct Blind;

impl<'a> Visitor<'a> for Blind {
    fn scalar(&mut self, _value: Value<'a>) {}
    fn begin_list(&mut self) {}
    fn end_list(&mut self) {}
    fn begin_map(&mut self) {}
    fn key(&mut self, _key: Cow<'a, str>) {}
    fn end_map(&mut self) {}
}

/// Builds a value of what it is shown.
#[derive(Default)]
pub(super) struct Tree<'a> {
    open: Vec<Value<'a>>,
    keys: Vec<Cow<'a, str>>,
    whole: Option<Value<'a>>,
}

impl<'a> Tree<'a> {
    pub(super) fn finish(self) -> Value<'a> {
        self.whole.unwrap_or(Value::Null)
    }

    fn take(&mut self, value: Value<'a>) {
        match self.open.last_mut() {
            Some(Value::List(items)) => items.push(value),
            Some(Value::Map(entries)) => {
                entries.push((self.keys.pop().unwrap_or_default(), value));
            }
            _ => self.whole = Some(value),
        }
    }

    fn close(&mut self) {
        if let Some(value) = self.open.pop() {
            self.take(value);
        }
    }
}

impl<'a> Visitor<'a> for Tree<'a> {
    fn scalar(&mut self, value: Value<'a>) {
        self.take(value);
    }

    fn begin_list(&mut self) {
        self.open.push(Value::List(Vec::new()));
    }

    fn end_list(&mut self) {
        self.close();
    }

    fn begin_map(&mut self) {
        self.open.push(Value::Map(Vec::new()));
    }

    fn key(&mut self, key: Cow<'a, str>) {
        self.keys.push(key);
    }

    fn end_map(&mut self) {
        self.close();
    }
}

/// Takes a value that holds no others.
#[derive(Default)]
pub(super) struct Sole<'a> {
    pub(super) value: Option<Value<'a>>,
    depth: usize,
}

impl<'a> Visitor<'a> for Sole<'a> {
    fn scalar(&mut self, value: Value<'a>) {
        if self.depth == 0 {
            self.value = Some(value);
        }
    }

    fn begin_list(&mut self) {
        self.depth += 1;
    }

    fn end_list(&mut self) {
        self.depth -= 1;
    }

    fn begin_map(&mut self) {
        self.depth += 1;
    }

    fn key(&mut self, _key: Cow<'a, str>) {}

    fn end_map(&mut self) {
        self.depth -= 1;
    }
}
