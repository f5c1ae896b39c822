use super::error::RuleError;
use super::expression::{Comparison, Expression, Operator};
use super::tokens::{Token, TokenKind, tokens};

/// Nesting past this is refused: recursion must end somewhere.
const MAX_DEPTH: usize = 64;

/// `a or a or a …` nests too, by one level a word.
const MAX_BYTES: usize = 4096;

const KEYWORDS: [&str; 6] = ["and", "or", "not", "in", "is", "missing"];

const COMPARISONS: [(&str, Comparison); 8] = [
    ("=", Comparison::Equal),
    ("==", Comparison::Equal),
    ("!=", Comparison::NotEqual),
    ("<>", Comparison::NotEqual),
    ("<", Comparison::Less),
    ("<=", Comparison::LessOrEqual),
    (">", Comparison::Greater),
    (">=", Comparison::GreaterOrEqual),
];

pub(super) fn parse(source: &str) -> Result<Expression, RuleError> {
    if source.len() > MAX_BYTES {
        return Err(RuleError { what: format!("a rule of more than {MAX_BYTES} bytes"), at: 1 });
    }
    let mut parser = Parser { tokens: tokens(source)?, index: 0, depth: 0 };
    let condition = parser.condition()?;
    match parser.here().kind {
        TokenKind::End => Ok(condition),
        _ => Err(parser.expected("`and`, `or` or the end")),
    }
}

struct Parser {
    tokens: Vec<Token>,
    index: usize,
    depth: usize,
}

impl Parser {
    fn here(&self) -> &Token {
        // The last token is the end, which nothing steps over.
        &self.tokens[self.index]
    }

    fn take(&mut self) -> Token {
        let token = self.here().clone();
        self.index = (self.index + 1).min(self.tokens.len() - 1);
        token
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = self.here().is_word(word);
        if found {
            self.take();
        }
        found
    }

    fn eat_sign(&mut self, sign: &str) -> bool {
        let found = self.here().is_sign(sign);
        if found {
            self.take();
        }
        found
    }

    fn expected(&self, what: &str) -> RuleError {
        let found = self.here();
        RuleError { what: format!("expected {what}, found {}", found.shown()), at: found.at }
    }

    fn expect_sign(&mut self, sign: &str) -> Result<(), RuleError> {
        if self.eat_sign(sign) { Ok(()) } else { Err(self.expected(&format!("`{sign}`"))) }
    }

    /// One that can be true.
    fn condition(&mut self) -> Result<Expression, RuleError> {
        let at = self.here().at;
        as_condition(self.either()?, at)
    }

    fn either(&mut self) -> Result<Expression, RuleError> {
        self.nested(|parser| {
            let at = parser.here().at;
            let mut found = parser.both()?;
            while parser.here().is_word("or") {
                parser.take();
                let at_other = parser.here().at;
                let other = as_condition(parser.both()?, at_other)?;
                found = Expression::Or(Box::new(as_condition(found, at)?), Box::new(other));
            }
            Ok(found)
        })
    }

    fn both(&mut self) -> Result<Expression, RuleError> {
        let at = self.here().at;
        let mut found = self.negation()?;
        while self.here().is_word("and") {
            self.take();
            let at_other = self.here().at;
            let other = as_condition(self.negation()?, at_other)?;
            found = Expression::And(Box::new(as_condition(found, at)?), Box::new(other));
        }
        Ok(found)
    }

    fn negation(&mut self) -> Result<Expression, RuleError> {
        if !self.eat_word("not") && !self.eat_sign("!") {
            return self.comparison();
        }
        self.nested(|parser| {
            let at = parser.here().at;
            Ok(Expression::Not(Box::new(as_condition(parser.negation()?, at)?)))
        })
    }

    fn comparison(&mut self) -> Result<Expression, RuleError> {
        let at = self.here().at;
        let one = self.sum()?;
        if let Some((_, comparison)) =
            COMPARISONS.into_iter().find(|(sign, _)| self.here().is_sign(sign))
        {
            self.take();
            let at_other = self.here().at;
            let other = as_value(self.sum()?, at_other)?;
            let one = as_value(one, at)?;
            let kinds = (is_text(&one), is_text(&other));
            if matches!(kinds, (Some(true), Some(false)) | (Some(false), Some(true))) {
                return Err(RuleError { what: "a text is compared with a number".to_owned(), at });
            }
            return Ok(Expression::Compare(Box::new(one), comparison, Box::new(other)));
        }
        if self.eat_word("is") {
            let negated = self.eat_word("not");
            if !self.eat_word("missing") {
                return Err(self.expected("`missing`"));
            }
            let is_missing = Expression::IsMissing(Box::new(as_value(one, at)?));
            return Ok(if negated { Expression::Not(Box::new(is_missing)) } else { is_missing });
        }
        let negated = self.here().is_word("not");
        if negated {
            self.take();
        }
        if self.eat_word("in") {
            let is_in = Expression::In(Box::new(as_value(one, at)?), self.list()?);
            return Ok(if negated { Expression::Not(Box::new(is_in)) } else { is_in });
        }
        if negated { Err(self.expected("`in`")) } else { Ok(one) }
    }

