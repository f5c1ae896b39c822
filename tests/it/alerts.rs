//! A day of ten-minute runs of both alert jobs over one rules file: what was sent, beside what a
//! rule without a memory would have sent.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use mlops_testkit::{Job, mysql, smtp, twilio};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection};

use crate::programs::{job, root};

const NUMBER: &str = "+4915112345678";

/// Requests of a usual window.
const USUAL: usize = 60;

/// The windows that are not usual, by the time at which they end: how many requests they have, and
/// the prediction.
///
/// Three spikes (in the night, before noon and a great one in the evening), an hour that flaps
/// around the bound, and an outage.
fn window(end: &str) -> (usize, f64) {
    match end {
        "02:10" | "02:20" | "02:30" => (300, 0.15),
        "06:30" | "06:40" | "06:50" | "07:00" | "07:10" => (220, 0.15),
        "09:10" => (210, 0.15),
        "10:10" | "10:30" | "10:50" | "11:10" => (240, 0.15),
        "10:20" | "10:40" | "11:00" => (190, 0.15),
        "14:10" | "14:20" | "14:30" | "14:40" | "14:50" | "15:00" => (0, 0.0),
        "18:10" | "18:20" => (250, 0.15),
        "18:30" | "18:40" => (900, 0.6),
        _ => (USUAL, 0.15),
    }
}

fn rules(domain: &str) -> String {
    format!(
        r#"
time-zone = "Europe/London"
quiet-hours = {{ from = "22:00", to = "07:00" }}

[recipients.oncall]
email = ["ops@{domain}"]
sms = ["{NUMBER}"]

[[rule]]
name = "many requests"
above = 200
critical-above = 800
margin = 50
for = "2 of 3"

[[rule]]
name = "no requests"
metric = "silence"
above = 25
severity = "critical"

[[rule]]
name = "high predictions"
metric = "prediction"
above = 0.4
for = "2 of 3"
"#
    )
}

struct Day {
    database: String,
    domain: String,
    account: String,
    rules: tempfile::NamedTempFile,
}

impl Day {
    async fn new(begin: Timestamp) -> Self {
        let database = mysql().database().await;
        let domain = smtp().domain();
        let rules = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&rules, self::rules(&domain)).unwrap();
        let day = Self { database, domain, account: twilio().account(), rules };
        // The first run makes the tables.
        day.email(begin).args(["--create-tables"]).run().json(0);
        let mut connection = MySqlConnection::connect(&day.database).await.unwrap();
        for step in 1..=144 {
            let end = begin + SignedDuration::from_mins(10 * step);
            let (count, prediction) = window(&end.strftime("%H:%M").to_string());
            if count > 0 {
                insert(&mut connection, end, count, prediction).await;
            }
        }
        day
    }

    fn job(&self, name: &str, now: Timestamp) -> Job {
        job(name)
            .args(["--output", "json", "--log-level", "warn", "--rules"])
            .args([self.rules.path()])
            .env("MLOPS_DATABASE", &self.database)
            .env("ALERT_NOW", &now.to_string())
    }

    fn email(&self, now: Timestamp) -> Job {
        self.job("alert-email", now)
            .args(["--smtp-host", "localhost", "--from", "alerts@acme.example"])
            .env("ALERT_SMTP_PORT", &smtp().starttls_port.to_string())
            .env("ALERT_SMTP_USERNAME", "alerts")
            .env("ALERT_SMTP_PASSWORD", "s3cret")
            .env("SSL_CERT_FILE", &smtp().authority)
    }

    fn sms(&self, now: Timestamp) -> Job {
        self.job("alert-sms", now)
            .env("TWILIO_ENDPOINT", &twilio().endpoint)
            .env("TWILIO_ACCOUNT_SID", &self.account)
            .env("TWILIO_AUTH_TOKEN", "s3cret")
            .env("TWILIO_FROM", "+15005550006")
    }

    /// The subjects of all mails, in their order.
    fn mails(&self) -> Vec<String> {
        let subject = |mail: &Value| {
            let headers = mail["headers"].as_array().unwrap();
            headers.iter().find(|header| header[0] == "Subject").unwrap()[1]
                .as_str()
                .unwrap()
                .to_owned()
        };
        smtp().mails(&self.domain).iter().map(subject).collect()
    }

    /// The texts, without the mark at their end.
    fn texts(&self) -> Vec<String> {
        let body =
            |text: &Value| text["body"].as_str().unwrap().rsplit_once(" #").unwrap().0.to_owned();
        twilio().messages(&self.account).iter().map(body).collect()
    }
}

