//! Logs, outcomes and arms in a database, and what is kept there.

use mlops_sql::Database;
use mlops_testkit::mysql;
use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection, Row, SqliteConnection};

use crate::{Folder, Units, job};

const CLIENTS: usize = 6000;

/// Requests of eight weeks: a tenth of the clients are left to a heuristic, which keeps fewer; in
/// the last two weeks the model keeps no more than the heuristic if it `decays`.
fn statements(decays: bool) -> Vec<String> {
    let mut units = Units(5);
    let (mut logs, mut outcomes, mut worth) = (Vec::new(), Vec::new(), Vec::new());
    for client in 0..CLIENTS {
        let day = client * 56 / CLIENTS;
        let date = |day: usize| format!("2026-{:02}-{:02} 08:00:00", 1 + day / 28, 1 + day % 28);
        let (heuristic, prediction) = (client % 10 == 0, 0.3 * units.next());
        let fades = decays && day >= 42;
        let chance = if heuristic || fades { prediction + 0.15 } else { prediction };
        let outcome = if units.next() < chance { "yes" } else { "no" };
        let (high, used) = (
            if prediction > 0.2 { "yes" } else { "no" },
            if heuristic { "heuristic" } else { "model" },
        );
        let payload = format!(
            r#"{{"input": {{"uid": "u{client}", "client_id": "c{client}"}}, "output": {{"prediction": {prediction}, "high_risk": "{high}", "model_used": "{used}"}}}}"#
        );
        logs.push(format!("('u{client}', '{}', '{payload}')", date(day + 4)));
        outcomes.push(format!("('c{client}', '{}', '{outcome}')", date(day + 20)));
        worth.push(format!("('c{client}', {})", if client % 2 == 0 { 80 } else { 120 }));
    }
    outcomes.push("('nobody', '2026-12-01 00:00:00', 'no')".to_owned());
    let insert = |into: &'static str, rows: Vec<String>| {
        let chunks: Vec<String> = rows
            .chunks(500)
            .map(|rows| format!("INSERT INTO {into} VALUES {}", rows.join(",")))
            .collect();
        chunks
    };
    [
        insert("model_logs (uid, logging_timestamp, input_output_payloads)", logs),
        insert("client_outcomes (client_id, outcome_timestamp, outcome)", outcomes),
        insert("client_ltv (client_id, ltv)", worth),
    ]
    .concat()
}

async fn open(url: &str) {
    Database::connect(&url.parse().unwrap()).await.unwrap().create_tables().await.unwrap();
}

async fn sqlite(folder: &Folder, decays: bool) -> (String, SqliteConnection) {
    let url = format!("sqlite://{}", folder.path("mlops.db"));
    open(&url).await;
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    for statement in statements(decays) {
        connection.execute(AssertSqlSafe(statement)).await.unwrap();
    }
    (url, connection)
}

#[tokio::test]
async fn both_databases_give_the_same_findings_and_keep_them() {
    let folder = Folder::new();
    let (sqlite, mut in_sqlite) = sqlite(&folder, false).await;
    let mysql = mysql().database().await;
    open(&mysql).await;
    let mut in_mysql = MySqlConnection::connect(&mysql).await.unwrap();
    for statement in statements(false) {
        in_mysql.execute(AssertSqlSafe(statement)).await.unwrap();
    }
    let mut reports = Vec::new();
    for url in [&mysql, &sqlite] {
        let mut report = job(&["--database", url, "--heuristic-share", "0.1"]).run().json(0);
        report["run_uid"].take();
        reports.push(report);
    }
    assert!(reports[0] == reports[1], "the databases differ");
    let report = &reports[0];
    assert_eq!(report["verdict"], "stable", "{report}");
    assert_eq!(report["labels"]["labelled"], CLIENTS);
    let impact = &report["impact"];
    assert_eq!(
        (&impact["model"]["clients"], &impact["heuristic"]["clients"]),
        (&5400.into(), &600.into())
    );
    let saved = &impact["clients_saved"];
    let [low, value, high] = ["low", "value", "high"].map(|end| saved[end].as_f64().unwrap());
    assert!(low < 0.15 * 5400.0 && 0.15 * 5400.0 < high && low > 400.0, "{saved}");
    let money = impact["money_saved"]["value"].as_f64().unwrap();
    // Clients of the heuristic are all worth 80, those of the model 102.2 on average.
    assert!((money / value - 102.2).abs() < 0.1, "{money} for {value}");

    let select =
        "SELECT COUNT(*), SUM(is_decisive), SUM(n) FROM performance WHERE kind = 'realised'";
    let row = in_sqlite.fetch_one(select).await.unwrap();
    assert_eq!((row.get::<i64, _>(0), row.get::<i64, _>(1), row.get::<i64, _>(2)), (9, 1, 5400));
    let select = "SELECT roc_auc, CAST(JSON_EXTRACT(details, '$.calibration_curve[0].n') AS SIGNED), verdict FROM performance \
                  WHERE kind = 'realised' AND is_decisive";
    let row = in_mysql.fetch_one(select).await.unwrap();
    assert!(row.get::<f64, _>(0) > 0.5 && row.get::<i64, _>(1) > 0);
    let select = "SELECT cumulated_clients, cumulated_money FROM business_impact ORDER BY period_from DESC LIMIT 1";
    let row = in_mysql.fetch_one(select).await.unwrap();
    assert!(
        (row.get::<f64, _>(1) - money).abs() < 1e-6,
        "cumulated to the end: {}",
        row.get::<f64, _>(0)
    );
}

