//! `simulate demo`, which the README begins with.

use mlops_testkit::{Ended, Job, end, mysql, s3};
use serde_json::Value;

use crate::programs::job;

/// The shortest demo with a change and a retrain after it.
const SHORT: [&str; 6] = ["demo", "--weeks", "12", "--requests", "100", "--folder"];

fn demo(folder: &std::path::Path) -> Job {
    job("simulate").args(SHORT).args([folder]).env("PATH", "/usr/bin:/bin")
}

fn told(report: &Value) -> String {
    let events = report["events"].as_array().unwrap().iter();
    events
        .map(|event| {
            format!("{} {}\n", event["at"].as_str().unwrap(), event["says"].as_str().unwrap())
        })
        .collect()
}

/// Returns the report without the fields that depend on the location.
fn story(ended: &Ended) -> Value {
    let mut report = ended.json(0);
    for field in ["folder", "look"] {
        report[field].take();
    }
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_tells_the_same_story_on_a_laptop_and_over_mysql_and_s3() {
    let folder = tempfile::tempdir().unwrap();
    let (laptop, servers) = (folder.path().join("laptop"), folder.path().join("servers"));
    let (database, bucket) = (mysql().database().await, s3().bucket().await);
    // Side by side, since each waits for the other programs most of the time.
    let here = demo(&laptop).env("MLOPS_OUTPUT", "json").start();
    let there = demo(&servers)
        .args(["--database", &database, "--store", &format!("s3://{bucket}/demo")])
        .env("MLOPS_OUTPUT", "json")
        .on(s3())
        .start();
    let (here, there) = (end(here), end(there));
    let (here, there) = (story(&here), story(&there));
    assert_eq!(told(&here), told(&there));
    assert_eq!(here, there);

    let told = told(&here);
    for words in [
        "retrain fits the first model",
        "THE WORLD CHANGES",
        "drift: shifted: ",
        "✉  WARNING: data shift",
        "the policy requests a retrain (shifted: ",
        "a retrain on shuffled outcomes is rejected by the gate: ",
    ] {
        assert!(told.contains(words), "no `{words}` in:\n{told}");
    }
    assert_eq!(here["requests"], 12 * 7 * 100);
    let mails = here["mails"].as_array().unwrap();
    for mail in mails {
        assert!(laptop.join("mails").join(mail.as_str().unwrap()).is_file(), "{mail}");
    }
    assert!(mails.iter().any(|mail| mail.as_str().unwrap().contains("-report-")), "{mails:?}");
    let page = std::fs::read_to_string(servers.join("dashboard.html")).unwrap();
    assert!(
        page.contains(here["model_uid"].as_str().unwrap()),
        "the page shows the model that was asked for"
    );
    let is_local = |name: &str| servers.join(name).exists();
    assert!(
        !is_local("logs") && !is_local("models") && !is_local("mlops.db"),
        "all files are on the servers"
    );
}

#[test]
fn a_folder_that_holds_something_else_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("thesis.txt"), "the only copy").unwrap();
    demo(folder.path())
        .run()
        .check_failed(2, &["files that are not of a demo", "empty or new folder"]);
    assert_eq!(std::fs::read_to_string(folder.path().join("thesis.txt")).unwrap(), "the only copy");
}