/// Requests that are spread over the ten minutes before `end`.
async fn insert(connection: &mut MySqlConnection, end: Timestamp, count: usize, prediction: f64) {
    let begin = end - SignedDuration::from_mins(10);
    let rows = (0..count).map(|index| {
        let at = begin + SignedDuration::from_micros((600_000_000 * index / count) as i64);
        let at = at.strftime("%Y-%m-%d %H:%M:%S.%6f");
        format!(r#"('{at}', '{at}', '{{"output": {{"prediction": {prediction}}}}}')"#)
    });
    let rows: Vec<String> = rows.collect();
    let statement = format!(
        "INSERT INTO model_logs (uid, logging_timestamp, input_output_payloads) VALUES {}",
        rows.join(",")
    );
    connection.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await.unwrap();
}

#[tokio::test]
async fn a_day_of_alerts_is_what_the_snapshot_shows() {
    let begin: Timestamp = "2026-02-03T00:00:00Z".parse().unwrap();
    let day = Day::new(begin).await;
    let mut shown =
        String::from("time   requests   a rule without a memory          what was sent\n");
    let (mut plain_messages, mut mails, mut texts) = (0, 0, 0);
    for step in 1..=144 {
        // As a scheduler is: some seconds late.
        let at = begin + SignedDuration::from_mins(10 * step);
        let report = day.email(at + SignedDuration::from_secs(7)).run().json(0);
        let second = day.sms(at + SignedDuration::from_secs(9)).run().json(0);
        assert!(
            second["rules"].as_array().unwrap().iter().all(|rule| rule["already_judged"] == true),
            "{second}"
        );
        let wrong = wrong(&report);
        plain_messages += wrong.len() * 2;
        let (new_mails, new_texts) = (day.mails().split_off(mails), day.texts().split_off(texts));
        (mails, texts) = (mails + new_mails.len(), texts + new_texts.len());
        let sent = new_mails
            .iter()
            .map(|mail| format!("mail: {mail}"))
            .chain(new_texts.iter().map(|text| format!("text: {text}")));
        let mut sent = sent.collect::<Vec<_>>();
        // Messages of one run go out in the order of their names, which are hashes.
        sent.sort();
        if sent.is_empty() && wrong.is_empty() {
            continue;
        }
        let count = report["rules"][0]["value_text"].as_str().unwrap();
        let plain = wrong.join(", ");
        let first = if sent.is_empty() { String::new() } else { sent.remove(0) };
        writeln!(shown, "{}  {:<46}{first}", at.strftime("%H:%M"), format!("{count:>8}   {plain}"))
            .unwrap();
        sent.iter().for_each(|line| writeln!(shown, "{:53}{line}", "").unwrap());
    }
    shown = shown.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    writeln!(
        shown,
        "\n{} messages ({mails} mails, {texts} texts), where rules without a memory would have sent {plain_messages}.",
        mails + texts
    )
    .unwrap();
    let file = root().join("tests/it/alerts_day.txt");
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    let fresh = root().join("target/alerts_day.txt");
    std::fs::create_dir_all(fresh.parent().unwrap()).unwrap();
    std::fs::write(&fresh, &shown).unwrap();
    assert!(
        kept == shown,
        "{} is not what was sent; compare it with {}:\n{shown}",
        file.display(),
        fresh.display()
    );
}

/// The rules whose value is wrong in this run, by nothing but their bound.
fn wrong(report: &Value) -> Vec<&'static str> {
    [("many requests", 200.0), ("no requests", 25.0), ("high predictions", 0.4)]
        .into_iter()
        .enumerate()
        .filter(|(index, (_, bound))| {
            report["rules"][*index]["value"].as_f64().is_some_and(|value| value > *bound)
        })
        .map(|(_, (name, _))| name)
        .collect()
}