    fn list(&mut self) -> Result<Vec<Expression>, RuleError> {
        self.expect_sign("(")?;
        let mut items = Vec::new();
        loop {
            let negative = self.eat_sign("-");
            let error = self.expected("a number, a text, `true` or `false`");
            items.push(match self.primary()? {
                Expression::Number(number) => {
                    Expression::Number(if negative { -number } else { number })
                }
                literal @ (Expression::Text(_) | Expression::Bool(_)) if !negative => literal,
                _ => return Err(error),
            });
            if !self.eat_sign(",") {
                self.expect_sign(")")?;
                return Ok(items);
            }
        }
    }

    fn sum(&mut self) -> Result<Expression, RuleError> {
        self.arithmetic(&[("+", Operator::Add), ("-", Operator::Subtract)], Self::product)
    }

    fn product(&mut self) -> Result<Expression, RuleError> {
        self.arithmetic(&[("*", Operator::Multiply), ("/", Operator::Divide)], Self::signed)
    }

    fn arithmetic(
        &mut self,
        operators: &[(&str, Operator)],
        part: fn(&mut Self) -> Result<Expression, RuleError>,
    ) -> Result<Expression, RuleError> {
        let at = self.here().at;
        let mut found = part(self)?;
        while let Some((_, operator)) = operators.iter().find(|(sign, _)| self.here().is_sign(sign))
        {
            self.take();
            let at_other = self.here().at;
            let other = as_number(part(self)?, at_other)?;
            found =
                Expression::Arithmetic(Box::new(as_number(found, at)?), *operator, Box::new(other));
        }
        Ok(found)
    }

    fn signed(&mut self) -> Result<Expression, RuleError> {
        if !self.eat_sign("-") {
            return self.primary();
        }
        self.nested(|parser| {
            let at = parser.here().at;
            let of = as_number(parser.signed()?, at)?;
            Ok(match of {
                Expression::Number(number) => Expression::Number(-number),
                of => Expression::Arithmetic(
                    Box::new(Expression::Number(0.0)),
                    Operator::Subtract,
                    Box::new(of),
                ),
            })
        })
    }

    fn primary(&mut self) -> Result<Expression, RuleError> {
        if self.eat_sign("(") {
            let inside = self.either()?;
            self.expect_sign(")")?;
            return Ok(inside);
        }
        let is_keyword = KEYWORDS.iter().any(|word| self.here().is_word(word));
        let error = self.expected("a field, a number or a text");
        let token = self.take();
        match token.kind {
            TokenKind::Number(number) => Ok(Expression::Number(number)),
            TokenKind::Text(text) => Ok(Expression::Text(text)),
            TokenKind::Quoted(name) => Ok(Expression::Field(name)),
            TokenKind::Name(name) if name.eq_ignore_ascii_case("true") => {
                Ok(Expression::Bool(true))
            }
            TokenKind::Name(name) if name.eq_ignore_ascii_case("false") => {
                Ok(Expression::Bool(false))
            }
            TokenKind::Name(name) if !is_keyword => Ok(Expression::Field(name)),
            _ => Err(error),
        }
    }

    fn nested(
        &mut self,
        parse: impl FnOnce(&mut Self) -> Result<Expression, RuleError>,
    ) -> Result<Expression, RuleError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(RuleError {
                what: format!("more than {MAX_DEPTH} levels of nesting"),
                at: self.here().at,
            });
        }
        let found = parse(self);
        self.depth -= 1;
        found
    }
}

fn as_condition(found: Expression, at: usize) -> Result<Expression, RuleError> {
    let what = || "a value instead of a condition such as `activity_score < 0.2`,".to_owned();
    if found.is_condition() { Ok(found) } else { Err(RuleError { what: what(), at }) }
}

fn as_value(found: Expression, at: usize) -> Result<Expression, RuleError> {
    let what = || "a condition instead of a value (join conditions with `and` or `or`)".to_owned();
    if found.is_value() { Ok(found) } else { Err(RuleError { what: what(), at }) }
}

fn as_number(found: Expression, at: usize) -> Result<Expression, RuleError> {
    match found {
        Expression::Number(_) | Expression::Field(_) | Expression::Arithmetic(..) => Ok(found),
        _ => {
            Err(RuleError { what: "an operand of arithmetic that is not a number".to_owned(), at })
        }
    }
}

/// Whether a value is a text or a number, where that is known.
fn is_text(value: &Expression) -> Option<bool> {
    match value {
        Expression::Text(_) => Some(true),
        Expression::Number(_) | Expression::Arithmetic(..) => Some(false),
        _ => None,
    }
}
