//! Messages of a wrong query and of a missing table have at most ten lines.

use std::error::Error;

use mlops_core::ports::{StoreError, StoreErrorKind};
use mlops_core::table::Rules;
use mlops_core::timestamp::parse_utc;
use mlops_detect::store::{ImpactRows, PerformanceRun, VerdictStore};
use mlops_sql::Database;
use mlops_sql::reader::Reader;
use mlops_testkit::mysql;

use crate::columns::{carry_out, sqlite_url};
use crate::contract::in_mysql;

/// Checks an error with its causes, as a job prints it.
fn check(error: &StoreError, parts: &[&str]) {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        text.push_str(&format!(": {source}"));
        cause = source.source();
    }
    assert!(text.lines().count() <= 10, "{} lines: {text}", text.lines().count());
    assert!(parts.iter().all(|part| text.contains(part)), "{parts:?} in: {text}");
}

async fn check_queries(database: &Database, url: &str) {
    let long = format!("SELECT\n{} FROM nowhere", "1,\n".repeat(2000) + "1");
    for (query, kind, parts) in [
        ("SELECT age\nFROM nowhere", StoreErrorKind::NotFound, ["nowhere", "Check its name"]),
        ("SELECT age FROM model_logs", StoreErrorKind::NotFound, ["age", "Check its name"]),
        (long.as_str(), StoreErrorKind::NotFound, ["SELECT 1, 1,", "nowhere"]),
        ("SELEC 1", StoreErrorKind::Other, ["running the query", "SELEC 1"]),
    ] {
        let error = database.query(query, &Rules::default()).await.unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        check(&error, &parts);
        assert!(!error.to_string().contains("CREATE TABLE"), "{error}");
    }
    carry_out(url, "DROP TABLE model_logs").await;
    let error = database.query("SELECT uid FROM model_logs", &Rules::default()).await.unwrap_err();
    check(&error, &["the table model_logs is missing"]);
}

#[tokio::test]
async fn a_wrong_query_is_told_in_a_few_lines_in_sqlite() {
    let (url, _folder) = sqlite_url().await;
    check_queries(&Database::connect(&url.parse().unwrap()).await.unwrap(), &url).await;
}

#[tokio::test]
async fn a_wrong_query_is_told_in_a_few_lines_in_mysql() {
    let (database, url) = in_mysql().await;
    check_queries(&database, &url).await;
}

#[tokio::test]
async fn a_missing_table_is_told_with_its_own_statements_in_mysql() {
    let database = Database::connect(&mysql().database().await.parse().unwrap()).await.unwrap();
    let error = write_nothing(&database).await;
    let parts = [
        "the table performance is missing",
        "--create-tables",
        "CREATE TABLE IF NOT EXISTS performance (",
        "performance_by_period",
    ];
    check(&error, &parts);
    assert!(!error.to_string().contains("model_logs"), "{error}");
}

#[tokio::test]
async fn a_missing_table_is_told_with_its_remedy_in_sqlite() {
    let (url, _folder) = sqlite_url().await;
    let database = Database::connect(&url.parse().unwrap()).await.unwrap();
    carry_out(&url, "DROP TABLE performance").await;
    check(&write_nothing(&database).await, &["the table performance is missing", "run etl-mysql"]);
}

/// A run of `performance` that found nothing still deletes what it wrote before.
async fn write_nothing(database: &Database) -> StoreError {
    let impact =
        ImpactRows { periods: &[], verdict: &mlops_core::verdict::Verdict::Stable, says: "" };
    let run = PerformanceRun {
        run_uid: "a",
        run_timestamp: parse_utc("2026-01-01").unwrap(),
        model_uid: None,
        periods: &[],
        impact,
    };
    let error = database.write_performance(run).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::NotFound, "{error}");
    error
}

#[tokio::test]
async fn a_column_of_a_newer_release_is_told_with_the_statement_that_adds_it() {
    let (_, url) = in_mysql().await;
    carry_out(&url, "ALTER TABLE data_shift DROP COLUMN picture").await;
    let reader = Reader::connect(&url.parse().unwrap()).await.unwrap();
    let error = reader.shift_findings("a", "").await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::NotFound, "{error}");
    check(&error, &["data_shift", "ADD COLUMN picture JSON NULL", "--create-tables"]);
    assert!(!error.to_string().contains("CREATE TABLE"), "{error}");
}
