/// An expression of a rule.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
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
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Expression {
    /// Whether it can be true; a field may be a flag.
    pub(super) fn is_condition(&self) -> bool {
        !matches!(self, Self::Number(_) | Self::Text(_) | Self::Arithmetic(..))
    }

    /// Whether it can be compared.
    pub(super) fn is_value(&self) -> bool {
        matches!(
            self,
            Self::Number(_) | Self::Text(_) | Self::Bool(_) | Self::Field(_) | Self::Arithmetic(..)
        )
    }

    pub(super) fn push_fields<'e>(&'e self, fields: &mut Vec<&'e str>) {
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
