//! The check finds what it is for, and nothing else.

use super::{Fault, faults_of_document, faults_of_source, long_help};

fn check(found: Vec<Fault>, expected: &[&str], text: &str) {
    let found: Vec<String> =
        found.into_iter().map(|(line, fault)| format!("{line}: {fault}")).collect();
    assert_eq!(found, expected, "{text}");
}

fn check_document(document: &str, expected: &[&str]) {
    check(faults_of_document(document), expected, document);
}

fn check_source(source: &str, expected: &[&str]) {
    check([faults_of_source(source), long_help(source)].concat(), expected, source);
}

/// A sentence of so many words.
fn sentence(words: usize) -> String {
    let all: Vec<&str> = ["A"].into_iter().chain(std::iter::repeat_n("word", words - 1)).collect();
    all.join(" ") + "."
}

#[test]
fn quaint_words_are_found_with_the_better_one() {
    check_document(
        "# Title\n\nThe value that the model\nforetold.",
        &["4: `foretold`: write predicted"],
    );
    check_document(
        "| a | b |\n| --- | --- |\n| x | Whoever asks |",
        &["3: `whoever`: write the operator, the user or the client"],
    );
    check_source("fn f() {\n    g(\"a competitor woos them\");\n}", &["2: `woo*`: write attract"]);
    check_source(
        "/// Returns the most questions of a tree.\nfn f() {}",
        &["1: `most questions`: write maximum depth"],
    );
    check_source(
        "let text = r#\"a \"raw\" text\nof the wish\"#;",
        &["2: `wish`: write retrain request"],
    );
}

#[test]
fn usual_words_pass() {
    for text in [
        "An ARM container is built in place, at the first place, with `place` and `--absent-outcome`.",
        "The [table](docs/place.md) has wooden doors.",
        "```text\nsomebody wishes\n```",
        "<!-- a place for the table -->",
        "A harm, an alarm and a warm place-holder.",
    ] {
        check_document(text, &[]);
    }
    check_source("// A wish that no reader sees.\nlet s = \"place\"; let q = '\"';\n", &[]);
    check_source("fn f<'a>(x: &'a str) -> &'a str { x } // the wish\nlet c = '\\'';\n", &[]);
    check_source("fn f() {}\n\n#[cfg(test)]\nmod tests {\n    g(\"a wish of a test\");\n}\n", &[]);
}

#[test]
fn long_sentences_of_documents_are_found() {
    check_document(
        &format!("Short.\n{}", sentence(36)),
        &["2: a sentence of 36 words; split it, 35 at most"],
    );
    check_document(&format!("{} {}", sentence(35), sentence(35)), &[]);
    check_document(&format!("- {}\n- {}", sentence(20).trim_end_matches('.'), sentence(20)), &[]);
}

#[test]
fn long_sentences_of_help_are_found() {
    let help = |words| {
        format!("#[derive(clap::Args)]\nstruct A {{\n    /// {}\n    a: u8,\n}}", sentence(words))
    };
    check_source(&help(36), &["3: a sentence of 36 words; split it, 35 at most"]);
    check_source(&help(35), &[]);
    check_source(&format!("/// {}\nfn f() {{}}", sentence(36)), &[]);
}

#[test]
fn doc_comments_that_begin_late_are_found() {
    for (opening, is_late) in [
        ("Of what is kept, a part.", true),
        ("Who may ask.", true),
        ("Where it lies.", true),
        ("Whether it is there.", false),
        ("Returns what is kept.", false),
        ("Offers a part.", false),
    ] {
        let found = faults_of_source(&format!("/// {opening}\n///\n/// Who cares.\nfn f() {{}}"));
        assert_eq!(found.len(), usize::from(is_late), "{opening}: {found:?}");
    }
    assert_eq!(faults_of_source("//! What a file holds.\n").len(), 1);
}
