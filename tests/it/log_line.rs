//! One log line's whole way: customers, their requests as logs, the database, the verdict.

use std::path::Path;

use mlops_testkit::{Job, mysql, s3};
use serde_json::Value;
use sqlx::{Connection, MySqlConnection};

use crate::programs::job;

/// The places that a run uses.
struct Way {
    train: String,
    logs: String,
    database: String,
}

const REQUESTS: u64 = 1500;

fn run(name: &str, arguments: &[&str], database: &str) -> Value {
    let job: Job = job(name).args(arguments).on(s3());
    job.env("MLOPS_OUTPUT", "json")
        .env("MLOPS_DATABASE", database)
        .env("MLOPS_CREATE_TABLES", "1")
        .run()
        .json(0)
}

/// Writes training data, replays requests with these dials, loads them, and returns the drift
/// report.
fn walk(way: &Way, dials: &[&str]) -> Value {
    run("simulate", &["customers", "--rows", "6000", "--to", &way.train], "");
    let requests = REQUESTS.to_string();
    let traffic = [
        "traffic",
        "--rows",
        &requests,
        "--to",
        &way.logs,
        "--late",
        "2%",
        "--duplicates",
        "2%",
        "--bad",
        "2%",
    ];
    let written = run("simulate", &[traffic.as_slice(), dials].concat(), "");
    assert_eq!(written["rows"], REQUESTS);

    let loaded = run("etl-mysql", &["--logs", &way.logs], &way.database);
    let count = |report: &Value, field: &str| report[field].as_u64().unwrap();
    assert_eq!(
        count(&loaded, "loaded"),
        REQUESTS - count(&written, "bad"),
        "{loaded} of {written}"
    );
    assert_eq!(
        count(&loaded, "already_there"),
        count(&written, "duplicates"),
        "{loaded} of {written}"
    );
    assert_eq!(count(&loaded, "bad"), count(&written, "bad"), "{loaded} of {written}");
    assert_eq!(count(&loaded, "bytes"), count(&written, "bytes"), "{loaded} of {written}");

    let arguments = ["--reference", &way.train, "--id", "client_id", "--target", "churn"];
    let report = run("drift", &arguments, &way.database);
    assert_eq!(count(&report, "rows_production"), count(&loaded, "loaded"));
    assert_eq!(report["features"].as_array().unwrap().len(), 27);
    report
}

fn shifted(report: &Value) -> Vec<&str> {
    let features = report["features"].as_array().unwrap().iter();
    features
        .filter(|feature| feature["verdict"] == "shifted")
        .map(|f| f["feature"].as_str().unwrap())
        .collect()
}

fn local(folder: &Path, name: &str) -> Way {
    let path = |file: &str| format!("{}/{name}-{file}", folder.display());
    Way {
        train: path("train.csv"),
        logs: path("logs"),
        database: format!("sqlite://{}", path("mlops.db")),
    }
}

const DIALS: [&str; 4] =
    ["--drift", "profile_score:+0.4sd", "--drift", "device_type:level_1→level_4@40%"];

#[test]
fn a_folder_and_sqlite_find_what_was_dialled_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let still = walk(&local(folder.path(), "still"), &[]);
    assert_eq!(still["verdict"], "stable", "{still}");
    let moved = walk(&local(folder.path(), "moved"), &DIALS);
    assert_eq!(shifted(&moved), ["profile_score", "device_type"], "{moved}");
}

#[tokio::test]
async fn s3_and_mysql_find_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let in_files =
        walk(&local(folder.path(), "moved"), &[DIALS.as_slice(), &["--per-object", "25"]].concat());

    let bucket = s3().bucket().await;
    let way = Way {
        train: format!("s3://{bucket}/data/train.csv"),
        logs: format!("s3://{bucket}/logs"),
        database: mysql().database().await,
    };
    let in_cloud =
        walk(&way, &[DIALS.as_slice(), &["--per-object", "25", "--compress", "gz"]].concat());
    assert_eq!(in_cloud["features"], in_files["features"]);

    let mut connection = MySqlConnection::connect(&way.database).await.unwrap();
    let kept: Vec<String> = sqlx::query_scalar(
        "SELECT feature FROM data_shift WHERE shift_occurred AND run_uid = ? ORDER BY feature",
    )
    .bind(in_cloud["run_uid"].as_str().unwrap())
    .fetch_all(&mut connection)
    .await
    .unwrap();
    assert_eq!(kept, ["device_type", "profile_score"]);
}
