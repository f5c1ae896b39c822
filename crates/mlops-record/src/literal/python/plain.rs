use std::borrow::Cow;

use super::arguments::Arguments;
use super::time;
use crate::literal::class::Plain;
use crate::literal::cursor::{Cursor, LiteralError, non_finite};
use crate::literal::reader::{Reader, no_json};
use crate::literal::{Value, Visitor};

impl<'a> Reader<'a> {
    /// The one value that an object is, after its name and opening bracket.
    pub(super) fn plain_object(
        &mut self,
        name: &str,
        plain: Plain,
        visitor: &mut impl Visitor<'a>,
    ) -> Result<(), LiteralError> {
        let arguments = self.arguments()?;
        let value = match plain {
            Plain::Date => time::date(&arguments),
            Plain::Time => time::time(&arguments),
            Plain::Timestamp => time::timestamp(arguments),
            Plain::Number => number(arguments),
            Plain::Bool => sole(arguments).filter(|v| matches!(v, Value::Bool(_))),
            Plain::Text => {
                let text = arguments.positional.into_iter().next();
                text.filter(|v| matches!(v, Value::String(_) | Value::Surrogate { .. }))
            }
        };
        match value {
            Some(value) => {
                visitor.scalar(value);
                Ok(())
            }
            None => self.cursor.fail(no_json(name)),
        }
    }
}

fn sole(arguments: Arguments<'_>) -> Option<Value<'_>> {
    <[Value<'_>; 1]>::try_from(arguments.positional).ok().map(|[value]| value)
}

/// The number itself, or the one that the text of a `Decimal` is.
fn number(arguments: Arguments<'_>) -> Option<Value<'_>> {
    let text = match sole(arguments)? {
        Value::String(Cow::Borrowed(text)) => text,
        value => {
            return Some(value).filter(|v| matches!(v, Value::Number(_) | Value::NonFinite(_)));
        }
    };
    let mut cursor = Cursor::new(text);
    cursor.skip_space();
    let number = match cursor.peek()? {
        b'-' | b'0'..=b'9' => cursor.number(false).ok()?,
        _ => non_finite(cursor.name())?,
    };
    cursor.skip_space();
    cursor.is_at_end().then_some(number)
}
