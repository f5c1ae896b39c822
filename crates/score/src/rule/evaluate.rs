use std::borrow::Cow;
use std::cmp::Ordering;

use super::expression::{Comparison, Expression, Operator};

/// The value of a field of a request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Operand<'f> {
    /// Nothing, or nothing that can be compared.
    Missing,
    /// A number.
    Number(f64),
    /// A text.
    Text(Cow<'f, str>),
    /// A flag.
    Bool(bool),
}

/// Returns whether a condition holds; `None` if a value is missing.
pub(super) fn condition<'f>(of: &Expression, field: &impl Fn(&str) -> Operand<'f>) -> Option<bool> {
    match of {
        Expression::Not(of) => condition(of, field).map(|holds| !holds),
        Expression::And(one, other) => match (condition(one, field), condition(other, field)) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        },
        Expression::Or(one, other) => match (condition(one, field), condition(other, field)) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        },
        Expression::Compare(one, comparison, other) => {
            let order = order(&value(one, field), &value(other, field))?;
            Some(match comparison {
                Comparison::Equal => order == Ordering::Equal,
                Comparison::NotEqual => order != Ordering::Equal,
                Comparison::Less => order == Ordering::Less,
                Comparison::LessOrEqual => order != Ordering::Greater,
                Comparison::Greater => order == Ordering::Greater,
                Comparison::GreaterOrEqual => order != Ordering::Less,
            })
        }
        Expression::In(of, items) => {
            let of = value(of, field);
            let mut orders = items.iter().map(|item| order(&of, &value(item, field))).peekable();
            // Nothing is comparable with a missing value, and one comparable item is enough.
            let mut known = false;
            let found = orders.any(|order| {
                known |= order.is_some();
                order == Some(Ordering::Equal)
            });
            known.then_some(found)
        }
        Expression::IsMissing(of) => Some(value(of, field) == Operand::Missing),
        of => match value(of, field) {
            Operand::Bool(flag) => Some(flag),
            _ => None,
        },
    }
}

fn value<'f>(of: &Expression, field: &impl Fn(&str) -> Operand<'f>) -> Operand<'f> {
    match of {
        Expression::Number(number) => Operand::Number(*number),
        Expression::Text(text) => Operand::Text(Cow::Owned(text.clone())),
        Expression::Bool(flag) => Operand::Bool(*flag),
        Expression::Field(name) => field(name),
        Expression::Arithmetic(one, operator, other) => {
            let (Operand::Number(one), Operand::Number(other)) =
                (value(one, field), value(other, field))
            else {
                return Operand::Missing;
            };
            let number = match operator {
                Operator::Add => one + other,
                Operator::Subtract => one - other,
                Operator::Multiply => one * other,
                Operator::Divide => one / other,
            };
            // As in SQL, a division by nothing has no result.
            if number.is_finite() { Operand::Number(number) } else { Operand::Missing }
        }
        // Conditions are no values; the parser has seen to it.
        _ => Operand::Missing,
    }
}

fn order(one: &Operand<'_>, other: &Operand<'_>) -> Option<Ordering> {
    match (one, other) {
        (Operand::Number(one), Operand::Number(other)) => one.partial_cmp(other),
        (Operand::Text(one), Operand::Text(other)) => Some(one.cmp(other)),
        (Operand::Bool(one), Operand::Bool(other)) => Some(one.cmp(other)),
        _ => None,
    }
}
