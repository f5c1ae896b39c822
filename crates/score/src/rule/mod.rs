//! The language of the heuristic: a condition over the fields of a request.
//!
//! ```text
//! activity_score < 0.2 and device_type in ('level_1', 'level_2') or average_stars is missing
//! ```
//!
//! `or`, `and`, `not`; `=`, `!=`, `<`, `<=`, `>`, `>=`; `in (…)`, `not in (…)`; `is missing`, `is
//! not missing`; `+`, `-`, `*`, `/`; numbers, texts in quotes, `true`, `false`. A field is a bare
//! name, or one in backticks. As in SQL, what is asked of a missing value, or of a number and a
//! text, is unknown; a condition that is unknown at the end does not hold.

mod evaluate;
mod parser;
mod tokens;

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

pub(crate) use evaluate::Operand;

/// A condition over the fields of a request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rule {
    source: String,
    condition: Expression,
}

/// Why a text is no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} at character {at}")]
pub(crate) struct RuleError {
    what: String,
    /// From 1.
    at: usize,
}

#[derive(Debug, Clone, PartialEq)]
enum Expression {
    Number(f64),
    Text(String),
    Bool(bool),
    Field(String),
    Arithmetic(Box<Expression>, Operator, Box<Expression>),
    Compare(Box<Expression>, Comparison, Box<Expression>),
    In(Box<Expression>, Vec<Expression>),
    IsMissing(Box<Expression>),
    Not(Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Rule {
    /// Whether it holds for a request with these fields.
    pub(crate) fn holds<'f>(&self, field: impl Fn(&str) -> Operand<'f>) -> bool {
        evaluate::condition(&self.condition, &field) == Some(true)
    }

    /// The fields that it asks for.
    pub(crate) fn fields(&self) -> Vec<&str> {
        let mut fields = Vec::new();
        self.condition.push_fields(&mut fields);
        fields
    }
}

impl Expression {
    /// Whether it can be true; a field may be a flag.
    fn is_condition(&self) -> bool {
        !matches!(self, Self::Number(_) | Self::Text(_) | Self::Arithmetic(..))
    }

    /// Whether it can be compared.
    fn is_value(&self) -> bool {
        matches!(
            self,
            Self::Number(_) | Self::Text(_) | Self::Bool(_) | Self::Field(_) | Self::Arithmetic(..)
        )
    }

    fn push_fields<'e>(&'e self, fields: &mut Vec<&'e str>) {
        match self {
            Self::Number(_) | Self::Text(_) | Self::Bool(_) => {}
            Self::Field(name) => fields.push(name),
            Self::In(of, _) | Self::IsMissing(of) | Self::Not(of) => of.push_fields(fields),
            Self::Arithmetic(one, _, other)
            | Self::Compare(one, _, other)
            | Self::And(one, other)
            | Self::Or(one, other) => {
                one.push_fields(fields);
                other.push_fields(fields);
            }
        }
    }
}

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(source: &str) -> Result<Self, RuleError> {
        Ok(Self { source: source.trim().to_owned(), condition: parser::parse(source)? })
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}
