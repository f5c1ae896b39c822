//! Values that a column should not have: an error names the table, the column and what was found.

use futures_util::TryStreamExt;
use mlops_core::ports::{OutcomeStore, StoreError, StoreErrorKind};
use mlops_sql::Database;
use mlops_sql::reader::Reader;
use mlops_testkit::mysql;
use sqlx::{AssertSqlSafe, Connection, MySqlConnection, SqliteConnection};

use crate::contract::in_mysql;

/// Carries statements out past the crate.
pub(crate) async fn carry_out(url: &str, statements: &str) {
    let statements = sqlx::raw_sql(AssertSqlSafe(statements.to_owned()));
    if url.starts_with("mysql:") {
        let mut connection = MySqlConnection::connect(url).await.unwrap();
        statements.execute(&mut connection).await.unwrap();
    } else {
        let mut connection = SqliteConnection::connect(url).await.unwrap();
        statements.execute(&mut connection).await.unwrap();
    }
}

/// A SQLite file with all tables.
pub(crate) async fn sqlite_url() -> (String, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/mlops.db", folder.path().display());
    Database::connect(&url.parse().unwrap()).await.unwrap();
    (url, folder)
}

async fn database(url: &str) -> Database {
    Database::connect(&url.parse().unwrap()).await.unwrap()
}

fn check_names(error: &StoreError, parts: &[&str]) {
    assert_eq!(error.kind, StoreErrorKind::Invalid, "{error}");
    let text = error.to_string();
    assert!(parts.iter().all(|part| text.contains(part)), "{parts:?} in: {text}");
}

/// `client_ltv` as another program made it, with one row.
async fn lifetime_value(url: &str, ltv: &str) -> StoreError {
    let statements = format!(
        "DROP TABLE IF EXISTS client_ltv; CREATE TABLE client_ltv (client_id VARCHAR(20), ltv VARCHAR(20)); \
         INSERT INTO client_ltv VALUES ('7', {ltv})"
    );
    carry_out(url, &statements).await;
    database(url).await.lifetime_values().try_collect::<Vec<_>>().await.unwrap_err()
}

async fn check_wrong_types(url: &str) {
    let error = lifetime_value(url, "NULL").await;
    check_names(&error, &["client_ltv.ltv", "expected a number", "found NULL"]);
    let error = lifetime_value(url, "'much'").await;
    check_names(&error, &["client_ltv.ltv", "expected a number", "found text"]);
    let statements = "DROP TABLE IF EXISTS client_outcomes; \
         CREATE TABLE client_outcomes (client_id VARCHAR(20), outcome_timestamp VARCHAR(20), outcome VARCHAR(20)); \
         INSERT INTO client_outcomes VALUES ('7', 'yesterday', 'yes')";
    carry_out(url, statements).await;
    let read = database(url).await.outcomes().try_collect::<Vec<_>>().await;
    let parts = ["client_outcomes.outcome_timestamp", "expected a point in time", "found text"];
    check_names(&read.unwrap_err(), &parts);
}

#[tokio::test]
async fn null_and_a_wrong_type_are_named_in_sqlite() {
    let (url, _folder) = sqlite_url().await;
    check_wrong_types(&url).await;
}

#[tokio::test]
async fn null_and_a_wrong_type_are_named_in_mysql() {
    check_wrong_types(&mysql().database().await).await;
}

async fn check_unknown_values(url: &str) {
    let statements = "INSERT INTO alert_state (rule, alert_group, state, severity, since, recent, why, evaluated_at, version) \
         VALUES ('r', '', 'asleep', 'warning', '2026-01-01 00:00:00', '', '', '2026-01-01 00:00:00', 1); \
         INSERT INTO data_shift (run_uid, feature, run_timestamp, kind, test, cutoff, effect_name, missing_reference, \
         missing_production, n_reference, n_production, verdict, why, shift_occurred) \
         VALUES ('a', 'f', '2026-01-01 00:00:00', 'numeric', 'psi', 0.1, 'psi', 0.0, 0.0, 1, 1, 'moved', '', 0)";
    carry_out(url, statements).await;
    let reader = Reader::connect(&url.parse().unwrap()).await.unwrap();
    let error = reader.alerts().await.unwrap_err();
    check_names(&error, &["alert_state.state", "`asleep`", "known are unknown, ok, pending"]);
    let error = reader.shift_findings("a", "").await.unwrap_err();
    check_names(&error, &["data_shift.verdict", "`moved`", "stable, shifted, inconclusive"]);
}

#[tokio::test]
async fn a_word_that_is_no_known_value_is_named_in_sqlite() {
    let (url, _folder) = sqlite_url().await;
    check_unknown_values(&url).await;
}

#[tokio::test]
async fn a_word_that_is_no_known_value_is_named_in_mysql() {
    let (_, url) = in_mysql().await;
    check_unknown_values(&url).await;
}
