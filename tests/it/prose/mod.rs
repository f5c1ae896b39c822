//! Texts for readers are in plain English: the words of the field, short sentences, and doc comments
//! that begin with their verb or noun.

mod markdown;
mod rust;
mod tests;
mod words;

use std::fs;
use std::path::Path;

use crate::programs::root;
use crate::tidy::files;

/// Documents of past decisions, and documents that are generated from other texts.
const EXEMPT: [&str; 3] = ["CHANGELOG.md", "docs/decisions/", "docs/reference/"];

/// Documents whose sentences are short, too.
const FOR_USERS: [&str; 4] = ["README.md", "benches/", "docs/", "infra/"];

/// The number of words that a reader takes in at once.
const LONGEST_SENTENCE: usize = 35;

/// Openings of a doc comment whose subject comes late.
const LATE_SUBJECT: [&str; 6] = ["Of", "What", "Where", "Who", "Whom", "Whose"];

/// A paragraph, a list item, a table cell or a comment: its lines with their numbers.
struct Text {
    lines: Vec<(usize, String)>,
}

impl Text {
    fn of_line(number: usize, line: &str) -> Self {
        Text { lines: vec![(number, line.trim().to_owned())] }
    }
}

/// A finding: the number of the line, and what to write.
type Fault = (usize, String);

/// Returns the findings of a document.
fn faults_of_document(document: &str) -> Vec<Fault> {
    let texts = markdown::texts(document);
    [words_in(&texts), long_sentences(&texts)].concat()
}

/// Returns the quaint words and late subjects of a source file.
fn faults_of_source(text: &str) -> Vec<Fault> {
    let source = rust::source(text);
    let late = source.comments.iter().filter_map(|comment| {
        let (number, line) = comment.lines.first()?;
        let first = line.split_whitespace().next()?;
        LATE_SUBJECT.contains(&first).then(|| {
            let fault = format!(
                "begins with `{first}`; begin with a verb (Returns …) or a noun (A rule that …)"
            );
            (*number, fault)
        })
    });
    [late.collect(), words_in(&source.comments), words_in(&source.strings)].concat()
}

/// Returns the long sentences of a source file that defines arguments: their doc comments are the
/// help.
fn long_help(text: &str) -> Vec<Fault> {
    let derives = ["Args)]", "Args,", "Parser", "Subcommand", "ValueEnum"];
    let is_help =
        text.lines().any(|l| l.contains("derive(") && derives.iter().any(|d| l.contains(d)));
    if is_help { long_sentences(&rust::source(text).comments) } else { Vec::new() }
}

fn words_in(texts: &[Text]) -> Vec<Fault> {
    let lines = texts.iter().flat_map(|text| &text.lines);
    lines
        .flat_map(|(number, line)| {
            let found = words::found(line).into_iter();
            found.map(move |(word, better)| (*number, format!("`{word}`: write {better}")))
        })
        .collect()
}

fn long_sentences(texts: &[Text]) -> Vec<Fault> {
    texts
        .iter()
        .flat_map(sentences)
        .filter(|(_, words)| *words > LONGEST_SENTENCE)
        .map(|(number, words)| {
            let fault =
                format!("a sentence of {words} words; split it, {LONGEST_SENTENCE} at most");
            (number, fault)
        })
        .collect()
}

/// The line that each sentence begins in, and the number of its words.
fn sentences(text: &Text) -> Vec<(usize, usize)> {
    let mut sentences = Vec::new();
    let mut open: Option<(usize, usize)> = None;
    for (number, line) in &text.lines {
        if line.is_empty() {
            sentences.extend(open.take());
        }
        for word in line.split_whitespace() {
            // A dash or an arrow is no word.
            let counts = usize::from(word.contains(char::is_alphanumeric));
            let (_, words) = open.get_or_insert((*number, 0));
            *words += counts;
            let word = word.trim_end_matches([')', '"', '*', '_']);
            if word.ends_with(['.', '?', '!']) && !["e.g.", "i.e.", "al."].contains(&word) {
                sentences.extend(open.take());
            }
        }
    }
    sentences.extend(open);
    sentences
}

/// The findings of a file of the repository, each as `FILE:LINE: finding`.
fn faults(root: &Path, file: &Path) -> Vec<String> {
    let name = file.strip_prefix(root).unwrap().to_str().unwrap();
    let is_in = |list: &[&str]| list.iter().any(|start| name.starts_with(start));
    if is_in(&EXEMPT) {
        return Vec::new();
    }
    let text = fs::read_to_string(file).unwrap();
    let found = match name.ends_with(".md") {
        true if is_in(&FOR_USERS) => faults_of_document(&text),
        true => words_in(&markdown::texts(&text)),
        false => [faults_of_source(&text), long_help(&text)].concat(),
    };
    found.into_iter().map(|(line, fault)| format!("{name}:{line}: {fault}")).collect()
}

#[test]
fn texts_are_in_plain_english() {
    let root = root();
    let is_test = |file: &Path| {
        let in_tests = file.components().any(|part| part.as_os_str() == "tests");
        in_tests || file.ends_with("tests.rs") || file.ends_with("test.rs")
    };
    let sources = files(&root.join("crates"), &["rs"]).into_iter().filter(|file| !is_test(file));
    let mut found: Vec<String> = files(&root, &["md"])
        .into_iter()
        .chain(sources)
        .flat_map(|file| faults(&root, &file))
        .collect();
    found.sort();
    assert!(
        found.is_empty(),
        "{} texts are hard to read (see tests/it/prose/words.rs):\n{}",
        found.len(),
        found.join("\n")
    );
}
