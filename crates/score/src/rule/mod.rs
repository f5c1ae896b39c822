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

mod error;
mod evaluate;
mod expression;
mod parser;
mod tokens;

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

pub(crate) use error::RuleError;
pub(crate) use evaluate::Operand;

use expression::Expression;

/// A condition over the fields of a request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rule {
    source: String,
    condition: Expression,
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
