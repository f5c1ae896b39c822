//! A source, a destination, and the job between them.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::Child;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::TryStreamExt;
use mlops_core::ports::ObjectStore;
use mlops_objects::{Folder, Objects, S3};
use mlops_testkit::{AwsServer, DynamoServer, Ended, Job, OddS3, dynalite, moto_dynamo, mysql, s3};
use serde_json::Value;
use sqlx::{Connection, MySqlConnection, SqliteConnection};
use tempfile::TempDir;

use crate::programs::job;

/// Where the logs go.
pub(crate) enum Destination {
    Sql(String),
    Dynamo { server: &'static DynamoServer, table: String },
}

impl Destination {
    pub(crate) async fn mysql() -> Self {
        Self::Sql(mysql().database().await)
    }

    /// A file that goes with the world's folder.
    pub(crate) fn sqlite() -> Self {
        Self::Sql(String::new())
    }

    pub(crate) fn moto() -> Self {
        Self::Dynamo { server: moto_dynamo(), table: moto_dynamo().table_name() }
    }

    pub(crate) fn dynalite() -> Self {
        Self::Dynamo { server: dynalite(), table: dynalite().table_name() }
    }
}

pub(crate) struct World {
    pub(crate) logs: Objects,
    pub(crate) location: String,
    pub(crate) destination: Destination,
    pub(crate) folder: TempDir,
    /// Put in front of S3 and DynamoDB, where a test makes them fail.
    s3_endpoint: Option<String>,
    dynamo_endpoint: Option<String>,
}

/// A request as a line of a log.
pub(crate) fn line(uid: impl std::fmt::Display) -> String {
    line_at(uid, "2026-01-01 00:00:00")
}

pub(crate) fn line_at(uid: impl std::fmt::Display, time: &str) -> String {
    format!(
        r#"{{"input":{{"uid":"{uid}","score":0.25}},"output":{{"logging_timestamp":"{time}"}}}}"#
    )
}

/// Waits until the job says that it loads; tells whether it does so before it ends.
pub(crate) fn is_loading(child: &mut Child) -> bool {
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("\"loading\"") {
        line.clear();
        if lines.read_line(&mut line).unwrap() == 0 {
            break;
        }
    }
    child.stderr = Some(lines.into_inner());
    !line.is_empty()
}

impl World {
    /// A folder of logs.
    pub(crate) fn from_folder(destination: Destination) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("logs");
        std::fs::create_dir(&root).unwrap();
        let destination = match destination {
            Destination::Sql(url) if url.is_empty() => {
                Destination::Sql(format!("sqlite://{}/mlops.db", folder.path().display()))
            }
            other => other,
        };
        Self {
            logs: Objects::Folder(Folder::new(&root)),
            location: root.to_str().unwrap().to_owned(),
            destination,
            folder,
            s3_endpoint: None,
            dynamo_endpoint: None,
        }
    }

    /// A folder and SQLite, which need no server.
    pub(crate) fn local() -> Self {
        Self::from_folder(Destination::sqlite())
    }

    /// A bucket of logs.
    pub(crate) async fn from_s3(destination: Destination) -> Self {
        let bucket = s3().bucket().await;
        let folder = tempfile::tempdir().unwrap();
        Self {
            logs: Objects::S3(S3::new(&s3().config().await, &bucket, "logs/")),
            location: format!("s3://{bucket}/logs"),
            destination,
            folder,
            s3_endpoint: None,
            dynamo_endpoint: None,
        }
    }

    /// The bucket of an unusual server, whose name may say what kind of bucket it is.
    pub(crate) fn from_odd_s3(server: &OddS3, bucket: &str, destination: Destination) -> Self {
        let local = Self::from_folder(destination);
        let location = format!("s3://{bucket}/logs");
        Self { location, s3_endpoint: Some(server.endpoint.clone()), ..local }
    }

    pub(crate) fn s3_through(self, endpoint: &str) -> Self {
        Self { s3_endpoint: Some(endpoint.to_owned()), ..self }
    }

    pub(crate) fn dynamo_through(self, endpoint: &str) -> Self {
        Self { dynamo_endpoint: Some(endpoint.to_owned()), ..self }
    }

    pub(crate) async fn put(&self, key: &str, body: impl Into<Vec<u8>>) {
        self.logs.put(key, body.into().into()).await.unwrap();
    }

