use super::error::RuleError;

/// A word of the language, and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    /// The character, from 1.
    pub(super) at: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind {
    Number(f64),
    Text(String),
    /// A field or a keyword.
    Name(String),
    /// A field in backticks.
    Quoted(String),
    Sign(&'static str),
    End,
}

/// Longer ones first.
const SIGNS: [&str; 16] =
    ["<=", ">=", "!=", "<>", "==", "=", "<", ">", "(", ")", ",", "+", "-", "*", "/", "!"];

impl Token {
    /// Returns the token as text for an error.
    pub(super) fn shown(&self) -> String {
        match &self.kind {
            TokenKind::Number(number) => format!("`{number}`"),
            TokenKind::Text(text) => format!("the text '{text}'"),
            TokenKind::Name(name) | TokenKind::Quoted(name) => format!("`{name}`"),
            TokenKind::Sign(sign) => format!("`{sign}`"),
            TokenKind::End => "the end".to_owned(),
        }
    }

    /// Whether it is this keyword, in whatever case.
    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(&self.kind, TokenKind::Name(name) if name.eq_ignore_ascii_case(word))
    }

    pub(super) fn is_sign(&self, sign: &str) -> bool {
        matches!(self.kind, TokenKind::Sign(found) if found == sign)
    }
}

/// The words of a rule; the last one is its end.
pub(super) fn tokens(source: &str) -> Result<Vec<Token>, RuleError> {
    let characters: Vec<char> = source.chars().collect();
    let mut tokens = Vec::new();
    let mut index = 0;
    while let Some(&first) = characters.get(index) {
        let (kind, length) = match first {
            _ if first.is_whitespace() => {
                index += 1;
                continue;
            }
            '\'' | '"' => {
                let (text, length) = quoted(&characters[index..], first, index)?;
                (TokenKind::Text(text), length)
            }
            '`' => {
                let (name, length) = quoted(&characters[index..], first, index)?;
                (TokenKind::Quoted(name), length)
            }
            '0'..='9' | '.' => number(&characters[index..], index)?,
            _ if first.is_alphabetic() || first == '_' => {
                let name: String = characters[index..]
                    .iter()
                    .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
                    .collect();
                let length = name.chars().count();
                (TokenKind::Name(name), length)
            }
            _ => sign(&characters[index..], index)?,
        };
        tokens.push(Token { kind, at: index + 1 });
        index += length;
    }
    tokens.push(Token { kind: TokenKind::End, at: index + 1 });
    Ok(tokens)
}

/// A text up to its closing quote, which stands for itself where it is doubled.
fn quoted(characters: &[char], quote: char, index: usize) -> Result<(String, usize), RuleError> {
    let mut text = String::new();
    let mut at = 1;
    while let Some(&character) = characters.get(at) {
        if character != quote {
            text.push(character);
            at += 1;
        } else if characters.get(at + 1) == Some(&quote) {
            text.push(quote);
            at += 2;
        } else {
            return Ok((text, at + 1));
        }
    }
    Err(RuleError { what: format!("a {quote} that is never closed"), at: index + 1 })
}

fn number(characters: &[char], index: usize) -> Result<(TokenKind, usize), RuleError> {
    let is_part = |(at, c): &(usize, &char)| {
        let after_exponent = *at > 0 && matches!(characters[at - 1], 'e' | 'E');
        c.is_ascii_alphanumeric() || **c == '.' || (after_exponent && matches!(c, '+' | '-'))
    };
    let text: String = characters.iter().enumerate().take_while(is_part).map(|(_, c)| *c).collect();
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok((TokenKind::Number(number), text.len())),
        _ => Err(RuleError { what: format!("`{text}`, which is not a number,"), at: index + 1 }),
    }
}

fn sign(characters: &[char], index: usize) -> Result<(TokenKind, usize), RuleError> {
    let starts =
        |sign: &&&str| sign.chars().enumerate().all(|(at, c)| characters.get(at) == Some(&c));
    match SIGNS.iter().find(starts) {
        Some(sign) => Ok((TokenKind::Sign(sign), sign.len())),
        None => Err(RuleError { what: format!("unexpected `{}`", characters[0]), at: index + 1 }),
    }
}
