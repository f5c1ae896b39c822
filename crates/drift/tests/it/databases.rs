//! A training file in S3 or on disk against the logged requests in both databases.

use mlops_core::ports::ObjectStore;
use mlops_core::record::{LogRecord, parse_utc};
use mlops_objects::S3;
use mlops_sql::Database;
use mlops_testkit::contract::etl_store::insert;
use mlops_testkit::{Job, mysql, s3};
use serde_json::Value;
use sqlx::{Connection, MySqlConnection, SqliteConnection};

const REFERENCE_ROWS: usize = 400;

/// The runs that `data_shift` holds.
const RUNS: &str = "SELECT run_uid FROM data_shift WHERE feature = 'score' ORDER BY run_timestamp";

/// What is the matter, in the same order.
const STATES: &str = "SELECT state FROM data_shift WHERE feature = 'score' ORDER BY run_timestamp";

fn reference() -> String {
    let rows = (0..REFERENCE_ROWS).map(|i| format!("{},{}\n", i % 100, ["a", "b"][i % 2]));
    format!("score,group\n{}", rows.collect::<String>())
}

/// A day without drift, a day on which the score has moved, and records that are of no use.
async fn log(database: &Database) {
    let mut records = Vec::new();
    let mut add = |day: usize, payload: String| {
        let logging_timestamp = parse_utc(&format!("2026-01-{day:02} 12:00:00")).unwrap();
        records.push(LogRecord { uid: records.len().to_string(), logging_timestamp, payload });
    };
    for i in 0..200 {
        add(1, format!(r#"{{"input":{{"uid":"u","score":{},"group":"{}","new":1}}}}"#, i % 100, ["a", "b"][i % 2]));
        add(2, format!(r#"{{"input":{{"score":"{}","group":"{}"}}}}"#, i % 100 + 30, ["a", "b"][i % 2]));
    }
    add(1, r#"{"output":{"prediction":0.5}}"#.to_owned());
    add(1, r#"[1]"#.to_owned());
    database.create_tables().await.unwrap();
    insert(database, &records).await;
}

fn drift(reference: &str, database: &str, arguments: &[&str]) -> Job {
    Job::new(env!("CARGO_BIN_EXE_drift"))
        .args(["--reference", reference, "--output", "json"])
        .args(arguments)
        .env("MLOPS_DATABASE", database)
        .on(s3())
}

fn verdicts(report: &Value) -> Vec<(&str, &str)> {
    let features = report["features"].as_array().unwrap();
    features.iter().map(|f| (f["feature"].as_str().unwrap(), f["verdict"].as_str().unwrap())).collect()
}

fn check_windows(reference: &str, database: &str) -> Vec<String> {
    let mut runs = Vec::new();
    let mut check = |arguments: &[&str], rows: u64, score: &str| {
        let report = drift(reference, database, arguments).run().json(0);
        assert_eq!(report["rows_production"], rows, "{arguments:?}: {report}");
        assert_eq!(report["rows_reference"], REFERENCE_ROWS as u64);
        assert_eq!(verdicts(&report), [("score", score), ("group", "stable")], "{arguments:?}: {report}");
        runs.push(report["run_uid"].as_str().unwrap().to_owned());
        report
    };
    let first_day = check(&["--until", "2026-01-02"], 200, "stable");
    assert_eq!(first_day["without_input"], 2, "{first_day}");
    assert_eq!(first_day["new_columns"], serde_json::json!(["new"]), "{first_day}");
    check(&["--since", "2026-01-02"], 200, "shifted");
    check(&["--window", "24h", "--until", "2026-01-03"], 200, "shifted");
    check(&[], 400, "shifted");
    runs
}

#[tokio::test]
async fn windows_of_a_sqlite_file() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/mlops.db", folder.path().display());
    log(&Database::connect(&url.parse().unwrap()).await.unwrap()).await;
    let path = folder.path().join("train.csv");
    std::fs::write(&path, reference()).unwrap();
    let runs = check_windows(path.to_str().unwrap(), &url);

    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    let kept: Vec<String> = sqlx::query_scalar(RUNS).fetch_all(&mut connection).await.unwrap();
    assert_eq!(kept, runs);
}

#[tokio::test]
async fn windows_of_a_mysql_table_with_the_reference_in_s3() {
    let (url, bucket) = (mysql().database().await, s3().bucket().await);
    log(&Database::connect(&url.parse().unwrap()).await.unwrap()).await;
    S3::new(&s3().config().await, &bucket, "models/").put("train.csv", reference().into()).await.unwrap();
    let runs = check_windows(&format!("s3://{bucket}/models/train.csv"), &url);

    let mut connection = MySqlConnection::connect(&url).await.unwrap();
    let kept: Vec<String> = sqlx::query_scalar(RUNS).fetch_all(&mut connection).await.unwrap();
    assert_eq!(kept, runs);
    let states: Vec<String> = sqlx::query_scalar(STATES).fetch_all(&mut connection).await.unwrap();
    assert_eq!(states, ["ok", "value_shift", "value_shift", "value_shift"]);
}

#[tokio::test]
async fn a_second_attempt_of_a_batch_job_replaces_the_first() {
    let url = mysql().database().await;
    log(&Database::connect(&url.parse().unwrap()).await.unwrap()).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("train.csv");
    std::fs::write(&path, reference()).unwrap();
    for _attempt in 0..2 {
        let report = drift(path.to_str().unwrap(), &url, &[]).env("AWS_BATCH_JOB_ID", "0b1c").run().json(0);
        assert_eq!(report["run_uid"], "0b1c");
    }
    let mut connection = MySqlConnection::connect(&url).await.unwrap();
    let rows: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM data_shift").fetch_one(&mut connection).await.unwrap();
    assert_eq!(rows, 2, "one a feature");
}

#[tokio::test]
async fn an_empty_window_is_inconclusive() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/mlops.db", folder.path().display());
    log(&Database::connect(&url.parse().unwrap()).await.unwrap()).await;
    let path = folder.path().join("train.csv");
    std::fs::write(&path, reference()).unwrap();
    let report = drift(path.to_str().unwrap(), &url, &["--since", "2027-01-01"]).run().json(0);
    assert_eq!(report["verdict"], "inconclusive", "{report}");
    assert!(verdicts(&report).iter().all(|(_, verdict)| *verdict == "inconclusive"), "{report}");
}

#[tokio::test]
async fn of_each_customer_one_request_counts() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/mlops.db", folder.path().display());
    let database = Database::connect(&url.parse().unwrap()).await.unwrap();
    // One restless customer, and a prediction that has moved.
    let records: Vec<LogRecord> = (0..400)
        .map(|i| {
            let (client, score) = if i % 2 == 0 { (i, i % 100) } else { (-1, 99) };
            let input =
                format!(r#"{{"client_id":{client},"score":{score},"group":"{}"}}"#, ["a", "b"][i as usize / 2 % 2]);
            let payload = format!(r#"{{"input":{input},"output":{{"prediction":{}}}}}"#, f64::from(i) / 400.0);
            LogRecord { uid: i.to_string(), logging_timestamp: parse_utc("2026-01-01").unwrap(), payload }
        })
        .collect();
    insert(&database, &records).await;
    let path = folder.path().join("train.csv");
    let training: String = reference()
        .lines()
        .enumerate()
        .map(|(i, line)| format!("{line},{}\n", if i == 0 { "p".into() } else { format!("{}", i as f64 / 800.0) }))
        .collect();
    std::fs::write(&path, training).unwrap();
    let path = path.to_str().unwrap();
    let report = drift(path, &url, &["--prediction", "p"]).run().json(0);
    assert_eq!((&report["rows_production"], &report["repeated_production"]), (&201.into(), &199.into()), "{report}");
    assert_eq!(verdicts(&report), [("score", "stable"), ("group", "stable"), ("p", "shifted")], "{report}");
    let report = drift(path, &url, &["--prediction", "p", "--unit", "none"]).run().json(0);
    assert_eq!((&report["rows_production"], &report["unit"]), (&400.into(), &Value::Null), "{report}");
    assert_eq!(verdicts(&report)[0], ("score", "shifted"), "{report}");
}
