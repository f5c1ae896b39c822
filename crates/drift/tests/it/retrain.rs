//! What becomes of the model: requests to an AWS Batch that is emulated, over both databases.

use mlops_core::record::{LogRecord, RecordKey};
use mlops_core::timestamp::parse_utc;
use mlops_sql::Database;
use mlops_testkit::contract::etl_store::insert;
use mlops_testkit::{Job, batch, mysql};
use serde_json::Value;
use sqlx::{Connection, MySqlConnection, SqliteConnection};

/// A score that has moved in production, or is in another unit there, and a group that is as it
/// was.
struct World {
    folder: tempfile::TempDir,
    url: String,
}

impl World {
    async fn new(url: Option<String>, scale: f64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = url.unwrap_or_else(|| format!("sqlite://{}/mlops.db", folder.path().display()));
        let database = Database::connect(&url.parse().unwrap()).await.unwrap();
        database.create_tables().await.unwrap();
        let rows = (0..400).map(|i| format!("{},{}\n", i % 100 + 50, ["a", "b"][i % 2]));
        std::fs::write(
            folder.path().join("train.csv"),
            format!("score,group\n{}", rows.collect::<String>()),
        )
        .unwrap();
        let records: Vec<LogRecord> = (0..300)
            .map(|i| {
                let offset = if scale == 1.0 { 80 } else { 50 };
                let (score, group) =
                    (f64::from(i % 100 + offset) * scale, ["a", "b"][i as usize % 2]);
                let payload = format!(r#"{{"input":{{"score":{score},"group":"{group}"}}}}"#);
                LogRecord {
                    key: RecordKey::of_default_model(i.to_string()),
                    logging_timestamp: parse_utc("2026-01-01").unwrap(),
                    payload,
                }
            })
            .collect();
        insert(&database, &records).await;
        Self { folder, url }
    }

    fn drift(&self, arguments: &[&str]) -> Job {
        Job::new(env!("CARGO_BIN_EXE_drift"))
            .args(["--reference", "train.csv", "--output", "json"])
            .args(arguments)
            .env("MLOPS_DATABASE", &self.url)
            .env("PATH", "/usr/bin:/bin")
            .within(self.folder.path())
            .on(batch())
    }

    fn check(&self, arguments: &[&str], action: &str, why: &str) -> Value {
        let report = self.drift(arguments).run().json(0);
        let retrain = &report["retrain"];
        assert_eq!(retrain["action"], action, "{arguments:?}: {report}");
        assert!(retrain["why"].as_str().unwrap().contains(why), "{arguments:?}: {retrain}");
        retrain.clone()
    }
}

fn on_batch<'a>(queue: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let arguments =
        ["--retrain-when", "any", "--retrain-queue", queue, "--retrain-definition", "retrain"];
    [&arguments[..], more].concat()
}

