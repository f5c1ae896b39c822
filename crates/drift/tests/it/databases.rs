//! A training file in S3 or on disk against the logged requests in both databases.

use mlops_core::ports::ObjectStore;
use mlops_core::record::{LogRecord, RecordKey};
use mlops_core::timestamp::parse_utc;
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
        records.push(LogRecord {
            key: RecordKey::of_default_model(records.len().to_string()),
            logging_timestamp,
            payload,
        });
    };
    for i in 0..200 {
        add(
            1,
            format!(
                r#"{{"input":{{"uid":"u","score":{},"group":"{}","new":1}}}}"#,
                i % 100,
                ["a", "b"][i % 2]
            ),
        );
        add(
            2,
            format!(
                r#"{{"input":{{"score":"{}","group":"{}"}}}}"#,
                i % 100 + 30,
                ["a", "b"][i % 2]
            ),
        );
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
    features
        .iter()
        .map(|f| (f["feature"].as_str().unwrap(), f["verdict"].as_str().unwrap()))
        .collect()
}

fn check_windows(reference: &str, database: &str) -> Vec<String> {
    let mut runs = Vec::new();
    let mut check = |arguments: &[&str], rows: u64, score: &str| {
        let report = drift(reference, database, arguments).run().json(0);
        assert_eq!(report["rows_production"], rows, "{arguments:?}: {report}");
        assert_eq!(report["rows_reference"], REFERENCE_ROWS as u64);
        assert_eq!(
            verdicts(&report),
            [("score", score), ("group", "stable")],
            "{arguments:?}: {report}"
        );
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
    S3::new(&s3().config().await, &bucket, "models/")
        .put("train.csv", reference().into())
        .await
        .unwrap();
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
        let report =
            drift(path.to_str().unwrap(), &url, &[]).env("AWS_BATCH_JOB_ID", "0b1c").run().json(0);
        assert_eq!(report["run_uid"], "0b1c");
    }
    let mut connection = MySqlConnection::connect(&url).await.unwrap();
    let rows: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM data_shift")
        .fetch_one(&mut connection)
        .await
        .unwrap();
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
            let input = format!(
                r#"{{"client_id":{client},"score":{score},"group":"{}"}}"#,
                ["a", "b"][i as usize / 2 % 2]
            );
            let payload = format!(
                r#"{{"input":{input},"output":{{"prediction":{}}}}}"#,
                f64::from(i) / 400.0
            );
            LogRecord {
                key: RecordKey::of_default_model(i.to_string()),
                logging_timestamp: parse_utc("2026-01-01").unwrap(),
                payload,
            }
        })
        .collect();
    insert(&database, &records).await;
    let path = folder.path().join("train.csv");
    let training: String = reference()
        .lines()
        .enumerate()
        .map(|(i, line)| {
            format!(
                "{line},{}\n",
                if i == 0 { "p".into() } else { format!("{}", i as f64 / 800.0) }
            )
        })
        .collect();
    std::fs::write(&path, training).unwrap();
    let path = path.to_str().unwrap();
    let report = drift(path, &url, &["--prediction", "p"]).run().json(0);
    assert_eq!(
        (&report["rows_production"], &report["repeated_production"]),
        (&201.into(), &199.into()),
        "{report}"
    );
    assert_eq!(
        verdicts(&report),
        [("score", "stable"), ("group", "stable"), ("p", "shifted")],
        "{report}"
    );
    let report = drift(path, &url, &["--prediction", "p", "--unit", "none"]).run().json(0);
    assert_eq!(
        (&report["rows_production"], &report["unit"]),
        (&400.into(), &Value::Null),
        "{report}"
    );
    assert_eq!(verdicts(&report)[0], ("score", "shifted"), "{report}");
}

/// The requests of two days as objects: the first day's in one, gzipped; the second's, of which the
/// score has moved, one each.
async fn log_to(store: &impl ObjectStore) {
    let line = |day: usize, i: usize| {
        let score = if day == 2 { i % 100 + 30 } else { i % 100 };
        format!(
            r#"{{"input":{{"uid":"{day}-{i}","score":{score},"group":"{}","plan":"{}"}},"output":{{"logging_timestamp":"2026-01-{day:02} 12:00:00"}}}}"#,
            ["a", "b"][i % 2],
            ["x", "y"][i / 2 % 2],
        )
    };
    let first: String = (0..200).map(|i| line(1, i) + "\n").collect();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, format!("{first}no record\n").as_bytes()).unwrap();
    store.put("dt=2026-01-01/all.ndjson.gz", encoder.finish().unwrap().into()).await.unwrap();
    for i in 0..200 {
        store.put(&format!("dt=2026-01-02/{i}.json"), line(2, i).into()).await.unwrap();
    }
}

fn check_logs(reference: &str, logs: &str) {
    let check = |arguments: &[&str], rows: u64, score: &str| {
        let job = Job::new(env!("CARGO_BIN_EXE_drift")).args([
            "--reference",
            reference,
            "--production",
            logs,
        ]);
        let report = job.args(["--output", "json"]).args(arguments).on(s3()).run().json(0);
        assert_eq!(report["rows_production"], rows, "{arguments:?}: {report}");
        assert_eq!(
            verdicts(&report),
            [("score", score), ("group", "stable")],
            "{arguments:?}: {report}"
        );
        report
    };
    let report = check(&["--chunk", "day"], 400, "shifted");
    let verdicts: Vec<&Value> =
        report["trend"].as_array().unwrap().iter().map(|chunk| &chunk["verdict"]).collect();
    assert_eq!(verdicts, ["stable", "shifted"], "{report}");
    assert_eq!(report["new_columns"], serde_json::json!(["plan"]));
    assert_eq!(report["run_uid"], Value::Null, "nothing is written without a database");
    check(&["--until", "2026-01-02"], 200, "stable");
    check(&["--since", "2026-01-02"], 200, "shifted");
}

