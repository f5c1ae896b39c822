//! The other commands, and what is refused.

use mlops_rules::RulesFile;
use mlops_testkit::{Job, smtp};
use serde_json::Value;

use crate::{World, subjects};

/// The example and the schema that the documentation shows.
const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/alerts.toml");
const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/alerts.schema.json");

fn job(arguments: &[&str]) -> Job {
    Job::new(env!("CARGO_BIN_EXE_alert-email")).args(arguments)
}

#[test]
fn the_example_is_checked_without_a_database() {
    let ended = job(&["check", "--rules", EXAMPLE]).run();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stdout.contains("rules, evaluated every 10m"), "{}", ended.stdout);
    assert!(!ended.stdout.contains("oncall@"), "addresses are masked: {}", ended.stdout);
}

#[test]
fn the_schema_is_the_one_of_the_documentation() {
    let ended = job(&["schema"]).run();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let shown: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(shown, RulesFile::schema());
    let kept = std::fs::read_to_string(SCHEMA).unwrap();
    assert_eq!(
        kept.trim(),
        ended.stdout.trim(),
        "it is out of date; regenerate it: alert-email schema > docs/alerts.schema.json"
    );
}

#[test]
fn wrong_arguments_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name).to_str().unwrap().to_owned()
    };
    let typo = write("typo.toml", "[[rule]]\nname = 'r'\nabvoe = 5\nto = ['a@b.example']");
    let bad =
        write("bad.toml", "[[rule]]\nname = 'r'\nabove = 5\nfor = 'often'\nto = ['a@b.example']");
    let empty = write("empty.toml", "every = '10m'");
    for (arguments, words) in [
        (vec![], "--when-count-above N"),
        (vec!["--when-count-above", "5"], "--to (ALERT_TO)"),
        (vec!["--when-count-above", "5", "--to", "nobody"], "neither an address"),
        (vec!["--when-count-above", "5", "--to", "a@b.example"], "--smtp-host (ALERT_SMTP_HOST)"),
        (
            vec!["--when-count-above", "5", "--to", "a@b.example", "--smtp-host", "localhost"],
            "--from (ALERT_FROM)",
        ),
        (vec!["--rules", &typo], "abvoe = 5"),
        (vec!["--rules", &bad], "rule `r`, `for`: `often`"),
        (vec!["--rules", &empty], "[[rule]]"),
        (vec!["--rules", &bad, "--when-count-above", "5"], "cannot be combined with --rules"),
        (vec!["--rules", "/nowhere/alerts.toml"], "/nowhere/alerts.toml"),
        (
            vec!["test", "--smtp-host", "localhost", "--from", "a@b.example"],
            "the test message has no recipient",
        ),
    ] {
        let database = format!("sqlite://{}/mlops.db", folder.path().display());
        let ended = job(&arguments).env("MLOPS_DATABASE", &database).run();
        ended.check_failed(2, &[words]);
    }
}

#[tokio::test]
async fn a_rehearsal_neither_sends_nor_writes() {
    let world = World::new().await;
    world.log("2026-03-02 10:00", 7, 0.25).await;
    let report = world.plain("2026-03-02 10:10", &["--dry-run"]).run().json(0);
    assert_eq!(report["rules"][0]["told"], "fired", "{report}");
    assert_eq!((world.mails().len(), world.outbox().await.len()), (0, 0));
}

#[tokio::test]
async fn a_sample_shows_that_mail_arrives() {
    let world = World::new().await;
    let report = world.job("2026-03-02 10:10", &["test", "--to", &world.to("me")]).run().json(0);
    assert_eq!(report["messages"]["sent"], 1);
    assert_eq!(
        subjects(&world.mails()),
        ["TEST: This is a test message: alerts arrive here. No action is needed."]
    );
}

#[tokio::test]
async fn a_replay_tells_what_would_have_been_sent() {
    let world = World::new().await;
    world.log("2026-03-02 00:00", 1, 0.25).await;
    for time in ["10:00", "10:10", "10:20"] {
        world.log(&format!("2026-03-02 {time}"), 7, 0.25).await;
    }
    let arguments = ["backtest", "--when-count-above", "5", "--to", &world.to("ops"), "--messages"];
    let report = world.job("2026-03-03 00:00", &arguments).run().json(0);
    let rule = &report["rules"][0];
    assert_eq!(
        (&rule["runs"], &rule["wrong"], &rule["fired"]),
        (&144.into(), &3.into(), &1.into()),
        "{report}"
    );
    assert_eq!(rule["messages"]["email"], 2);
    assert_eq!(
        (&rule["messages_per_month"], &rule["plain_per_month"]),
        (&60.0.into(), &90.0.into())
    );
    assert_eq!(rule["told"][0][0], "2026-03-02 10:10");
    assert_eq!(rule["told"][1][0], "2026-03-02 10:50");
    assert_eq!((world.mails().len(), world.outbox().await.len()), (0, 0));
}

/// The same over the embedded database, from logs to mail.
#[tokio::test]
async fn a_laptop_needs_no_server_but_the_mails() {
    let folder = tempfile::tempdir().unwrap();
    let world = World {
        database: format!("sqlite://{}/mlops.db", folder.path().display()),
        domain: smtp().domain(),
    };
    world.log("2026-03-02 10:00", 7, 0.25).await;
    for now in ["10:10", "10:20", "10:30"] {
        world.plain(&format!("2026-03-02 {now}"), &[]).run().json(0);
    }
    assert_eq!(world.mails().len(), 2);
}
