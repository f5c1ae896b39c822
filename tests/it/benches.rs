//! The page of the benchmarks says what their figures say.

use std::process::{Command, Output};

use serde_json::Value;

use crate::programs::{folder, root};

fn render(root: &std::path::Path, arguments: &[&str]) -> Output {
    Command::new("python3")
        .arg("-B")
        .arg(root.join("benches/render.py"))
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn the_page_of_the_benchmarks_is_made_of_the_kept_figures() {
    let check = render(&root(), &["--check"]);
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
}

#[test]
fn a_figure_that_was_changed_by_hand_is_found() {
    let copy = tempfile::tempdir().unwrap();
    let benches = copy.path().join("benches");
    std::fs::create_dir_all(benches.join("results")).unwrap();
    for name in ["render.py", "README.md"] {
        std::fs::copy(root().join("benches").join(name), benches.join(name)).unwrap();
    }
    std::fs::create_dir(copy.path().join("docs")).unwrap();
    std::fs::copy(root().join("docs/methods.md"), copy.path().join("docs/methods.md")).unwrap();
    let mut kept = 0;
    for entry in root().join("benches/results").read_dir().unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, benches.join("results").join(path.file_name().unwrap())).unwrap();
        kept += 1;
    }
    assert!(kept >= 4 && render(copy.path(), &["--check"]).status.success());
    let results = benches.join("results/etl.json");
    let mut report: Value =
        serde_json::from_str(&std::fs::read_to_string(&results).unwrap()).unwrap();
    report["rows"][0]["seconds"] = 1.5.into();
    std::fs::write(&results, report.to_string()).unwrap();
    assert!(!render(copy.path(), &["--check"]).status.success(), "the page does not say 1.5");
    assert!(render(copy.path(), &[]).status.success());
    let page = std::fs::read_to_string(benches.join("README.md")).unwrap();
    assert!(page.contains("| etl-mysql: 50,000 single objects | 1.5 |"), "{page}");
    assert!(render(copy.path(), &["--check"]).status.success());
}

#[test]
fn verdicts_and_intervals_keep_their_promises_in_worlds_whose_truth_is_known() {
    let run = Command::new("python3")
        .arg("-B")
        .arg(root().join("benches/truth/run.py"))
        .args(["--quick", "--programs"])
        .arg(folder())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(run.status.success(), "{}{}", text(&run.stdout), text(&run.stderr));
}
