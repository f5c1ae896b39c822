//! The servers, the customers, and a time of their own.

use std::collections::BTreeSet;
use std::path::PathBuf;

use futures_util::TryStreamExt;
use jiff::{SignedDuration, Timestamp};
use mlops_core::ports::ObjectStore;
use mlops_core::timestamp::{parse_utc, to_sql_text};
use mlops_objects::{Objects, S3};
use mlops_testkit::{Faults, Job, PrivateMySql, batch, moto_dynamo, s3, smtp};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, FromRow, MySqlConnection};
use tempfile::TempDir;

use crate::programs::job;

/// One customer, who leaves by a rule that a model can learn.
pub(super) struct Customer {
    pub(super) id: String,
    pub(super) tenure: usize,
    pub(super) plan: &'static str,
    pub(super) leaves: bool,
}

/// The customer of that number. When the world has changed, tenure is counted from an earlier day,
/// and those who stayed long leave.
pub(super) fn customer(number: usize, has_changed: bool) -> Customer {
    let (tenure, plan) = (number * 7919 % 72, if number * 31 % 7 < 3 { "basic" } else { "plus" });
    // A number that hangs together with neither.
    let luck = number * 104_729 % 101;
    let pull = if has_changed { tenure } else { 72 - tenure };
    let leaves = luck < pull * 2 / 3 + if plan == "plus" { 25 } else { 0 };
    Customer {
        id: format!("c{number}"),
        tenure: tenure + if has_changed { 24 } else { 0 },
        plan,
        leaves,
    }
}

fn word(leaves: bool) -> &'static str {
    if leaves { "yes" } else { "no" }
}

/// Customers as a table with outcomes; mixed up, each has another's.
pub(super) fn table(customers: impl Iterator<Item = Customer>, is_mixed_up: bool) -> String {
    let customers: Vec<Customer> = customers.collect();
    let outcome = |row: usize| {
        let row = if is_mixed_up { (row * 7919 + 13) % customers.len() } else { row };
        word(customers[row].leaves)
    };
    let rows = customers.iter().enumerate();
    let rows =
        rows.map(|(row, it)| format!("{},{},{},{}\n", it.id, it.tenure, it.plan, outcome(row)));
    format!("client_id,tenure,plan,churn\n{}", rows.collect::<String>())
}

/// Everything that the programs use.
pub(super) struct World {
    pub(super) mysql: PrivateMySql,
    pub(super) database: String,
    /// In front of S3, which may fail.
    pub(super) faults: Faults,
    pub(super) queue: String,
    pub(super) domain: String,
    pub(super) folder: TempDir,
    bucket: String,
    dynamo_table: String,
}

