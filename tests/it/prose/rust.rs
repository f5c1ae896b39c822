//! The prose of a Rust source file: its doc comments, and the texts among its strings.

use super::Text;

/// What a source file says to a reader.
#[derive(Default)]
pub(super) struct Source {
    /// Doc comments, each with all of its lines.
    pub(super) comments: Vec<Text>,
    /// Strings that hold a space, a line each.
    pub(super) strings: Vec<Text>,
}

/// Reads a source file up to the tests at its end.
pub(super) fn source(text: &str) -> Source {
    let text = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    Source { comments: comments(text), strings: strings(text) }
}

fn comments(text: &str) -> Vec<Text> {
    let mut found: Vec<Text> = Vec::new();
    let mut last = 0;
    let mut in_code = false;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim_start();
        let Some(said) = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")) else {
            in_code = false;
            continue;
        };
        let said = said.trim();
        in_code ^= said.starts_with("```");
        let is_prose = !in_code && !said.is_empty() && !said.starts_with(['`', '|', '#']);
        let said = if is_prose { super::markdown::without_code(said) } else { String::new() };
        // An empty line keeps its position, so that a paragraph ends at it.
        match found.last_mut() {
            Some(comment) if last + 1 == number => comment.lines.push((number, said)),
            _ => found.push(Text { lines: vec![(number, said)] }),
        }
        last = number;
    }
    found
}

/// The strings of a source file that are more than one word, wherever they stand.
fn strings(text: &str) -> Vec<Text> {
    let mut found = Vec::new();
    let mut rest = text;
    let mut line = 1;
    while let Some(start) = rest.find(['"', '/', '\'']) {
        line += rest[..start].matches('\n').count();
        let before = &rest[..start];
        rest = &rest[start..];
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with('\'') {
            character(rest)
        } else if rest.starts_with('"') {
            let hashes = before.len() - before.trim_end_matches('#').len();
            let is_raw = before.trim_end_matches('#').ends_with('r');
            let (content, length) =
                if is_raw { raw_string(rest, hashes) } else { plain_string(rest) };
            let lines = (line..).zip(content.lines());
            found.extend(
                lines
                    .filter(|(_, line)| line.trim().contains(' ') && !is_sql(content))
                    .map(|(number, line)| Text::of_line(number, &without_values(line))),
            );
            length
        } else {
            1
        };
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    found
}

/// Whether a string is a statement, whose words are those of the tables.
fn is_sql(text: &str) -> bool {
    ["SELECT ", "INSERT ", "REPLACE INTO "].iter().any(|verb| text.starts_with(verb))
}

/// The text with each `{value}` of a format string as `{}`.
fn without_values(text: &str) -> String {
    let mut parts = text.split('{');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + "{" + part.find('}').map_or(part, |end| &part[end..]))
}

/// The length of a character such as `'"'` or `'\''`; 1 for the quote of a lifetime.
fn character(rest: &str) -> usize {
    let mut characters = rest.char_indices().skip(1);
    let is_escaped = characters.next().is_some_and(|(_, c)| c == '\\');
    if is_escaped {
        return rest[3..].find('\'').map_or(1, |end| end + 4);
    }
    match characters.next() {
        Some((at, '\'')) => at + 1,
        _ => 1,
    }
}

fn plain_string(rest: &str) -> (&str, usize) {
    let mut is_escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return (&rest[1..at], at + 1),
            _ => {}
        }
    }
    (&rest[1..], rest.len())
}

fn raw_string(rest: &str, hashes: usize) -> (&str, usize) {
    let end = "\"".to_owned() + &"#".repeat(hashes);
    match rest[1..].find(&end) {
        Some(at) => (&rest[1..=at], at + 1 + end.len()),
        None => (&rest[1..], rest.len()),
    }
}