#[tokio::test]
async fn a_decay_asks_for_a_new_model_once() {
    let folder = Folder::new();
    let (url, _connection) = sqlite(&folder, true).await;
    let asked = folder.path("asked");
    let command = format!("echo \"$MLOPS_RETRAIN_REASON\" >> {asked}");
    let run =
        || job(&["--database", &url, "--retrain", "--retrain-command", &command]).run().json(0);
    let first = run();
    assert_eq!(
        (&first["verdict"], &first["impact"]["verdict"]),
        (&"shifted".into(), &"shifted".into()),
        "{first}"
    );
    assert_eq!(
        (&first["retrain"]["action"], &run()["retrain"]["action"]),
        (&"submitted".into(), &"suppressed".into())
    );
    let asked = std::fs::read_to_string(asked).unwrap();
    assert!(asked.lines().count() == 1 && asked.contains("benefit of the model fell"), "{asked}");
}

#[tokio::test]
async fn a_client_of_both_arms_spoils_the_comparison() {
    let folder = Folder::new();
    let (url, mut connection) = sqlite(&folder, false).await;
    let payload =
        r#"{"input": {"client_id": "c0"}, "output": {"prediction": 0.1, "model_used": "model"}}"#;
    let insert =
        format!("INSERT INTO model_logs VALUES ('again', '2026-03-20 00:00:00', '{payload}')");
    let columns = "INSERT INTO model_logs (uid, logging_timestamp, input_output_payloads) VALUES";
    connection
        .execute(AssertSqlSafe(insert.replace("INSERT INTO model_logs VALUES", columns)))
        .await
        .unwrap();
    let report = job(&["--database", &url]).run().json(0);
    let why = report["why"].as_str().unwrap();
    assert!(why.starts_with("business impact: 1 clients were in both groups, such as c0"), "{why}");
    // The share of clients is not what it should be.
    let report = job(&["--database", &url, "--heuristic-share", "0.2", "--until", "2026-03-01"])
        .run()
        .json(0);
    assert!(
        report["impact"]["says"].as_str().unwrap().contains("the groups are not comparable"),
        "{report}"
    );
    // All of them are too young.
    let report = job(&["--database", &url, "--horizon", "400d"]).run().json(0);
    assert_eq!(report["why"], "no period is complete yet: outcomes are still missing");
}

#[tokio::test]
async fn predictions_may_be_judged_by_those_on_whom_nobody_acted() {
    let folder = Folder::new();
    let (url, mut connection) = sqlite(&folder, false).await;
    let report = job(&["--database", &url, "--outcomes-of", "heuristic"]).run().json(0);
    let rows = "SELECT SUM(n) FROM performance WHERE kind = 'realised'";
    let judged: i64 = connection.fetch_one(rows).await.unwrap().get(0);
    assert_eq!(judged, 600, "a tenth of the clients are the heuristic's");
    // They leave more often than predicted, since the model's offers do not reach them.
    let rate = "SELECT SUM(n * base_rate) / SUM(n) FROM performance WHERE kind = 'realised'";
    let rate: f64 = connection.fetch_one(rate).await.unwrap().get(0);
    assert!((0.24..0.36).contains(&rate), "0.15 by the model and 0.15 on top, not {rate}");
    let impact = &report["impact"];
    assert_eq!(
        (&impact["model"]["clients"], &impact["heuristic"]["clients"]),
        (&5400.into(), &600.into())
    );
}

#[tokio::test]
async fn models_share_outcomes_where_they_are_told_to() {
    let folder = Folder::new();
    let (url, mut connection) = sqlite(&folder, false).await;
    let whole = job(&["--database", &url, "--until", "2026-03-01"]).run().json(0);
    let copy = "INSERT INTO model_logs (model_name, uid, logging_timestamp, input_output_payloads) \
                SELECT 'ltv', uid, logging_timestamp, input_output_payloads FROM model_logs";
    connection.execute(copy).await.unwrap();
    let of_ltv = ["--database", &url, "--model", "ltv", "--until", "2026-03-01"];
    let report = job(&of_ltv).run().json(0);
    assert_eq!(report["why"], "no period is complete yet: outcomes are still missing", "{report}");
    let shared = job(&of_ltv).args(["--outcomes-model", "default"]).run().json(0);
    assert_eq!(shared["impact"]["money_saved"], whole["impact"]["money_saved"], "{shared}");
    let rows = "SELECT model_name, SUM(n) FROM performance WHERE kind = 'realised' GROUP BY model_name ORDER BY model_name";
    let rows = connection.fetch_all(rows).await.unwrap();
    let rows: Vec<(String, i64)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert_eq!(rows[0].1, rows[1].1, "{rows:?}");
}
