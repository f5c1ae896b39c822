//! The daily report.

use mlops_sql::Database;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection};

use crate::{World, header, part, subjects};

const FINDINGS: &str = "\
INSERT INTO data_shift (run_uid, feature, run_timestamp, kind, test, cutoff, effect_name, missing_reference, missing_production, \
    n_reference, n_production, verdict, why, shift_occurred) VALUES \
    ('d1', 'tenure', '2026-03-02 06:00:00', 'numeric', 'ks', 0.05, 'ks', 0, 0, 100, 100, 'shifted', '', TRUE), \
    ('d1', 'device', '2026-03-02 06:00:00', 'numeric', 'ks', 0.05, 'ks', 0, 0, 100, 100, 'stable', '', FALSE); \
INSERT INTO performance (run_uid, kind, period_from, period_to, run_timestamp, n, base_rate, log_loss, brier, details, verdict, why, \
    is_decisive) VALUES ('p1', 'realised', '2026-02-01', '2026-02-08', '2026-03-02 07:00:00', 9, 0.1, 0.2, 0.1, '{}', 'inconclusive', \
    'only 9 rows with an outcome', TRUE); \
INSERT INTO etl_watermark (pipeline, lag_seconds, objects, records, bad, bytes, past_folders, past_folders_digest, updated_at, version) \
    VALUES ('s3://acme-logs/churn', 90, 1, 1, 3, 1, 0, '', '2026-03-03 05:50:00', 1); \
INSERT INTO etl_partition (partition_key, pipeline, partition_id, bad, newest_logging_timestamp) \
    VALUES ('p', 's3://acme-logs/churn', 'dt=2026-03-02/**', 3, '2026-03-02 22:00:00')";

#[tokio::test]
async fn the_report_tells_of_yesterday_with_a_picture() {
    let world = World::new().await;
    world.log("2026-03-01 23:59:58", 4, 0.2).await;
    world.log("2026-03-02 10:00", 10, 0.7).await;
    let mut connection = MySqlConnection::connect(&world.database).await.unwrap();
    connection.execute(sqlx::raw_sql(AssertSqlSafe(FINDINGS))).await.unwrap();
    let run =
        |now: &str| world.job(now, &["--report", "daily", "--to", &world.to("team")]).run().json(0);
    assert_eq!(run("2026-03-03 06:00")["messages"]["sent"], 1);
    assert_eq!(run("2026-03-03 06:10")["messages"]["sent"], 0, "a day has one report");
    let mails = world.mails();
    assert_eq!(
        subjects(&mails),
        ["Report of 2026-03-02: 12 requests, mean predicted probability 0.617, shifted: drift"]
    );
    let (text, page) = (part(&mails[0], "text/plain"), part(&mails[0], "text/html"));
    for words in [
        "12 (day before: 2)",
        "1 of 2: tenure",
        "only 9 rows with an outcome",
        "s3://acme-logs/churn",
        "1m 30s",
        "dead letters 3",
    ] {
        assert!(text.contains(words) && page.contains(words), "no {words}: {text}\n{page}");
    }
    let parts = mails[0]["parts"].as_array().unwrap();
    let picture = parts.iter().find(|part| part["type"] == "image/png").unwrap();
    assert_eq!(picture["id"], "<predictions>");
    assert!(page.contains("cid:predictions"));
    assert!(picture["bytes"].as_str().unwrap().starts_with("89504e470d0a1a0a"), "{picture}");
}

#[tokio::test]
async fn a_verdict_raises_an_alert() {
    let world = World::new().await;
    let mut connection = MySqlConnection::connect(&world.database).await.unwrap();
    connection.execute(sqlx::raw_sql(AssertSqlSafe(FINDINGS))).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts.toml");
    let rule = |name: &str, keys: &str| {
        format!("[[rule]]\nname = '{name}'\nwindow = '1d'\nabove = 0\n{keys}\n")
    };
    let rules = [
        rule("drift", "metric = 'data-shift'"),
        rule("concept", "metric = 'concept-shift'"),
        rule("worse", "metric = 'performance'"),
        rule("letters", "metric = 'dead-letters'"),
        "[[rule]]\nname = 'etl is late'\nmetric = 'etl-silence'\nabove = 60\nseverity = 'critical'\n".to_owned(),
    ];
    let text = format!("[recipients.team]\nemail = ['{}']\n{}", world.to("team"), rules.join("\n"));
    std::fs::write(&path, text).unwrap();
    let rules = path.to_str().unwrap();
    let report: Value = world.job("2026-03-03 05:50", &["--rules", rules]).run().json(0);
    let states: Vec<(&str, &str)> = report["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| (rule["rule"].as_str().unwrap(), rule["state"].as_str().unwrap()))
        .collect();
    let expected = [
        ("drift", "firing"),
        ("concept", "unknown"),
        ("worse", "ok"),
        ("letters", "firing"),
        ("etl is late", "unknown"),
    ];
    assert_eq!(states, expected, "{report}");
    let report: Value = world.job("2026-03-03 07:00", &["--rules", rules]).run().json(0);
    assert_eq!(report["rules"][4]["state"], "firing", "{report}");
    let mails = world.mails();
    let late = "CRITICAL: etl is late: time since the last ETL run 70 min, above 60 min";
    let expected = [
        "WARNING: drift: 1 shifted feature in 1d, above 0",
        "WARNING: letters: 3 dead letters in 1d, above 0",
        late,
    ];
    let mut found = subjects(&mails);
    found.sort_unstable_by_key(|subject| expected.iter().position(|expected| expected == subject));
    assert_eq!(found, expected);
    assert_eq!(header(&mails[2], "Importance"), "high");
}

/// A rule of a table that is not there says that it cannot see.
#[tokio::test]
async fn without_its_table_a_rule_is_unknown() {
    let world = World::new().await;
    let mut connection = MySqlConnection::connect(&world.database).await.unwrap();
    connection.execute("DROP TABLE data_shift").await.unwrap();
    Database::connect(&world.database.parse().unwrap()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts.toml");
    let text = format!(
        "[[rule]]\nname = 'drift'\nmetric = 'data-shift'\nabove = 0\nto = ['{}']",
        world.to("team")
    );
    std::fs::write(&path, text).unwrap();
    let report: Value =
        world.job("2026-03-03 05:50", &["--rules", path.to_str().unwrap()]).run().json(0);
    assert_eq!(report["rules"][0]["state"], "unknown");
    assert!(report["rules"][0]["why"].as_str().unwrap().contains("--create-tables"), "{report}");
}
