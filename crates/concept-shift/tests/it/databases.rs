//! Logs and outcomes in a database, and what is kept there.

use std::fmt::Write as _;

use mlops_sql::Database;
use mlops_testkit::mysql;
use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection, Row, SqliteConnection};

use crate::{Customer, Folder, World, csv, customers, job};

/// Requests, one a minute, and what became of them twenty days later.
fn statements(customers: &[Customer]) -> Vec<String> {
    let time = |minute: usize, day: usize| {
        let day = day + minute / 1440;
        format!(
            "2026-{:02}-{:02} {:02}:{:02}:00",
            1 + day / 28,
            1 + day % 28,
            minute / 60 % 24,
            minute % 60
        )
    };
    let (mut logs, mut outcomes) = (Vec::new(), Vec::new());
    for (minute, Customer { id, age, plan, spent, churn }) in customers.iter().enumerate() {
        let mut payload = String::new();
        write!(
            payload,
            r#"{{"input": {{"uid": "u{minute}", "client_id": "{id}", "age": {age:.2}, "plan": "{plan}", "spent": {spent}}}, "output": {{"prediction": 0.5}}}}"#
        )
        .unwrap();
        logs.push(format!("('u{minute}', '{}', '{payload}')", time(minute, 0)));
        outcomes.push(format!(
            "('{id}', '{}', '{}')",
            time(minute, 20),
            if *churn { "yes" } else { "no" }
        ));
    }
    outcomes.push("('nobody', '2026-06-01 00:00:00', 'no')".to_owned());
    let logs = logs.chunks(500).map(|rows| {
        format!(
            "INSERT INTO model_logs (uid, logging_timestamp, input_output_payloads) VALUES {}",
            rows.join(",")
        )
    });
    let outcomes = outcomes.chunks(500).map(|rows| {
        format!(
            "INSERT INTO client_outcomes (client_id, outcome_timestamp, outcome) VALUES {}",
            rows.join(",")
        )
    });
    logs.chain(outcomes).collect()
}

async fn open(url: &str) {
    Database::connect(&url.parse().unwrap()).await.unwrap().create_tables().await.unwrap();
}

#[tokio::test]
async fn logged_requests_and_their_outcomes_are_compared_and_the_findings_kept() {
    let folder = Folder::new();
    let reference =
        folder.write("train.csv", &csv(&customers(3000, World { seed: 1, ..World::default() })));
    let sent = customers(3000, World { seed: 2, plus: 1.5, ..World::default() });
    let mysql = mysql().database().await;
    let sqlite = format!("sqlite://{}", folder.path("mlops.db"));
    open(&mysql).await;
    open(&sqlite).await;
    let mut in_mysql = MySqlConnection::connect(&mysql).await.unwrap();
    let mut in_sqlite = SqliteConnection::connect(&sqlite).await.unwrap();
    for statement in statements(&sent) {
        in_mysql.execute(AssertSqlSafe(statement.clone())).await.unwrap();
        in_sqlite.execute(AssertSqlSafe(statement)).await.unwrap();
    }
    let mut reports = Vec::new();
    for url in [&mysql, &sqlite] {
        let arguments = [
            "--reference",
            &reference,
            "--id",
            "client_id",
            "--target",
            "churn",
            "--relation",
            "--database",
            url,
        ];
        let mut report = job(&arguments).run().json(0);
        assert_eq!(report["labels"]["labelled"], 3000, "{report}");
        assert_eq!(
            (&report["domain_verdict"], &report["verdict"]),
            (&"stable".into(), &"shifted".into()),
            "{report}"
        );
        report["run_uid"].take();
        reports.push(report);
        // None of the requests is older than the horizon.
        let young = job(&arguments).args(["--horizon", "400d"]).run().json(0);
        assert_eq!(
            (&young["labels"]["too_young"], &young["verdict"]),
            (&3000.into(), &"inconclusive".into()),
            "{young}"
        );
    }
    assert_eq!(reports[0], reports[1]);
    let select = "SELECT metric_used, feature, verdict, shift_occurred, model_score, scoring_threshold, score_low FROM concept_shift \
                  WHERE verdict <> 'inconclusive' AND metric_used <> 'importance' ORDER BY run_timestamp, metric_used, feature LIMIT 5";
    let kept: Vec<(String, String, String, bool)> = in_mysql
        .fetch_all(select)
        .await
        .unwrap()
        .iter()
        .map(|row| (row.get(0), row.get(1), row.get(2), row.get(3)))
        .collect();
    let expected = [
        ("interaction", "age", false),
        ("interaction", "plan", true),
        ("interaction", "spent", false),
    ];
    for ((metric, feature, verdict, shifted), expected) in kept.iter().zip(expected) {
        assert_eq!((metric.as_str(), feature.as_str(), *shifted), expected);
        assert_eq!(verdict, if expected.2 { "shifted" } else { "stable" });
    }
    assert_eq!(kept.iter().filter(|(metric, ..)| metric == "roc_auc").count(), 1);
    let count = "SELECT count(*) FROM concept_shift";
    let rows: i64 = in_sqlite.fetch_one(count).await.unwrap().get(0);
    let of_mysql: i64 = in_mysql.fetch_one(count).await.unwrap().get(0);
    assert_eq!(rows, of_mysql);
}

#[tokio::test]
async fn a_new_model_is_asked_for_once() {
    let folder = Folder::new();
    let reference =
        folder.write("train.csv", &csv(&customers(2000, World { seed: 1, ..World::default() })));
    let url = format!("sqlite://{}", folder.path("mlops.db"));
    open(&url).await;
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    for statement in
        statements(&customers(2000, World { seed: 2, older: 15.0, ..World::default() }))
    {
        connection.execute(AssertSqlSafe(statement)).await.unwrap();
    }
    let asked = folder.path("asked");
    let command = format!("echo \"$MLOPS_RETRAIN_REASON\" >> {asked}");
    let arguments =
        ["--reference", &reference, "--id", "client_id", "--target", "churn", "--database", &url];
    let run = |more: &[&str]| {
        job(&arguments).args(["--retrain", "--retrain-command", &command]).args(more).run().json(0)
    };
    assert_eq!(run(&["--dry-run"])["retrain"]["action"], "would_submit");
    assert_eq!(run(&[])["retrain"]["action"], "submitted");
    assert_eq!(run(&[])["retrain"]["action"], "suppressed");
    let asked = std::fs::read_to_string(asked).unwrap();
    assert!(
        asked.lines().count() == 1 && asked.contains("production data differ from training data"),
        "{asked}"
    );
}
