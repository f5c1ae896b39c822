//! The commands of `docs/first-model.md` run as written, and print the figures of the page.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use crate::programs::{folder, root};

/// Returns the code blocks of a language, in the order of the page.
fn blocks<'p>(page: &'p str, language: &str) -> Vec<&'p str> {
    let fence = format!("\n```{language}\n");
    page.split(&fence).skip(1).filter_map(|rest| rest.split("\n```").next()).collect()
}

/// Returns the decimal numbers of a text, such as `0.868`.
fn decimals(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !c.is_ascii_digit() && c != '.')
        .map(|word| word.trim_matches('.'))
        .filter(|word| word.contains('.'))
        .collect()
}

#[test]
fn the_first_model_page_runs_as_written() {
    let page = fs::read_to_string(root().join("docs/first-model.md")).unwrap();
    let commands = blocks(&page, "sh");
    let (build, commands) = commands.split_first().unwrap();
    assert!(build.contains("cargo build"), "the first block builds the programs: {build}");
    let working = tempfile::tempdir().unwrap();
    let script = format!("export PATH=\"{}:$PATH\"\n{}", folder().display(), commands.join("\n"));
    let ended =
        Command::new("sh").args(["-euc", &script]).current_dir(working.path()).output().unwrap();
    let (stdout, stderr) =
        (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success(), "{stdout}\n{stderr}");
    let shown = blocks(&page, "text").join("\n");
    let printed = decimals(&stdout);
    let missing: Vec<&str> =
        decimals(&shown).into_iter().filter(|number| !printed.contains(number)).collect();
    assert!(missing.is_empty(), "the page shows {missing:?}, which no command prints:\n{stdout}");
    for made in ["drift.html", "models/model.pkl", "dashboard.html"] {
        assert!(working.path().join(made).is_file(), "{made}");
    }
}
