//! A place with logs, a database, and the job between them.

use std::collections::BTreeMap;

use mlops_core::ports::ObjectStore;
use mlops_objects::{Folder, Objects, S3};
use mlops_testkit::{Job, mysql, s3};
use sqlx::{Connection, MySqlConnection, SqliteConnection};
use tempfile::TempDir;

pub(crate) struct World {
    pub(crate) logs: Objects,
    pub(crate) dead_letters: Objects,
    pub(crate) location: String,
    pub(crate) database: String,
    pub(crate) folder: TempDir,
}

pub(crate) fn line(uid: impl std::fmt::Display) -> String {
    format!(
        r#"{{"input":{{"uid":"{uid}"}},"output":{{"logging_timestamp":"2026-01-01 00:00:00"}}}}"#
    )
}

impl World {
    /// A folder, and SQLite.
    pub(crate) fn local() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("logs");
        Self {
            logs: Objects::Folder(Folder::new(&root)),
            dead_letters: Objects::Folder(Folder::new(folder.path().join("logs-dead-letters"))),
            location: root.to_str().unwrap().to_owned(),
            database: format!("sqlite://{}/mlops.db", folder.path().display()),
            folder,
        }
    }

    /// S3, and MySQL.
    pub(crate) async fn cloud() -> Self {
        let (server, bucket) = (s3(), s3().bucket().await);
        let config = server.config().await;
        Self {
            logs: Objects::S3(S3::new(&config, &bucket, "logs/")),
            dead_letters: Objects::S3(S3::new(&config, &bucket, "logs-dead-letters/")),
            location: format!("s3://{bucket}/logs"),
            database: mysql().database().await,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) async fn put(&self, key: &str, body: impl Into<Vec<u8>>) {
        self.logs.put(key, body.into().into()).await.unwrap();
    }

    pub(crate) fn job(&self) -> Job {
        self.command("run")
    }

    pub(crate) fn command(&self, command: &str) -> Job {
        let job = Job::new(env!("CARGO_BIN_EXE_etl-mysql"))
            .args([command, "--create-tables"])
            .env("MLOPS_OUTPUT", "json");
        let job = if self.location.starts_with("s3:") { job.on(s3()) } else { job };
        job.args(["--logs", &self.location]).env("MLOPS_DATABASE", &self.database)
    }

    /// The texts that a query gives.
    pub(crate) async fn texts(&self, select: &'static str) -> Vec<String> {
        if self.database.starts_with("sqlite") {
            let mut connection = SqliteConnection::connect(&self.database).await.unwrap();
            sqlx::query_scalar(select).fetch_all(&mut connection).await.unwrap()
        } else {
            let mut connection = MySqlConnection::connect(&self.database).await.unwrap();
            sqlx::query_scalar(select).fetch_all(&mut connection).await.unwrap()
        }
    }

    /// The uids in the database, sorted by their bytes.
    pub(crate) async fn uids(&self) -> Vec<String> {
        self.payloads().await.into_keys().collect()
    }

    /// The payloads in the database, by their uids.
    pub(crate) async fn payloads(&self) -> BTreeMap<String, serde_json::Value> {
        let select = "SELECT uid, CAST(input_output_payloads AS CHAR) FROM model_logs";
        let rows: Vec<(String, String)> = if self.database.starts_with("sqlite") {
            let mut connection = SqliteConnection::connect(&self.database).await.unwrap();
            sqlx::query_as(select).fetch_all(&mut connection).await.unwrap()
        } else {
            let mut connection = MySqlConnection::connect(&self.database).await.unwrap();
            sqlx::query_as(select).fetch_all(&mut connection).await.unwrap()
        };
        let payload = |text: String| serde_json::from_str(&text).unwrap();
        rows.into_iter().map(|(uid, text)| (uid, payload(text))).collect()
    }
}
