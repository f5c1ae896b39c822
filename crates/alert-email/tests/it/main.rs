//! The job's binary, over a mail server and both databases.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod commands;
mod crashes;
mod folder;
mod mail;
mod models;
mod report;

use mlops_core::record::{LogRecord, RecordKey};
use mlops_core::timestamp::parse_utc;
use mlops_sql::Database;
use mlops_testkit::contract::etl_store::insert;
use mlops_testkit::{Job, mysql, smtp};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, MySqlConnection, Row};

/// A database of MySQL with logged requests, and a domain for the mail that comes of them.
struct World {
    database: String,
    domain: String,
}

impl World {
    async fn new() -> Self {
        let world = Self { database: mysql().database().await, domain: smtp().domain() };
        Database::connect(&world.database.parse().unwrap())
            .await
            .unwrap()
            .create_tables()
            .await
            .unwrap();
        world
    }

    /// Logs so many requests from a time on, a second apart.
    async fn log(&self, from: &str, count: usize, prediction: f64) {
        let begin = parse_utc(from).unwrap();
        let record = |index: usize| LogRecord {
            key: RecordKey::of_default_model(format!("{from} {index}")),
            logging_timestamp: begin + jiff::SignedDuration::from_secs(index as i64),
            payload: format!(
                r#"{{"input": {{"device": "phone\r\nBcc: all@{}"}}, "output": {{"prediction": {prediction}, "high_risk": "no"}}}}"#,
                self.domain
            ),
        };
        let database = Database::connect(&self.database.parse().unwrap()).await.unwrap();
        insert(&database, &(0..count).map(record).collect::<Vec<_>>()).await;
    }

    fn to(&self, name: &str) -> String {
        format!("{name}@{}", self.domain)
    }

    /// The job at a time, with a mail server that it trusts.
    fn job(&self, now: &str, arguments: &[&str]) -> Job {
        Job::new(env!("CARGO_BIN_EXE_alert-email"))
            .args(arguments)
            .args([
                "--now",
                now,
                "--output",
                "json",
                "--from",
                "alerts@acme.example",
                "--smtp-host",
                "localhost",
            ])
            .env("MLOPS_DATABASE", &self.database)
            .env("ALERT_SMTP_PORT", &smtp().starttls_port.to_string())
            .env("ALERT_SMTP_USERNAME", "alerts")
            .env("ALERT_SMTP_PASSWORD", "s3cret")
            .env("SSL_CERT_FILE", &smtp().authority)
    }

    /// The plain rule, for so many requests at most.
    fn plain(&self, now: &str, arguments: &[&str]) -> Job {
        self.job(now, &["--when-count-above", "5", "--to", &self.to("ops")]).args(arguments)
    }

    fn mails(&self) -> Vec<Value> {
        smtp().mails(&self.domain)
    }

    /// The rows of the outbox: recipient, transition, status, attempts and why.
    async fn outbox(&self) -> Vec<(String, String, String, i64, String)> {
        let mut connection = MySqlConnection::connect(&self.database).await.unwrap();
        let select = "SELECT recipient, transition, status, attempts, why FROM alert_outbox ORDER BY created_at, recipient";
        let rows = sqlx::query(AssertSqlSafe(select)).fetch_all(&mut connection).await.unwrap();
        rows.iter()
            .map(|row| (row.get(0), row.get(1), row.get(2), row.get(3), row.get(4)))
            .collect()
    }

    async fn statuses(&self) -> Vec<String> {
        self.outbox().await.into_iter().map(|(_, _, status, _, _)| status).collect()
    }
}

/// A header of a mail.
fn header<'m>(mail: &'m Value, name: &str) -> &'m str {
    let headers = mail["headers"].as_array().unwrap();
    headers.iter().find(|header| header[0] == name).unwrap_or_else(|| panic!("no {name}: {mail}"))
        [1]
    .as_str()
    .unwrap()
}

/// The text of the part of that type.
fn part<'m>(mail: &'m Value, kind: &str) -> &'m str {
    let parts = mail["parts"].as_array().unwrap();
    parts.iter().find(|part| part["type"] == kind).unwrap_or_else(|| panic!("no {kind}: {mail}"))["text"]
        .as_str()
        .unwrap()
}

fn subjects(mails: &[Value]) -> Vec<&str> {
    mails.iter().map(|mail| header(mail, "Subject")).collect()
}
