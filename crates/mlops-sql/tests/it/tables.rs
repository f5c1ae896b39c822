//! Tables that are missing, older, or made by others.

use mlops_core::etl::EtlStore;
use mlops_core::ports::StoreErrorKind;
use mlops_core::record::{LogRecord, RecordKey};
use mlops_core::timestamp::parse_utc;
use mlops_sql::Database;
use mlops_testkit::contract::etl_store::insert;
use mlops_testkit::mysql;
use sqlx::{Connection, MySqlConnection};

use crate::contract::in_mysql;

fn record(uid: &str) -> LogRecord {
    LogRecord {
        key: RecordKey::of_default_model(uid.to_owned()),
        logging_timestamp: parse_utc("2026-01-01").unwrap(),
        payload: "{}".to_owned(),
    }
}

#[tokio::test]
async fn a_missing_table_is_an_error_with_the_statement_that_makes_it() {
    let database = Database::connect(&mysql().database().await.parse().unwrap()).await.unwrap();
    let error = database.find(&[&RecordKey::of_default_model("a")]).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::NotFound, "{error}");
    let text = error.to_string();
    assert!(
        text.contains("--create-tables") && text.contains("CREATE TABLE IF NOT EXISTS model_logs"),
        "{text}"
    );
}

#[tokio::test]
async fn the_statement_of_the_message_makes_the_table() {
    let url = mysql().database().await;
    let database = Database::connect(&url.parse().unwrap()).await.unwrap();
    let text = database.find(&[&RecordKey::of_default_model("a")]).await.unwrap_err().to_string();
    let statements = text.split_once("yourself:\n").unwrap().1.to_owned();
    let mut connection = MySqlConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(statements)).execute(&mut connection).await.unwrap();
    assert_eq!(insert(&database, &[record("a")]).await.loaded, 1);
}

#[tokio::test]
async fn creating_the_tables_twice_changes_nothing() {
    let (database, _) = in_mysql().await;
    insert(&database, &[record("a")]).await;
    database.create_tables().await.unwrap();
    assert_eq!(insert(&database, &[record("a")]).await.already_there, 1);
}

#[tokio::test]
async fn an_application_that_inserts_three_columns_works_beside_the_job() {
    let (database, url) = in_mysql().await;
    let mut connection = MySqlConnection::connect(&url).await.unwrap();
    sqlx::query(
        "INSERT INTO model_logs (uid, logging_timestamp, input_output_payloads) VALUES ('a', NOW(), '{\"input\": {}}')",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    let mut same = record("a");
    same.payload = r#"{"input":{}}"#.to_owned();
    let inserted = insert(&database, &[same, record("b")]).await;
    assert_eq!((inserted.loaded, inserted.already_there), (1, 1));
}

#[tokio::test]
async fn a_time_is_kept_to_the_microsecond_in_utc() {
    let (database, url) = in_mysql().await;
    let mut late = record("late");
    late.logging_timestamp = parse_utc("9998-12-31 23:59:59.999999").unwrap();
    let mut early = record("early");
    early.logging_timestamp = parse_utc("1970-01-01 00:00:00.000001").unwrap();
    insert(&database, &[late, early]).await;
    let mut connection = MySqlConnection::connect(&url).await.unwrap();
    let times: Vec<String> = sqlx::query_scalar(
        "SELECT CAST(logging_timestamp AS CHAR) FROM model_logs ORDER BY logging_timestamp",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    assert_eq!(times, ["1970-01-01 00:00:00.000001", "9998-12-31 23:59:59.999999"]);
}

#[tokio::test]
async fn the_embedded_file_is_made_with_its_folder_and_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/a/b/mlops.db", folder.path().display()).parse().unwrap();
    insert(&Database::connect(&url).await.unwrap(), &[record("a")]).await;
    let again = Database::connect(&url).await.unwrap();
    assert_eq!(insert(&again, &[record("a")]).await.already_there, 1);
}
