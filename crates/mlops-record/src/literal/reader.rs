use std::borrow::Cow;

use super::class::Class;
use super::cursor::{Cursor, LiteralError, non_finite};
use super::value::{Sole, Tree};
use super::{Value, Visitor};

/// Nesting past this is refused: DynamoDB stops at 32 levels, and recursion must end somewhere.
const MAX_DEPTH: usize = 32;

/// Reads one value from the start of `source`; returns it with the number of bytes that it took.
///
/// Accepts JSON (RFC 8259) and what Python's `repr` and `pprint` write of dicts, lists, tuples, sets,
/// strings, bytes, numbers, booleans and `None`, and the objects that such dicts are known to carry:
/// `np.float64(0.1)`, `array([1., 2.])`, `Decimal('1.5')`, `datetime.datetime(…, tzinfo=…)`,
/// `Timestamp('…')`, `UUID('…')`, `OrderedDict([…])`, `NaT`, `<NA>`. White space around the value is
/// skipped.
///
/// # Errors
///
/// [`LiteralError`] with the byte at which the text stops being either language, or past 32 levels
/// of nesting.
///
/// ```
/// use mlops_record::literal::read;
/// let (value, _) = read(r#"{'note': "it's", 'seen': None}"#).unwrap();
/// assert_eq!(value.get("note").unwrap().as_text(), Some("it's"));
/// ```
pub fn read(source: &str) -> Result<(Value<'_>, usize), LiteralError> {
    let mut tree = Tree::default();
    let length = show(source, &mut tree)?;
    Ok((tree.finish(), length))
}

/// Shows the value at the start of `source` to a visitor; returns the number of bytes that it took.
///
/// # Errors
///
/// As [`read`]; what was shown before the error is no value.
pub(crate) fn show<'a>(
    source: &'a str,
    visitor: &mut impl Visitor<'a>,
) -> Result<usize, LiteralError> {
    let mut reader = Reader::new(source);
    reader.cursor.skip_space();
    reader.value(visitor)?;
    reader.cursor.skip_space();
    Ok(reader.cursor.at)
}

