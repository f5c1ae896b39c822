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

/// Folders and documents whose texts are still to be rewritten. Empty when all are.
const NOT_YET: &[&str] = &["crates/"];

/// Documents of the past, and those that are made of other texts.
const EXEMPT: [&str; 3] = ["CHANGELOG.md", "docs/decisions/", "docs/reference/"];

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

/// The findings of a document, each as `LINE: finding`.
fn faults_of_document(document: &str, sentences: bool) -> Vec<String> {
    let texts = markdown::texts(document);
    let long = if sentences { long_sentences(&texts) } else { Vec::new() };
    [words_in(&texts), long].concat()
}

/// The findings of a source file, each as `LINE: finding`.
fn faults_of_source(text: &str) -> Vec<String> {
    let source = rust::source(text);
    let late = source.comments.iter().filter_map(|comment| {
        let (number, line) = comment.lines.first()?;
        let first = line.split_whitespace().next()?;
        LATE_SUBJECT.contains(&first).then(|| {
            format!("{number}: begins with `{first}`; begin with a verb (Returns …) or a noun (A rule that …)")
        })
    });
    // The doc comments of arguments are the help.
    let is_help = ["Args)]", "Args,", "Parser", "Subcommand", "ValueEnum"]
        .iter()
        .any(|derived| text.lines().any(|l| l.contains("derive(") && l.contains(derived)));
    let long = if is_help { long_sentences(&source.comments) } else { Vec::new() };
    [late.collect(), words_in(&source.comments), words_in(&source.strings), long].concat()
}

fn words_in(texts: &[Text]) -> Vec<String> {
    let lines = texts.iter().flat_map(|text| &text.lines);
    lines
        .flat_map(|(number, line)| {
            let found = words::found(line).into_iter();
            found.map(move |(word, better)| format!("{number}: `{word}`: write {better}"))
        })
        .collect()
}

fn long_sentences(texts: &[Text]) -> Vec<String> {
    texts
        .iter()
        .flat_map(sentences)
        .filter(|(_, words)| *words > LONGEST_SENTENCE)
        .map(|(number, words)| {
            format!("{number}: a sentence of {words} words; split it, {LONGEST_SENTENCE} at most")
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
    if EXEMPT.iter().chain(NOT_YET).any(|exempt| name.starts_with(exempt)) {
        return Vec::new();
    }
    let text = fs::read_to_string(file).unwrap();
    let found = if name.ends_with(".md") {
        // READMEs of crates are their documentation, too.
        faults_of_document(&text, name == "README.md" || name.starts_with("docs/"))
    } else {
        faults_of_source(&text)
    };
    found.into_iter().map(|fault| format!("{name}:{fault}")).collect()
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

#[test]
fn what_is_exempt_is_there() {
    for exempt in NOT_YET {
        assert!(root().join(exempt).exists(), "{exempt} is gone; take it off NOT_YET");
    }
}
