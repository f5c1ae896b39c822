//! Addresses, and what errors show of them.

use mlops_core::ports::StoreErrorKind;
use mlops_sql::Database;
use sqlx::{AssertSqlSafe, Connection, MySqlConnection};

async fn failure(url: &str) -> (StoreErrorKind, String) {
    let error = Database::connect(&url.parse().unwrap()).await.unwrap_err();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(source) = cause {
        text.push_str(&format!(": {source}"));
        cause = source.source();
    }
    (error.kind, text)
}

#[tokio::test]
async fn what_is_no_address_is_refused_without_repeating_it() {
    for url in [
        "postgres://etl:s3cret@db/mlops",
        "s3cret",
        "mysql:/etl:s3cret@",
        "mysql://etl:s3cret@db:port/mlops",
    ] {
        let (kind, text) = failure(url).await;
        assert_eq!(kind, StoreErrorKind::Configuration, "{text}");
        assert!(!text.contains("s3cret"), "{text}");
        assert!(text.contains("mysql://USER:PASSWORD@HOST"), "{text}");
    }
}

#[tokio::test]
async fn a_wrong_password_is_denied_and_not_shown() {
    let url = mlops_testkit::mysql().database().await.replace("test:test@", "test:s3cret@");
    let (kind, text) = failure(&url).await;
    assert_eq!(kind, StoreErrorKind::Denied, "{text}");
    assert!(!text.contains("s3cret"), "{text}");
}

#[tokio::test]
async fn a_database_that_is_not_there_is_named() {
    let url = mlops_testkit::mysql().database().await + "_gone";
    let (kind, text) = failure(&url).await;
    assert_eq!(kind, StoreErrorKind::NotFound, "{text}");
    assert!(text.contains("_gone") && text.contains("create the database"), "{text}");
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_a_temporary_failure() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (kind, text) = failure(&format!("mysql://etl:s3cret@127.0.0.1:{port}/mlops")).await;
    assert_eq!(kind, StoreErrorKind::Temporary, "{text}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(
        &path,
        "these are notes, and quite a few of them, not a database at all".repeat(20),
    )
    .unwrap();
    let (kind, text) = failure(&format!("sqlite://{}", path.display())).await;
    assert_eq!(kind, StoreErrorKind::Configuration, "{text}");
    assert!(text.contains("notes.txt"), "{text}");
}

#[tokio::test]
async fn tls_can_be_required() {
    let url = mlops_testkit::mysql().database().await + "?ssl-mode=REQUIRED";
    Database::connect(&url.parse().unwrap()).await.unwrap().create_tables().await.unwrap();
}

/// Makes a user by the statements, in which `USER` stands for the name, and connects as that user.
async fn failure_of_user(name: &str, statements: &[&str]) -> (StoreErrorKind, String) {
    let url = mlops_testkit::mysql().database().await;
    let mut admin = MySqlConnection::connect(&url).await.unwrap();
    let name = format!("{name}_{}", std::process::id());
    for statement in statements {
        let statement = AssertSqlSafe(statement.replace("USER", &format!("'{name}'@'%'")));
        sqlx::raw_sql(statement).execute(&mut admin).await.unwrap();
    }
    let url = url.replace("test:test@", &format!("{name}:s3cret@"));
    // A limit is reached by the second connection.
    drop(Database::connect(&url.parse().unwrap()).await);
    let failed = failure(&url).await;
    let drop = AssertSqlSafe(format!("DROP USER IF EXISTS '{name}'@'%'"));
    sqlx::raw_sql(drop).execute(&mut admin).await.unwrap();
    failed
}

#[tokio::test]
async fn users_who_may_not_connect_are_told_why() {
    const MADE: &str = "create user USER identified by 's3cret'";
    const ALL: &str = "grant all on *.* to USER";
    for (name, statements, word) in [
        ("unknown", &[][..], "check the user"),
        ("locked", &[MADE, ALL, "alter user USER account lock"], "the user is locked"),
        ("expired", &[MADE, ALL, "alter user USER password expire"], "password has expired"),
    ] {
        let (kind, text) = failure_of_user(name, statements).await;
        assert_eq!(kind, StoreErrorKind::Denied, "{name}: {text}");
        assert!(text.contains(word) && !text.contains("s3cret"), "{name}: {text}");
    }
    let limited = [MADE, ALL, "alter user USER with max_connections_per_hour 1"];
    let (kind, text) = failure_of_user("limited", &limited).await;
    assert_eq!(kind, StoreErrorKind::Temporary, "{text}");
}
