//! The counts by hour against the log itself.

use mlops_testkit::mysql;
use sqlx::{AssertSqlSafe, Connection, MySqlConnection, Row, SqliteConnection};
use tempfile::TempDir;

use crate::world::{execute, job};

async fn databases() -> (TempDir, [String; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite://{}/mlops.db", folder.path().display());
    let mysql = mysql().database().await;
    for url in [&sqlite, &mysql] {
        job(&["refresh", "--create-tables", "--database", url]).run().json(0);
    }
    (folder, [sqlite, mysql])
}

async fn log(url: &str, uid: &str, time: &str, output: &str) {
    let payload = format!(r#"{{"input":{{"client_id":"c"}},"output":{output}}}"#);
    let columns = "model_logs (uid, logging_timestamp, input_output_payloads)";
    execute(url, &format!("INSERT INTO {columns} VALUES ('{uid}', '{time}', '{payload}')")).await;
}

/// The roll-up: hour, model, arm, requests, predictions, their sum, high risk.
async fn rolled(url: &str) -> Vec<(String, String, String, i64, i64, f64, i64)> {
    let select = "SELECT CAST(logged_hour AS CHAR), model_uid, CAST(arm AS CHAR), requests, predictions, prediction_sum, high_risk \
                  FROM log_rollup ORDER BY logged_hour, model_uid, arm";
    macro_rules! rows {
        ($connection:ty) => {{
            let mut connection = <$connection>::connect(url).await.unwrap();
            let rows = sqlx::query(AssertSqlSafe(select)).fetch_all(&mut connection).await.unwrap();
            let hour = |text: String| text[..13].to_owned();
            rows.iter()
                .map(|r| {
                    (hour(r.get(0)), r.get(1), r.get(2), r.get(3), r.get(4), r.get(5), r.get(6))
                })
                .collect()
        }};
    }
    if url.starts_with("mysql") { rows!(MySqlConnection) } else { rows!(SqliteConnection) }
}

fn refresh(url: &str, arguments: &[&str]) -> serde_json::Value {
    job(&["refresh", "--database", url]).args(arguments).run().json(0)
}

#[tokio::test]
async fn what_was_logged_is_counted_by_hour_model_and_arm() {
    let (_folder, urls) = databases().await;
    for url in &urls {
        log(
            url,
            "a",
            "2026-05-01 03:00:00.000000",
            r#"{"prediction":0.25,"model_uid":"m1","high_risk":"yes"}"#,
        )
        .await;
        log(
            url,
            "b",
            "2026-05-01 03:59:59.999999",
            r#"{"prediction":0.5,"model_uid":"m1","model_used":"model","high_risk":"no"}"#,
        )
        .await;
        log(
            url,
            "c",
            "2026-05-01 03:10:00.000000",
            r#"{"prediction":1,"model_uid":"m1","model_used":"rule","high_risk":true}"#,
        )
        .await;
        log(
            url,
            "d",
            "2026-05-01 04:00:00.000000",
            r#"{"prediction":0.75,"model_uid":null,"model_used":null}"#,
        )
        .await;
        // What is no probability is a request without a prediction.
        log(url, "e", "2026-05-01 04:00:00.000000", r#"{"prediction":"0.7","high_risk":null}"#)
            .await;
        log(url, "f", "2026-05-01 04:00:00.000000", r#"{"prediction":1e300}"#).await;
        log(url, "g", "2026-05-01 04:00:00.000000", r#"{"prediction":null}"#).await;
        let row = |hour: &str, model: &str, arm: &str, requests, predictions, sum, high| {
            (hour.to_owned(), model.to_owned(), arm.to_owned(), requests, predictions, sum, high)
        };
        assert_eq!(refresh(url, &[])["hours"], 2, "{url}");
        let expected = [
            row("2026-05-01 03", "m1", "heuristic", 1, 1, 1.0, 1),
            row("2026-05-01 03", "m1", "model", 2, 2, 0.75, 1),
            row("2026-05-01 04", "", "model", 4, 1, 0.75, 1),
        ];
        assert_eq!(rolled(url).await, expected, "{url}");
        assert_eq!(refresh(url, &[])["hours"], 0, "{url}");
    }
}

#[tokio::test]
async fn what_comes_late_or_goes_is_counted_too() {
    let (_folder, urls) = databases().await;
    for url in &urls {
        let output = r#"{"prediction":0.5}"#;
        log(url, "old", "2026-01-01 00:30:00.000000", output).await;
        log(url, "new", "2026-05-09 12:30:00.000000", output).await;
        assert_eq!(refresh(url, &["--audit", "0"])["audited"], true);
        // Within the look-back, and months before it.
        log(url, "late", "2026-05-08 11:30:00.000000", output).await;
        log(url, "very late", "2026-01-01 00:40:00.000000", output).await;
        let newest = refresh(url, &["--lookback", "7d", "--audit", "9d"]);
        assert_eq!((&newest["hours"], &newest["audited"]), (&1.into(), &false.into()), "{url}");
        let audit = refresh(url, &["--audit", "0"]);
        assert_eq!((&audit["hours"], &audit["audited"]), (&1.into(), &true.into()), "{url}");
        let requests: Vec<i64> = rolled(url).await.into_iter().map(|row| row.3).collect();
        assert_eq!(requests, [2, 1, 1], "{url}");
        execute(url, "DELETE FROM model_logs WHERE uid <> 'new'").await;
        assert_eq!(refresh(url, &["--audit", "0"])["hours"], 2, "{url}");
        assert_eq!(rolled(url).await.len(), 1, "{url}");
        // A payload that was replaced shows in no number of requests.
        execute(
            url,
            r#"UPDATE model_logs SET input_output_payloads = '{"output":{"prediction":0.25}}'"#,
        )
        .await;
        assert_eq!(refresh(url, &["--audit", "0"])["hours"], 0, "{url}");
        assert_eq!(refresh(url, &["--all"])["hours"], 1, "{url}");
        assert_eq!(rolled(url).await[0].5, 0.25, "{url}");
    }
}

#[tokio::test]
async fn a_time_far_off_does_not_hold_it_up() {
    let (_folder, urls) = databases().await;
    for url in &urls {
        for (uid, time) in
            [("first", "1970-01-01 00:00:00.000000"), ("last", "9998-12-31 23:59:59.000000")]
        {
            log(url, uid, time, r#"{"prediction":0.5}"#).await;
        }
        assert_eq!(refresh(url, &["--audit", "0"])["hours"], 2, "{url}");
        // The newest hour is not taken for today's: look-backs begin now.
        log(url, "today", "2026-05-09 12:30:00.000000", r#"{"prediction":0.5}"#).await;
        assert_eq!(refresh(url, &["--audit", "0"])["hours"], 1, "{url}");
    }
}

#[tokio::test]
async fn what_is_no_json_is_a_request_without_a_prediction() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/mlops.db", folder.path().display());
    refresh(&url, &[]);
    let columns = "model_logs (uid, logging_timestamp, input_output_payloads)";
    execute(
        &url,
        &format!("INSERT INTO {columns} VALUES ('a', '2026-05-01 03:00:00.000000', 'no json')"),
    )
    .await;
    assert_eq!(refresh(&url, &["--audit", "0"])["hours"], 1);
    let row = &rolled(&url).await[0];
    assert_eq!((row.3, row.4), (1, 0));
}
