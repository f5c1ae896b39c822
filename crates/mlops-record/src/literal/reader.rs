use std::borrow::Cow;

use super::cursor::{Cursor, LiteralError, non_finite};
use super::{Value, python};

/// Nesting past this is refused: DynamoDB stops at 32 levels, and recursion must end somewhere.
const MAX_DEPTH: usize = 32;

/// Reads one value from the start of `source`; returns it with the number of bytes that it took.
///
/// Accepts JSON (RFC 8259) and what Python's `repr` writes of dicts, lists, tuples, strings,
/// numbers, booleans and `None`, and the wrappers that such dicts are known to carry:
/// `np.float64(0.1)`, `Decimal('1.5')`, `datetime.datetime(…)`, `Timestamp('…')`, `UUID('…')`.
/// White space around the value is skipped.
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
    let mut reader = Reader { cursor: Cursor::new(source), depth: 0 };
    reader.cursor.skip_space();
    let value = reader.value()?;
    reader.cursor.skip_space();
    Ok((value, reader.cursor.at))
}

struct Reader<'a> {
    cursor: Cursor<'a>,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self) -> Result<Value<'a>, LiteralError> {
        match self.cursor.peek() {
            Some(b'{') => self.nested(Self::map),
            Some(b'[') => self.nested(|reader| reader.list(b']')),
            Some(b'(') => self.nested(|reader| reader.list(b')')),
            Some(b'"' | b'\'') => self.cursor.string(),
            Some(b'-' | b'0'..=b'9') => self.cursor.number(),
            Some(b'a'..=b'z' | b'A'..=b'Z' | b'_') => self.word(),
            _ => self.cursor.unexpected("a value"),
        }
    }

    fn nested(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Value<'a>, LiteralError>,
    ) -> Result<Value<'a>, LiteralError> {
        if self.depth == MAX_DEPTH {
            return self.cursor.fail(format!("nesting deeper than {MAX_DEPTH} levels"));
        }
        self.depth += 1;
        self.cursor.at += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn map(&mut self) -> Result<Value<'a>, LiteralError> {
        let mut entries = Vec::new();
        self.cursor.skip_space();
        if self.cursor.eat(b'}') {
            return Ok(Value::Map(entries));
        }
        loop {
            let key_at = self.cursor.at;
            let Some(key) = key_text(self.value()?) else {
                self.cursor.at = key_at;
                return self.cursor.fail("a key that is neither a string nor a number");
            };
            self.cursor.skip_space();
            if !self.cursor.eat(b':') {
                return self.cursor.unexpected("`:` after a key");
            }
            self.cursor.skip_space();
            entries.push((key, self.value()?));
            self.cursor.skip_space();
            if self.cursor.eat(b'}') {
                return Ok(Value::Map(entries));
            }
            if !self.cursor.eat(b',') {
                return self.cursor.unexpected("`,` or `}`");
            }
            self.cursor.skip_space();
        }
    }

    /// The items up to `close`. A comma before the close is Python's tuple of one, `(1,)`.
    fn list(&mut self, close: u8) -> Result<Value<'a>, LiteralError> {
        let mut items = Vec::new();
        self.cursor.skip_space();
        while !self.cursor.eat(close) {
            items.push(self.value()?);
            self.cursor.skip_space();
            if self.cursor.eat(close) {
                break;
            }
            if !self.cursor.eat(b',') {
                return self.cursor.unexpected(&format!("`,` or `{}`", close as char));
            }
            self.cursor.skip_space();
            if self.cursor.peek() == Some(close) && close != b')' {
                return self.cursor.unexpected("a value");
            }
        }
        Ok(Value::List(items))
    }

    fn word(&mut self) -> Result<Value<'a>, LiteralError> {
        let start = self.cursor.at;
        let name = self.cursor.name();
        if name == "u" && matches!(self.cursor.peek(), Some(b'"' | b'\'')) {
            return self.cursor.string();
        }
        if self.cursor.eat(b'(') {
            return self.object(name);
        }
        match name {
            "null" | "None" => Ok(Value::Null),
            "true" | "True" | "np.True_" => Ok(Value::Bool(true)),
            "false" | "False" | "np.False_" => Ok(Value::Bool(false)),
            _ => non_finite(name).ok_or_else(|| {
                // A prefix of a known word at the end of the text is a text that was cut.
                let incomplete = self.cursor.is_at_end();
                LiteralError { what: format!("unknown word `{name}`"), at: start, incomplete }
            }),
        }
    }

    /// A Python object after its name and opening bracket.
    fn object(&mut self, name: &str) -> Result<Value<'a>, LiteralError> {
        let arguments = self.arguments()?;
        match python::object(name, arguments) {
            Some(value) => Ok(value),
            None => {
                self.cursor.fail(format!("the Python object `{name}(…)`, which has no JSON form,"))
            }
        }
    }

    fn arguments(&mut self) -> Result<Vec<Value<'a>>, LiteralError> {
        let mut arguments = Vec::new();
        self.cursor.skip_space();
        while !self.cursor.eat(b')') {
            arguments.push(self.value()?);
            self.cursor.skip_space();
            if self.cursor.eat(b')') {
                break;
            }
            if !self.cursor.eat(b',') {
                return self.cursor.fail("an argument of a Python object that is no plain value");
            }
            self.cursor.skip_space();
        }
        Ok(arguments)
    }
}

/// A key as `json.dumps` writes it: numbers, booleans and `None` become their JSON text.
fn key_text(key: Value<'_>) -> Option<Cow<'_, str>> {
    match key {
        Value::String(text) | Value::Number(text) => Some(text),
        Value::Surrogate { text, .. } => Some(Cow::Owned(text)),
        Value::Bool(true) => Some(Cow::Borrowed("true")),
        Value::Bool(false) => Some(Cow::Borrowed("false")),
        Value::Null => Some(Cow::Borrowed("null")),
        Value::NonFinite(_) | Value::List(_) | Value::Map(_) => None,
    }
}
