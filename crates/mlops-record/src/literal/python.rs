//! The objects that turn up inside a `str(dict)`, because `json.dumps` refused them.

mod arguments;
mod plain;
mod time;
mod zone;

use super::Visitor;
use super::class::Class;
use super::cursor::LiteralError;
use super::reader::{Reader, key_text, no_json};
use super::value::Blind;

impl<'a> Reader<'a> {
    /// A Python object after its name and opening bracket.
    pub(super) fn object(
        &mut self,
        name: &str,
        class: Class,
        visitor: &mut impl Visitor<'a>,
    ) -> Result<(), LiteralError> {
        self.cursor.skip_space();
        match class {
            Class::Plain(plain) => return self.plain_object(name, plain, visitor),
            Class::Items | Class::Array if self.cursor.peek() == Some(b')') => {
                visitor.begin_list();
                visitor.end_list();
            }
            Class::Map | Class::OrderedDict if self.cursor.peek() == Some(b')') => {
                visitor.begin_map();
                visitor.end_map();
            }
            Class::Items if matches!(self.cursor.peek(), Some(b'[' | b'{' | b'(') | None) => {
                self.value(visitor)?;
            }
            Class::Items => return self.cursor.fail(no_json(name)),
            Class::Array => self.array_items(visitor)?,
            Class::OrderedDict if self.cursor.peek() == Some(b'[') => {
                self.nested(|reader| reader.pairs(visitor))?;
            }
            Class::Map | Class::OrderedDict => self.dict(name, visitor)?,
            Class::DefaultDict => {
                match self.cursor.peek() {
                    Some(b'<') => drop(self.cursor.angle()?),
                    _ => drop(self.cursor.name()),
                }
                self.comma()?;
                self.dict(name, visitor)?;
            }
        }
        self.pass_over_arguments()
    }

    fn dict(&mut self, name: &str, visitor: &mut impl Visitor<'a>) -> Result<(), LiteralError> {
        match self.cursor.peek() {
            Some(b'{') | None => self.value(visitor),
            _ => self.cursor.fail(no_json(name)),
        }
    }

    /// The items of an array. Python's own array has the letter of its type before them.
    fn array_items(&mut self, visitor: &mut impl Visitor<'a>) -> Result<(), LiteralError> {
        if matches!(self.cursor.peek(), Some(b'"' | b'\'')) {
            let text = self.cursor.string()?;
            self.cursor.skip_space();
            match self.cursor.peek() {
                Some(b',') => {
                    self.comma()?;
                    if !matches!(self.cursor.peek(), Some(b'[')) {
                        visitor.scalar(text);
                        return self.pass_over_argument();
                    }
                }
                _ => {
                    visitor.scalar(text);
                    return Ok(());
                }
            }
        }
        self.array(visitor)
    }

    /// After `[`: the pairs of an `OrderedDict`.
    fn pairs(&mut self, visitor: &mut impl Visitor<'a>) -> Result<(), LiteralError> {
        visitor.begin_map();
        self.cursor.skip_space();
        while !self.cursor.eat(b']') {
            if !self.cursor.eat(b'(') {
                return self.cursor.unexpected("`(` before a key");
            }
            self.cursor.skip_space();
            let Some(key) = self.sole()?.and_then(key_text) else {
                return self.cursor.fail("a key that is neither a string nor a number");
            };
            self.comma()?;
            visitor.key(key);
            self.value(visitor)?;
            self.cursor.skip_space();
            if !self.cursor.eat(b')') {
                return self.cursor.unexpected("`)` after a pair");
            }
            self.cursor.skip_space();
            if self.cursor.peek() != Some(b']') {
                self.comma()?;
            }
        }
        visitor.end_map();
        Ok(())
    }

    fn comma(&mut self) -> Result<(), LiteralError> {
        self.cursor.skip_space();
        if !self.cursor.eat(b',') {
            return self.cursor.unexpected("`,`");
        }
        self.cursor.skip_space();
        Ok(())
    }

    /// Skips what follows the first argument, such as `dtype=float32`, and the closing bracket.
    fn pass_over_arguments(&mut self) -> Result<(), LiteralError> {
        self.cursor.skip_space();
        while !self.cursor.eat(b')') {
            self.comma()?;
            if self.cursor.peek() != Some(b')') {
                self.pass_over_argument()?;
                self.cursor.skip_space();
            }
        }
        Ok(())
    }

    fn pass_over_argument(&mut self) -> Result<(), LiteralError> {
        self.argument_name();
        match self.cursor.peek() {
            Some(b'<') => drop(self.cursor.angle()?),
            Some(b'a'..=b'z' | b'A'..=b'Z') => {
                let _name = self.cursor.name();
                if self.cursor.peek() == Some(b'(') {
                    self.nested(Self::pass_over_call)?;
                }
            }
            _ => self.value(&mut Blind)?,
        }
        Ok(())
    }

    fn pass_over_call(&mut self) -> Result<(), LiteralError> {
        self.cursor.skip_space();
        if self.cursor.peek() != Some(b')') {
            self.pass_over_argument()?;
        }
        self.pass_over_arguments()
    }
}
