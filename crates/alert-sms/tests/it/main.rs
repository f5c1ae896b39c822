//! The job's binary, over Twilio's Messages, Amazon SNS and MySQL.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod sns;
mod twilio;

use mlops_core::record::{LogRecord, RecordKey};
use mlops_core::timestamp::parse_utc;
use mlops_sql::Database;
use mlops_testkit::contract::etl_store::insert;
use mlops_testkit::{Job, mysql, twilio};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, MySqlConnection, Row};

const NUMBER: &str = "+4915112345678";

/// A database of MySQL with seven requests from ten o'clock on, and an account at Twilio.
struct World {
    database: String,
    account: String,
}

impl World {
    async fn new() -> Self {
        let world = Self { database: mysql().database().await, account: twilio().account() };
        let database = Database::connect(&world.database.parse().unwrap()).await.unwrap();
        database.create_tables().await.unwrap();
        let record = |index: usize| LogRecord {
            key: RecordKey::of_default_model(index.to_string()),
            logging_timestamp: parse_utc(&format!("2026-03-02 10:00:0{index}")).unwrap(),
            payload: r#"{"input": {"name": "Jane Doe"}, "output": {"prediction": 0.25}}"#
                .to_owned(),
        };
        insert(&database, &(0..7).map(record).collect::<Vec<_>>()).await;
        world
    }

    /// The job at a time.
    fn job(&self, now: &str, arguments: &[&str]) -> Job {
        Job::new(env!("CARGO_BIN_EXE_alert-sms"))
            .args(arguments)
            .args(["--now", now, "--output", "json"])
            .env("TWILIO_TIMEOUT", "2s")
            .env("MLOPS_DATABASE", &self.database)
            .env("TWILIO_ENDPOINT", &twilio().endpoint)
            .env("TWILIO_ACCOUNT_SID", &self.account)
            .env("TWILIO_AUTH_TOKEN", "s3cret")
            .env("TWILIO_FROM", "+15005550006")
    }

    fn plain(&self, now: &str, arguments: &[&str]) -> Job {
        self.job(now, &["--when-count-above", "5", "--to", NUMBER]).args(arguments)
    }

    fn texts(&self) -> Vec<Value> {
        twilio().messages(&self.account)
    }

    /// Transition, status, and why, of each message.
    async fn outbox(&self) -> Vec<(String, String, String)> {
        let mut connection = MySqlConnection::connect(&self.database).await.unwrap();
        let select = "SELECT transition, status, why FROM alert_outbox ORDER BY created_at, rule, transition";
        let rows = sqlx::query(AssertSqlSafe(select)).fetch_all(&mut connection).await.unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
    }
}