#[tokio::test]
async fn logs_are_read_where_they_lie() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("train.csv"), reference()).unwrap();
    log_to(&mlops_objects::Folder::new(path("logs"))).await;
    check_logs(&path("train.csv"), &path("logs"));
    let bucket = s3().bucket().await;
    log_to(&S3::new(&s3().config().await, &bucket, "churn/")).await;
    check_logs(&path("train.csv"), &format!("s3://{bucket}/churn/"));

    let run = |logs: &str| {
        let job = Job::new(env!("CARGO_BIN_EXE_drift")).args([
            "--reference",
            &path("train.csv"),
            "--production",
            logs,
        ]);
        job.args(["--output", "json"]).on(s3()).run()
    };
    let one = run(&format!("s3://{bucket}/churn/dt=2026-01-01/all.ndjson.gz")).json(0);
    assert_eq!(one["rows_production"], 200, "{one}");
    run(&format!("s3://{bucket}/chrn/")).check_failed(2, &["no logs at", "chrn"]);
}

#[tokio::test]
async fn segments_of_logged_requests_are_rows_of_their_own() {
    let url = mysql().database().await;
    let database = Database::connect(&url.parse().unwrap()).await.unwrap();
    database.create_tables().await.unwrap();
    let records: Vec<LogRecord> = (0..400)
        .map(|i| {
            // Of the customers of plan `y` the score has moved.
            let (plan, offset) = if i % 2 == 0 { ("x", 0) } else { ("y", 50) };
            let payload = format!(
                r#"{{"input":{{"score":{},"group":"{}","plan":"{plan}"}}}}"#,
                i / 2 % 100 + offset,
                ["a", "b"][i / 2 % 2]
            );
            LogRecord {
                key: RecordKey::of_default_model(i.to_string()),
                logging_timestamp: parse_utc("2026-01-01").unwrap(),
                payload,
            }
        })
        .collect();
    insert(&database, &records).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("train.csv");
    let with_plan: Vec<String> = reference()
        .lines()
        .enumerate()
        .map(|(i, line)| {
            format!("{line},{}\n", if i == 0 { "plan" } else { ["x", "y"][(i - 1) / 2 % 2] })
        })
        .collect();
    std::fs::write(&path, with_plan.concat()).unwrap();
    drift(path.to_str().unwrap(), &url, &["--by", "plan"]).run().json(0);
    let mut connection = MySqlConnection::connect(&url).await.unwrap();
    let shifted: Vec<String> = sqlx::query_scalar(
        "SELECT CONCAT(segment, '/', feature) FROM data_shift WHERE shift_occurred ORDER BY segment, feature",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    assert_eq!(shifted, ["/score", "y/score"]);
    let rows: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM data_shift")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(rows, 3 + 2 * 2, "three features, and two in each of the segments");
}

/// Two models with the same uids and opposite verdicts.
async fn check_models(database: &Database, url: &str, reference: &str) {
    let database_of = |name: &str| database.of_model(&name.parse().unwrap());
    database.create_tables().await.unwrap();
    for (name, shift) in [("churn", 0), ("ltv", 30)] {
        let record = |i: usize| LogRecord {
            key: RecordKey { model_name: name.parse().unwrap(), uid: i.to_string() },
            logging_timestamp: parse_utc("2026-01-01 12:00:00").unwrap(),
            payload: format!(
                r#"{{"input":{{"score":{},"group":"{}"}}}}"#,
                i % 100 + shift,
                ["a", "b"][i % 2]
            ),
        };
        insert(&database_of(name), &(0..200).map(record).collect::<Vec<_>>()).await;
    }
    let run = |arguments: &[&str]| drift(reference, url, arguments).run();
    for (name, score) in [("churn", "stable"), ("ltv", "shifted"), ("churn", "stable")] {
        let report = run(&["--model", name]).json(0);
        assert_eq!(report["rows_production"], 200, "{report}");
        assert_eq!(verdicts(&report), [("score", score), ("group", "stable")], "{report}");
    }
    run(&[]).check_failed(2, &["--model (MLOPS_MODEL) is missing", "churn, ltv"]);
    run(&["--model", "Churn EU"]).check_failed(2, &["--model", "such as `churn-eu`"]);
    // A model that has no requests yet is not another one.
    assert_eq!(run(&["--model", "new"]).json(0)["rows_production"], 0);
}

#[tokio::test]
async fn models_of_one_database_do_not_see_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("train.csv");
    std::fs::write(&path, reference()).unwrap();
    let file = format!("sqlite://{}/mlops.db", folder.path().display());
    for url in [file, mysql().database().await] {
        let database = Database::connect(&url.parse().unwrap()).await.unwrap();
        check_models(&database, &url, path.to_str().unwrap()).await;
    }
}
