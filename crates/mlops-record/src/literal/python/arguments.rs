use super::zone::Zone;
use crate::literal::Value;
use crate::literal::cursor::LiteralError;
use crate::literal::reader::Reader;

/// No object here has more arguments.
const MAX_ARGUMENTS: usize = 16;

/// The arguments of an object that becomes one value.
#[derive(Default)]
pub(super) struct Arguments<'a> {
    pub(super) positional: Vec<Value<'a>>,
    pub(super) named: Vec<(&'a str, Value<'a>)>,
    pub(super) zone: Zone,
}

impl<'a> Arguments<'a> {
    pub(super) fn named(&self, name: &str) -> Option<&Value<'a>> {
        self.named.iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }
}

impl<'a> Reader<'a> {
    /// The name before the `=` of an argument, if it has one.
    pub(super) fn argument_name(&mut self) -> Option<&'a str> {
        let start = self.cursor.at;
        let name = self.cursor.name();
        if !name.is_empty() && self.cursor.eat(b'=') {
            return Some(name);
        }
        self.cursor.at = start;
        None
    }

    pub(super) fn arguments(&mut self) -> Result<Arguments<'a>, LiteralError> {
        let mut arguments = Arguments::default();
        self.cursor.skip_space();
        while !self.cursor.eat(b')') {
            match self.argument_name() {
                Some("tzinfo") => arguments.zone = self.zone()?,
                Some(name) => arguments.named.push((name, self.argument()?)),
                None => arguments.positional.push(self.argument()?),
            }
            if arguments.positional.len() + arguments.named.len() > MAX_ARGUMENTS {
                return self.cursor.fail("a Python object with more arguments than are known");
            }
            self.cursor.skip_space();
            if self.cursor.eat(b')') {
                break;
            }
            self.comma()?;
        }
        Ok(arguments)
    }

    pub(super) fn argument(&mut self) -> Result<Value<'a>, LiteralError> {
        match self.sole()? {
            Some(value) => Ok(value),
            None => self.cursor.fail("an argument of a Python object that is no plain value"),
        }
    }
}
