//! Mail into a folder, on a machine without a mail server.

use std::path::Path;

use mlops_core::timestamp::parse_utc;
use mlops_sql::Database;
use mlops_testkit::contract::etl_store::insert;
use mlops_testkit::{Ended, Job};
use tempfile::TempDir;

/// A folder with a SQLite database of seven requests in ten minutes.
struct Laptop(TempDir);

impl Laptop {
    async fn new() -> Self {
        let laptop = Self(tempfile::tempdir().unwrap());
        let database = Database::connect(&laptop.database().parse().unwrap()).await.unwrap();
        let record = |index: i64| mlops_core::record::LogRecord {
            key: mlops_core::record::RecordKey::of_default_model(index.to_string()),
            logging_timestamp: parse_utc("2026-03-02 10:00").unwrap()
                + jiff::SignedDuration::from_secs(index),
            payload: r#"{"output": {"prediction": 0.25}}"#.to_owned(),
        };
        insert(&database, &(0..7).map(record).collect::<Vec<_>>()).await;
        laptop
    }

    fn database(&self) -> String {
        format!("sqlite://{}", self.0.path().join("mlops.db").display())
    }

    fn run(&self, now: &str, arguments: &[&str]) -> Ended {
        Job::new(env!("CARGO_BIN_EXE_alert-email"))
            .args([
                "--when-count-above",
                "5",
                "--to",
                "ops@acme.example,lead@acme.example",
                "--output",
                "json",
            ])
            .args(["--mail-folder", "mails", "--now", now])
            .args(arguments)
            .within(self.0.path())
            .env("MLOPS_DATABASE", &self.database())
            .run()
    }

    fn mails(&self) -> Vec<String> {
        names(&self.0.path().join("mails"))
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = folder
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn mails_are_files_whose_names_sort_by_time() {
    let laptop = Laptop::new().await;
    for now in ["10:10", "10:20", "10:30", "10:40"] {
        laptop.run(&format!("2026-03-02 {now}"), &[]).json(0);
    }
    let mails = laptop.mails();
    let without_uid = |name: &String| name.rsplit_once('-').unwrap().0.to_owned();
    let (fired, recovered) = (
        "2026-03-02T10-10-00-alert-email-many-requests-fired".to_owned(),
        "2026-03-02T10-30-00-alert-email-many-requests-recovered".to_owned(),
    );
    let names: Vec<String> = mails.iter().map(without_uid).collect();
    assert_eq!(
        names,
        [fired.clone(), fired, recovered.clone(), recovered],
        "one for each recipient: {mails:?}"
    );
    let mail = std::fs::read_to_string(laptop.0.path().join("mails").join(&mails[0])).unwrap();
    for words in [
        "From: alert-email@localhost",
        "Subject: WARNING: alert-email: many requests: 7 requests in 10m, above 5",
        "Date: Mon, 02 Mar 2026 10:10:00 +0000",
        "text/plain",
        "text/html",
    ] {
        assert!(mail.contains(words), "no `{words}` in {mail}");
    }
}

#[tokio::test]
async fn a_mail_that_was_written_is_found_and_not_written_again() {
    let laptop = Laptop::new().await;
    laptop.run("2026-03-02 10:10", &[]).json(0);
    let mails = laptop.mails();
    let first = laptop.0.path().join("mails").join(&mails[0]);
    // As if the run had ended between writing the mail and saying so.
    let database = Database::connect(&laptop.database().parse().unwrap()).await.unwrap();
    drop(database);
    let pool = sqlx::SqlitePool::connect(&laptop.database()).await.unwrap();
    let back = "UPDATE alert_outbox SET status = 'sending', claimed_by = 'another', claimed_at = '2026-03-02 10:10:00.000000'";
    assert_eq!(sqlx::raw_sql(back).execute(&pool).await.unwrap().rows_affected(), 2);
    std::fs::write(&first, "as it was").unwrap();
    let report = laptop.run("2026-03-02 10:19", &[]).json(0);
    assert_eq!(report["messages"]["sent"], 2, "{report}");
    assert_eq!(
        (laptop.mails(), std::fs::read_to_string(&first).unwrap()),
        (mails, "as it was".to_owned())
    );
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_keeps_the_mail_for_later() {
    let laptop = Laptop::new().await;
    std::fs::write(laptop.0.path().join("mails"), "a file in its place").unwrap();
    let ended = laptop.run("2026-03-02 10:10", &[]);
    assert_eq!(ended.json(75)["messages"]["left"], 2);
    assert!(ended.stderr.contains("--mail-folder mails"), "{}", ended.stderr);
    std::fs::remove_file(laptop.0.path().join("mails")).unwrap();
    assert_eq!(laptop.run("2026-03-02 10:11", &[]).json(0)["messages"]["sent"], 2);
    laptop
        .run("2026-03-02 10:12", &["--smtp-host", "localhost"])
        .check_failed(2, &["--mail-folder", "--smtp-host"]);
}
