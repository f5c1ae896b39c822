//! The prose of a Markdown document.

use super::Text;

/// The paragraphs, list items, headings and table cells of a document. Code blocks, HTML comments and
/// the targets of links are left out; code within a line is one word.
pub(super) fn texts(document: &str) -> Vec<Text> {
    let mut texts: Vec<Text> = Vec::new();
    let mut in_code = false;
    let mut is_open = false;
    for (number, line) in (1..).zip(document.lines()) {
        let line = line.trim();
        if line.starts_with("```") {
            in_code = !in_code;
            is_open = false;
            continue;
        }
        if in_code || line.is_empty() || line.starts_with("<!--") {
            is_open = false;
            continue;
        }
        let line = without_code(&without_links(line));
        if line.starts_with('|') {
            texts.extend(line.split('|').map(|cell| Text::of_line(number, cell)));
            is_open = false;
        } else if is_open && !starts_an_item(&line) {
            texts.last_mut().unwrap().lines.push((number, line));
        } else {
            is_open = !line.starts_with('#');
            texts.push(Text::of_line(number, &line));
        }
    }
    texts
}

fn starts_an_item(line: &str) -> bool {
    let number = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_numbered = number.len() < line.len() && number.starts_with(". ");
    is_numbered || ["- ", "* ", "> ", "#"].iter().any(|mark| line.starts_with(mark))
}

/// The line with each `code` as the word `code`.
pub(super) fn without_code(line: &str) -> String {
    let mut parts = line.split('`');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for (at, part) in parts.enumerate() {
        text.push_str(if at % 2 == 0 { "code" } else { part });
    }
    text
}

/// The line with each `[text](target)` as its text.
fn without_links(line: &str) -> String {
    let mut parts = line.split("](");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str(part.split_once(')').map_or("", |(_, rest)| rest));
    }
    text.replace("![", "").replace(['[', ']'], "")
}