    /// The job that goes with the destination.
    pub(crate) fn command(&self, command: &str) -> Job {
        self.command_without_tables(command).args(["--create-tables"])
    }

    pub(crate) fn command_without_tables(&self, command: &str) -> Job {
        let servers: &[&AwsServer] = match &self.destination {
            Destination::Sql(_) => &[s3()],
            Destination::Dynamo { server, .. } => &[s3(), server],
        };
        let mut job = match &self.destination {
            Destination::Sql(url) => job("etl-mysql").env("MLOPS_DATABASE", url),
            Destination::Dynamo { table, .. } => {
                job("etl-dynamo").env("MLOPS_TABLE", &format!("dynamodb://{table}"))
            }
        };
        for server in servers {
            job = job.on(server);
        }
        if let Some(endpoint) = &self.s3_endpoint {
            job = job.env("AWS_ENDPOINT_URL_S3", endpoint);
        }
        if let Some(endpoint) = &self.dynamo_endpoint {
            job = job.env("AWS_ENDPOINT_URL_DYNAMODB", endpoint);
        }
        job.env("MLOPS_OUTPUT", "json").args([command, "--logs", &self.location])
    }

    pub(crate) fn run(&self) -> Value {
        self.run_with(&[])
    }

    pub(crate) fn run_with(&self, arguments: &[&str]) -> Value {
        self.ended(arguments).json(0)
    }

    pub(crate) fn ended(&self, arguments: &[&str]) -> Ended {
        self.command("run").args(arguments).run()
    }

    /// A command that takes this for the time, in UTC.
    pub(crate) fn command_at(&self, command: &str, time: &str) -> Job {
        let clock = self.folder.path().join("clock");
        std::fs::write(&clock, time).unwrap();
        self.command(command).env("MLOPS_CLOCK", clock.to_str().unwrap())
    }

    /// What is in the destination, each uid with the score of its payload.
    pub(crate) async fn records(&self) -> BTreeMap<String, String> {
        let select = "SELECT uid, CAST(input_output_payloads AS CHAR) FROM model_logs";
        let rows: Vec<(String, String)> = match &self.destination {
            Destination::Sql(url) if url.starts_with("sqlite") => {
                let mut connection = SqliteConnection::connect(url).await.unwrap();
                sqlx::query_as(select).fetch_all(&mut connection).await.unwrap()
            }
            Destination::Sql(url) => {
                let mut connection = MySqlConnection::connect(url).await.unwrap();
                sqlx::query_as(select).fetch_all(&mut connection).await.unwrap()
            }
            Destination::Dynamo { server, table } => {
                let client = server.client().await;
                let mut items = client
                    .scan()
                    .table_name(table)
                    .consistent_read(true)
                    .into_paginator()
                    .items()
                    .send();
                let mut rows = Vec::new();
                while let Some(item) = items.next().await {
                    let item = item.unwrap();
                    let input =
                        item["input_output_payloads"].as_m().unwrap()["input"].as_m().unwrap();
                    let score = match input.get("score") {
                        Some(AttributeValue::N(number)) => number.clone(),
                        other => Value::from(format!("{other:?}")).to_string(),
                    };
                    rows.push((
                        item["uid"].as_s().unwrap().clone(),
                        format!(r#"{{"input":{{"score":{score}}}}}"#),
                    ));
                }
                rows
            }
        };
        let score = |payload: &str| {
            serde_json::from_str::<Value>(payload).unwrap()["input"]["score"].to_string()
        };
        let count = rows.len();
        let records: BTreeMap<String, String> =
            rows.into_iter().map(|(uid, payload)| (uid, score(&payload))).collect();
        assert_eq!(records.len(), count, "a uid is there twice");
        records
    }

    pub(crate) async fn uids(&self) -> Vec<String> {
        self.records().await.into_keys().collect()
    }

    /// The keys of the objects among the dead letters.
    pub(crate) async fn dead_letters(&self) -> Vec<String> {
        let path = format!("{}-dead-letters", self.location);
        let store = match &self.logs {
            Objects::Folder(_) => Objects::Folder(Folder::new(&path)),
            Objects::S3(_) => {
                let bucket = path.trim_start_matches("s3://").split('/').next().unwrap().to_owned();
                Objects::S3(S3::new(&s3().config().await, &bucket, "logs-dead-letters/"))
            }
        };
        store.list("").map_ok(|object| object.key).try_collect().await.unwrap_or_default()
    }
}