pub(super) struct Reader<'a> {
    pub(super) cursor: Cursor<'a>,
    depth: usize,
    /// The number of open `NumPy` arrays.
    arrays: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: &'a str) -> Self {
        Self { cursor: Cursor::new(source), depth: 0, arrays: 0 }
    }

    pub(super) fn value(&mut self, visitor: &mut impl Visitor<'a>) -> Result<(), LiteralError> {
        match self.cursor.peek() {
            Some(b'{') => self.nested(|reader| reader.map_or_set(visitor)),
            Some(b'[') => self.nested(|reader| reader.list(b']', visitor)),
            Some(b'(') => self.nested(|reader| reader.tuple(visitor)),
            Some(b'a'..=b'z' | b'A'..=b'Z' | b'_') => self.word(visitor),
            _ => {
                visitor.scalar(self.scalar()?);
                Ok(())
            }
        }
    }

    /// A value that holds no others and is not written as a word.
    fn scalar(&mut self) -> Result<Value<'a>, LiteralError> {
        match self.cursor.peek() {
            Some(b'"' | b'\'') => self.cursor.string(),
            Some(b'-' | b'0'..=b'9') => self.cursor.number(self.arrays > 0),
            Some(b'<') => self.missing(),
            Some(b'.')
                if self.arrays > 0 && self.cursor.source[self.cursor.at..].starts_with("...") =>
            {
                self.cursor.fail("an array that was printed without all of its numbers (`...`)")
            }
            _ => self.cursor.unexpected("a value"),
        }
    }

    /// `<NA>`, which pandas writes for a missing value.
    fn missing(&mut self) -> Result<Value<'a>, LiteralError> {
        let start = self.cursor.at;
        match self.cursor.angle()? {
            "NA" => Ok(Value::NonFinite(&self.cursor.source[start..self.cursor.at])),
            _ => {
                self.cursor.at = start;
                self.cursor.unexpected("a value")
            }
        }
    }

    pub(super) fn nested<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, LiteralError>,
    ) -> Result<T, LiteralError> {
        if self.depth == MAX_DEPTH {
            return self.cursor.fail(format!("nesting deeper than {MAX_DEPTH} levels"));
        }
        self.depth += 1;
        self.cursor.at += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    /// After `{`. A set becomes a list.
    fn map_or_set(&mut self, visitor: &mut impl Visitor<'a>) -> Result<(), LiteralError> {
        self.cursor.skip_space();
        if self.cursor.eat(b'}') {
            visitor.begin_map();
            visitor.end_map();
            return Ok(());
        }
        let key_at = self.cursor.at;
        let is_frozenset = self.cursor.source[key_at..].starts_with("frozenset");
        if is_frozenset || matches!(self.cursor.peek(), Some(b'{' | b'[' | b'(')) {
            visitor.begin_list();
            return self.set(visitor, None);
        }
        let first = self.sole()?;
        self.cursor.skip_space();
        match (first, self.cursor.peek()) {
            (Some(first), Some(b',' | b'}')) => {
                visitor.begin_list();
                self.set(visitor, Some(first))
            }
            (first, _) => {
                visitor.begin_map();
                self.map(visitor, first, key_at)
            }
        }
    }

    /// A value that holds no others; `None` for one that does.
    pub(super) fn sole(&mut self) -> Result<Option<Value<'a>>, LiteralError> {
        match self.cursor.peek() {
            Some(b'"' | b'\'') => self.cursor.string().map(Some),
            Some(b'{' | b'[' | b'(') => Ok(None),
            _ => {
                let mut sole = Sole::default();
                self.value(&mut sole)?;
                Ok(sole.value)
            }
        }
    }

    /// From the colon of the first key on.
    fn map(
        &mut self,
        visitor: &mut impl Visitor<'a>,
        first: Option<Value<'a>>,
        first_at: usize,
    ) -> Result<(), LiteralError> {
        let (mut key, mut key_at) = (first, first_at);
        loop {
            let Some(text) = key.and_then(key_text) else {
                self.cursor.at = key_at;
                return self.cursor.fail(NO_KEY);
            };
            self.cursor.skip_space();
            if !self.cursor.eat(b':') {
                return self.cursor.unexpected("`:` after a key");
            }
            self.cursor.skip_space();
            visitor.key(text);
            self.value(visitor)?;
            self.cursor.skip_space();
            if self.cursor.eat(b'}') {
                visitor.end_map();
                return Ok(());
            }
            if !self.cursor.eat(b',') {
                return self.cursor.unexpected("`,` or `}`");
            }
            self.cursor.skip_space();
            key_at = self.cursor.at;
            key = self.sole()?;
        }
    }

    /// The members of a set after the first one, if that was read already.
    fn set(
        &mut self,
        visitor: &mut impl Visitor<'a>,
        first: Option<Value<'a>>,
    ) -> Result<(), LiteralError> {
        let mut is_read = first.is_some();
        if let Some(first) = first {
            visitor.scalar(first);
        }
        loop {
            let member_at = self.cursor.at;
            if !std::mem::take(&mut is_read) {
                self.value(visitor)?;
            }
            self.cursor.skip_space();
            if self.cursor.eat(b'}') {
                visitor.end_list();
                return Ok(());
            }
            if self.cursor.peek() == Some(b':') {
                self.cursor.at = member_at;
                return self.cursor.fail(NO_KEY);
            }
            if !self.cursor.eat(b',') {
                return self.cursor.unexpected("`,` or `}`");
            }
            self.cursor.skip_space();
        }
    }

    /// The items up to `close`.
    fn list(&mut self, close: u8, visitor: &mut impl Visitor<'a>) -> Result<(), LiteralError> {
        visitor.begin_list();
        self.cursor.skip_space();
        while !self.cursor.eat(close) {
            self.value(visitor)?;
            self.cursor.skip_space();
            if self.cursor.eat(close) {
                break;
            }
            if !self.cursor.eat(b',') {
                return self.cursor.unexpected(&format!("`,` or `{}`", close as char));
            }
            self.cursor.skip_space();
            // A comma before the close is Python's tuple of one, `(1,)`.
            if self.cursor.peek() == Some(close) && close != b')' {
                return self.cursor.unexpected("a value");
            }
        }
        visitor.end_list();
        Ok(())
    }

    /// After `(`: a tuple, or a string that `pprint` put in brackets to break it.
    fn tuple(&mut self, visitor: &mut impl Visitor<'a>) -> Result<(), LiteralError> {
        self.cursor.skip_space();
        if matches!(self.cursor.peek(), Some(b'"' | b'\'')) {
            let start = self.cursor.at;
            let text = self.cursor.string()?;
            self.cursor.skip_space();
            if self.cursor.eat(b')') {
                visitor.scalar(text);
                return Ok(());
            }
            self.cursor.at = start;
        }
        self.list(b')', visitor)
    }

    fn word(&mut self, visitor: &mut impl Visitor<'a>) -> Result<(), LiteralError> {
        let start = self.cursor.at;
        let name = self.cursor.name();
        if let Some(b'"' | b'\'') = self.cursor.peek() {
            match name {
                "u" => {
                    visitor.scalar(self.cursor.string()?);
                    return Ok(());
                }
                "b" => {
                    visitor.scalar(self.cursor.bytes()?);
                    return Ok(());
                }
                _ => {}
            }
        }
        if self.cursor.peek() == Some(b'(') {
            return match Class::named(name) {
                Some(class) => self.nested(|reader| reader.object(name, class, visitor)),
                None => self.cursor.fail(no_json(name)),
            };
        }
        let value = match name {
            "null" | "None" => Some(Value::Null),
            "true" | "True" | "np.True_" => Some(Value::Bool(true)),
            "false" | "False" | "np.False_" => Some(Value::Bool(false)),
            _ => non_finite(name),
        };
        match value {
            Some(value) => visitor.scalar(value),
            None => {
                // A prefix of a known word at the end of the text is a text that was cut.
                let incomplete = self.cursor.is_at_end();
                let what = format!("unknown word `{name}`");
                return Err(LiteralError { what, at: start, incomplete });
            }
        }
        Ok(())
    }

    /// The numbers of a `NumPy` array, or the items of another list.
    pub(super) fn array(&mut self, visitor: &mut impl Visitor<'a>) -> Result<(), LiteralError> {
        self.arrays += 1;
        let read = self.value(visitor);
        self.arrays -= 1;
        read
    }
}

const NO_KEY: &str = "a key that is neither a string nor a number";

pub(super) fn no_json(name: &str) -> String {
    format!("the Python object `{name}(…)`, which has no JSON form,")
}

/// A key as `json.dumps` writes it: numbers, booleans and `None` become their JSON text.
pub(super) fn key_text(key: Value<'_>) -> Option<Cow<'_, str>> {
    match key {
        Value::String(text) | Value::Number(text) => Some(text),
        Value::Surrogate { text, .. } => Some(Cow::Owned(text)),
        Value::Bool(true) => Some(Cow::Borrowed("true")),
        Value::Bool(false) => Some(Cow::Borrowed("false")),
        Value::Null => Some(Cow::Borrowed("null")),
        Value::NonFinite(_) | Value::List(_) | Value::Map(_) => None,
    }
}