impl World {
    pub(super) async fn new() -> Self {
        let mysql = PrivateMySql::new().await;
        let database = mysql.database().await;
        let (faults, bucket) = (Faults::start(&s3().endpoint), s3().bucket().await);
        let folder = tempfile::tempdir().unwrap();
        let world = Self {
            mysql,
            database,
            faults,
            queue: batch().queue().await,
            domain: smtp().domain(),
            folder,
            bucket,
            dynamo_table: format!("dynamodb://{}", moto_dynamo().table_name()),
        };
        world.set_time("2026-03-01 12:00");
        // Whoever sets the jobs up makes the tables: MySQL cannot take back half of that, as
        // docs/on-call.md explains it.
        world.json_job("dashboard", &["refresh"]).run().json(0);
        world
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn location(&self, name: &str) -> String {
        format!("s3://{}/{name}", self.bucket)
    }

    /// From now on all programs have this time.
    pub(super) fn set_time(&self, time: &str) {
        let next = self.path("clock.next");
        std::fs::write(&next, time).unwrap();
        std::fs::rename(next, self.path("clock")).unwrap();
    }

    /// A program among these servers.
    pub(super) fn job(&self, name: &str, arguments: &[&str]) -> Job {
        job(name)
            .args(arguments)
            .within(self.folder.path())
            .on(s3())
            .env("AWS_ENDPOINT_URL_S3", &self.faults.endpoint)
            .env("MLOPS_CLOCK", self.path("clock").to_str().unwrap())
            .env("MLOPS_DATABASE", &self.database)
            .env("MLOPS_CREATE_TABLES", "true")
            .env("MLOPS_MODELS", &self.location("models"))
            .env("MLOPS_HORIZON", "2d")
            .env("MLOPS_TABLE", &self.dynamo_table)
            .env("SSL_CERT_FILE", &smtp().authority)
    }

    /// The same, ending with a document on stdout.
    pub(super) fn json_job(&self, name: &str, arguments: &[&str]) -> Job {
        self.job(name, arguments).env("MLOPS_OUTPUT", "json")
    }

    /// The rows that a query gives.
    pub(super) async fn rows<T>(&self, query: &str) -> Vec<T>
    where
        T: for<'r> FromRow<'r, sqlx::mysql::MySqlRow> + Send + Unpin,
    {
        let mut connection = MySqlConnection::connect(&self.database).await.unwrap();
        sqlx::query_as(AssertSqlSafe(query)).fetch_all(&mut connection).await.unwrap()
    }

    /// What became of customers, a day after they were scored.
    pub(super) async fn note_outcomes(
        &self,
        customers: impl Iterator<Item = Customer>,
        scored_at: &str,
    ) {
        let scored_at: Timestamp = parse_utc(scored_at).unwrap();
        let [known_at, complete_at] =
            [24, 72].map(|hours| to_sql_text(scored_at + SignedDuration::from_hours(hours)));
        let mut rows: Vec<String> = customers
            .map(|customer| {
                format!("('{}', '{known_at}', '{}')", customer.id, word(customer.leaves))
            })
            .collect();
        // By then all outcomes are known.
        rows.push(format!("('nobody', '{complete_at}', 'no')"));
        let insert = format!(
            "INSERT INTO client_outcomes (client_id, outcome_timestamp, outcome) VALUES {}",
            rows.join(",")
        );
        let mut connection = MySqlConnection::connect(&self.database).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(insert)).execute(&mut connection).await.unwrap();
    }

    /// The uids in `model_logs`; each is there once, as its key says.
    pub(super) async fn uids_in_mysql(&self) -> BTreeSet<String> {
        let rows: Vec<(String,)> = self.rows("SELECT uid FROM model_logs").await;
        rows.into_iter().map(|(uid,)| uid).collect()
    }

    pub(super) async fn uids_in_dynamodb(&self) -> BTreeSet<String> {
        let table = self.dynamo_table.trim_start_matches("dynamodb://");
        let client = moto_dynamo().client().await;
        let items =
            client.scan().table_name(table).consistent_read(true).into_paginator().items().send();
        let items: Vec<_> = items.collect::<Result<Vec<_>, _>>().await.unwrap();
        items.iter().map(|item| item["uid"].as_s().unwrap().clone()).collect()
    }

    /// The keys below a prefix of the bucket.
    pub(super) async fn keys(&self, prefix: &str) -> Vec<String> {
        let store = Objects::S3(S3::new(&s3().config().await, &self.bucket, prefix));
        store.list("").map_ok(|object| object.key).try_collect().await.unwrap()
    }

    /// The models that were published, each with all its files or not at all.
    pub(super) async fn versions(&self) -> BTreeSet<String> {
        let keys = self.keys("models/versions/").await;
        keys.iter().filter_map(|key| key.split('/').next()).map(str::to_owned).collect()
    }

    pub(super) fn mails(&self) -> Vec<Value> {
        smtp().mails(&self.domain)
    }

    /// The present model.
    pub(super) fn model_uid(&self) -> String {
        let inspected = self
            .json_job("retrain", &["inspect", &self.location("models/model.pkl")])
            .run()
            .json(0);
        inspected["model_uid"].as_str().unwrap().to_owned()
    }
}

/// A request for a customer, by a name of its own.
pub(super) fn request(uid: &str, customer: &Customer) -> Value {
    json!({"uid": uid, "client_id": customer.id, "tenure": customer.tenure, "plan": customer.plan})
}