#[tokio::test]
async fn a_shift_submits_the_retrain_job_once() {
    let world = World::new(Some(mysql().database().await), 1.0).await;
    let (queue, other) = (batch().queue().await, batch().queue().await);
    world.check(&on_batch(&queue, &["--dry-run"]), "would_submit", "shifted: score");
    assert_eq!(batch().jobs(&queue).await.len(), 0);

    let submitted = world.check(&on_batch(&queue, &[]), "submitted", "shifted: score");
    let jobs = batch().jobs(&queue).await;
    assert_eq!(jobs.len(), 1);
    assert_eq!(jobs[0].job_id(), submitted["batch_job_id"].as_str());
    let mut connection = MySqlConnection::connect(&world.url).await.unwrap();
    let kept: (String, String, String, String, String) = sqlx::query_as(
        "SELECT request_uid, job, reason, status, batch_job_id FROM retrain_request",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!(
        (kept.1.as_str(), kept.2.as_str(), kept.3.as_str()),
        ("drift", "shifted: score", "submitted")
    );
    assert_eq!(Some(kept.4.as_str()), jobs[0].job_id());
    let environment = jobs[0].container().unwrap().environment();
    let variable = |name: &str| {
        environment.iter().find(|pair| pair.name() == Some(name)).and_then(|pair| pair.value())
    };
    assert_eq!(variable("MLOPS_RETRAIN_REQUEST"), Some(kept.0.as_str()));
    assert_eq!(variable("MLOPS_RETRAIN_REASON"), Some("shifted: score"));

    // The cooldown holds in any queue; without it, the job that waits does in its own.
    world.check(&on_batch(&other, &[]), "suppressed", "drift requested a retrain at");
    world.check(
        &on_batch(&queue, &["--retrain-cooldown", "0"]),
        "suppressed",
        "a retrain job is running: retrain-drift-",
    );
    world.check(&on_batch(&other, &["--retrain-cooldown", "0"]), "submitted", "shifted: score");
    assert_eq!((batch().jobs(&queue).await.len(), batch().jobs(&other).await.len()), (1, 1));
}

#[tokio::test]
async fn a_person_who_asked_is_not_asked_over() {
    let world = World::new(None, 1.0).await;
    let queue = batch().queue().await;
    let mut connection = SqliteConnection::connect(&world.url).await.unwrap();
    sqlx::query("INSERT INTO retrain_request (request_uid, reason) VALUES ('mine', 'new prices')")
        .execute(&mut connection)
        .await
        .unwrap();
    world.check(&on_batch(&queue, &[]), "suppressed", "a person requested a retrain at");
    world.check(
        &on_batch(&queue, &["--dry-run"]),
        "suppressed",
        "(pending), within the cooldown of 168 hours",
    );
    assert_eq!(batch().jobs(&queue).await.len(), 0);
}

#[tokio::test]
async fn broken_data_retrain_nothing() {
    let world = World::new(None, 1000.0).await;
    let queue = batch().queue().await;
    world.check(&on_batch(&queue, &[]), "kept", "the data have errors: score; correct them first");
    assert_eq!(batch().jobs(&queue).await.len(), 0);
}

#[tokio::test]
async fn a_rule_says_how_much_has_to_move() {
    let world = World::new(None, 1.0).await;
    let queue = batch().queue().await;
    let importances = |score: f64| {
        std::fs::write(
            world.folder.path().join("importances.json"),
            format!(r#"{{"score":{score},"group":1}}"#),
        )
        .unwrap();
    };
    let check = |rule: &str, action: &str, why: &str| {
        let mut arguments = on_batch(&queue, &["--dry-run", "--importances", "importances.json"]);
        arguments[1] = rule;
        world.check(&arguments, action, why);
    };
    importances(0.1);
    check("share:0.5", "would_submit", "50.0% of the features shifted: score");
    check("share:0.51", "kept", "(threshold 51.0%)");
    check("important", "kept", "9.1% of the importances shifted: score (threshold 20.0%)");
    check("important:0.09", "would_submit", "9.1% of the importances shifted");
    importances(1.0);
    check("important", "would_submit", "50.0% of the importances shifted");
}

#[tokio::test]
async fn without_batch_a_command_is_run() {
    let world = World::new(None, 1.0).await;
    let command = |command: &'static str| ["--retrain-when", "any", "--retrain-command", command];
    let failed = world.drift(&command("echo no memory >&2; exit 3")).run();
    failed.check_failed(1, &["--retrain-command", "exit status: 3"]);
    assert!(failed.stderr.contains("no memory"), "{}", failed.stderr);
    // A request that failed holds up nobody.
    let ended = world.check(
        &command("echo to stdout; echo \"$MLOPS_RETRAIN_REASON\" > asked"),
        "submitted",
        "shifted",
    );
    assert_eq!(ended["batch_job_id"], Value::Null);
    assert_eq!(
        std::fs::read_to_string(world.folder.path().join("asked")).unwrap(),
        "shifted: score\n"
    );
    world.check(&command("touch twice"), "suppressed", "drift requested");
    assert!(!world.folder.path().join("twice").exists());
}

#[tokio::test]
async fn what_cannot_be_submitted_says_why() {
    let world = World::new(None, 1.0).await;
    let queue = batch().queue().await;
    let check =
        |arguments: &[&str], words: &[&str]| world.drift(arguments).run().check_failed(2, words);
    check(&on_batch("nowhere", &[]), &["listing the jobs of nowhere", "--retrain-queue"]);
    let mut unknown = on_batch(&queue, &[]);
    unknown[5] = "retrian";
    check(&unknown, &["submitting retrian", "does not exist", "--retrain-definition"]);
    check(
        &["--retrain-when", "any"],
        &["--retrain-queue and --retrain-definition, or --retrain-command"],
    );
    check(&["--retrain-when", "some"], &["any, share:0.3, important"]);
    check(&["--retrain-when", "important", "--retrain-command", "true"], &["needs --importances"]);
    check(
        &["--retrain-when", "any", "--retrain-command", "true", "--production", "x.csv"],
        &["needs the database"],
    );
    // Nothing of all that stands in the way of the next.
    world.check(&on_batch(&queue, &[]), "submitted", "shifted: score");
}

#[tokio::test]
async fn the_significance_is_spent_over_a_year() {
    let world = World::new(None, 1.0).await;
    let report = world
        .drift(&["--retrain-when", "any", "--retrain-command", "true", "--dry-run"])
        .run()
        .json(0);
    assert_eq!(
        (&report["looks"], report["significance"].as_f64()),
        (&365.into(), Some(0.05 / 730.0)),
        "{report}"
    );
    let report = world.drift(&[]).run().json(0);
    assert_eq!((&report["looks"], &report["retrain"]), (&1.into(), &Value::Null), "{report}");
    let report = world.drift(&["--looks", "52"]).run().json(0);
    assert_eq!(report["significance"].as_f64(), Some(0.05 / 104.0), "{report}");
    world.drift(&["--looks", "0"]).run().check_failed(2, &["number of looks must be at least 1"]);
}
