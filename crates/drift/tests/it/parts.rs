//! Parts of data: chunks, segments, profiles, and metrics of each feature.

use mlops_testkit::Job;
use serde_json::Value;

use crate::files::{run, table};

/// Two hundred rows a day from 1 January 2026 on; the score moves on the third, and in the group
/// `b` alone.
fn four_days() -> String {
    let mut csv = "day,score,group\n".to_owned();
    for i in 0..800 {
        let (day, group) = (1 + i / 200, ["a", "b"][i % 2]);
        let offset = if day >= 3 && group == "b" { 0.5 } else { 0.0 };
        csv.push_str(&format!(
            "2026-01-{day:02} 05:00:00,{},{group}\n",
            (i * 7919 % 800) as f64 / 800.0 + offset
        ));
    }
    csv
}

#[test]
fn a_trend_shows_when_it_began_and_a_segment_where() {
    let arguments = ["--time", "day", "--chunk", "day", "--by", "group"];
    let report = run(&table(0.0, 2), &four_days(), &arguments).json(0);
    let trend = report["trend"].as_array().unwrap();
    let chunks: Vec<(&str, u64, &str)> = trend
        .iter()
        .map(|chunk| {
            let score = chunk["features"]
                .as_array()
                .unwrap()
                .iter()
                .find(|f| f["feature"] == "score")
                .unwrap();
            (
                chunk["chunk"].as_str().unwrap(),
                chunk["rows"].as_u64().unwrap(),
                score["verdict"].as_str().unwrap(),
            )
        })
        .collect();
    let days = [
        ("2026-01-01", "stable"),
        ("2026-01-02", "stable"),
        ("2026-01-03", "shifted"),
        ("2026-01-04", "shifted"),
    ];
    assert_eq!(chunks, days.map(|(day, verdict)| (day, 200, verdict)), "{report}");
    let segments: Vec<(&str, &str, usize)> = report["segments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|segment| {
            let features = segment["features"].as_array().unwrap().len();
            (segment["segment"].as_str().unwrap(), segment["verdict"].as_str().unwrap(), features)
        })
        .collect();
    // The column that names the segments is no feature within one.
    assert_eq!(segments, [("a", "stable", 1), ("b", "shifted", 1)], "{report}");

    let people =
        run(&table(0.0, 2), &four_days(), &[&arguments[..], &["--output", "human"]].concat())
            .stdout;
    for words in ["▁▁▅▅", "shifted since 2026-01-03", " b       score "] {
        assert!(people.contains(words), "no `{words}` in {people}");
    }
    let early =
        run(&table(0.0, 2), &four_days(), &["--time", "day", "--until", "2026-01-03"]).json(0);
    assert_eq!(
        (&early["verdict"], &early["rows_production"]),
        (&"stable".into(), &400.into()),
        "{early}"
    );
}

#[test]
fn a_profile_stands_for_its_table_and_profiles_add_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let write = |name: &str, content: &str| std::fs::write(path(name), content).unwrap();
    write("train.csv", &table(0.0, 4));
    let moved = table(0.1, 2);
    let (header, rows) = moved.split_once('\n').unwrap();
    let half = rows.match_indices('\n').nth(299).unwrap().0 + 1;
    write("may.csv", &moved);
    write("early.csv", &format!("{header}\n{}", &rows[..half]));
    write("late.csv", &format!("{header}\n{}", &rows[half..]));
    let drift = |arguments: &[&str]| {
        Job::new(env!("CARGO_BIN_EXE_drift")).args(arguments).env("MLOPS_OUTPUT", "json").run()
    };
    let profile = |arguments: &[&str]| drift(&[&["profile"], arguments].concat()).json(0);
    let train = path("train.profile");
    let report = profile(&["--reference", &path("train.csv"), "--out", &train, "--by", "group"]);
    assert_eq!(
        (&report["rows"], &report["columns"], &report["segments"]),
        (&600.into(), &4.into(), &2.into())
    );
    for half in ["early", "late"] {
        let (from, to) = (path(&format!("{half}.csv")), path(&format!("{half}.profile")));
        profile(&["--reference", &train, "--target", "churn", "--production", &from, "--out", &to]);
    }
    let both = format!("{},{}", path("early.profile"), path("late.profile"));
    profile(&[
        "--reference",
        &train,
        "--target",
        "churn",
        "--production",
        &both,
        "--out",
        &path("may.profile"),
    ]);

    let compare = |reference: &str, production: &str| {
        drift(&["--reference", reference, "--production", production, "--target", "churn"]).stdout
    };
    let by_tables = compare(&path("train.csv"), &path("may.csv"));
    assert!(by_tables.contains("\"shifted\""), "{by_tables}");
    assert_eq!(compare(&train, &path("may.profile")), by_tables);
    assert_eq!(compare(&train, &both), by_tables);

    let check = |arguments: &[&str], words: &[&str]| drift(arguments).check_failed(2, words);
    let may = path("may.profile");
    check(
        &["--reference", &train, "--production", &may, "--by", "group"],
        &["may.profile has no segments by group"],
    );
    check(
        &["--reference", &train, "--production", &may, "--chunk", "100"],
        &["may.profile is a profile", "--chunk"],
    );
    check(
        &["--reference", &train, "--production", &may, "--categorical", "score"],
        &["drift profile --categorical score"],
    );
    let bytes = std::fs::read(&may).unwrap();
    std::fs::write(path("cut.profile"), &bytes[..bytes.len() / 2]).unwrap();
    check(
        &["--reference", &path("cut.profile"), "--production", &may],
        &["cut.profile is not a profile"],
    );
    check(&["profile", "--out", &may], &["--reference (DRIFT_REFERENCE) is missing"]);
}

#[test]
fn metrics_are_lines_that_cloudwatch_takes() {
    let ended = run(&table(0.0, 4), &table(0.1, 4), &["--metrics"]);
    ended.json(0);
    let lines = ended.stderr.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let metrics: Vec<Value> = lines.filter(|line| line.get("_aws").is_some()).collect();
    assert_eq!(
        metrics.len(),
        4,
        "of the run, of two features, and that it completed: {}",
        ended.stderr
    );
    for line in &metrics {
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        // Of 2026 or later, in milliseconds.
        assert!(line["_aws"]["Timestamp"].as_i64().unwrap() > 1_767_225_600_000, "{line}");
        assert_eq!(directive["Namespace"], "mlops");
        let names = |list: &Value| -> Vec<String> {
            list.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
        };
        for dimension in names(&directive["Dimensions"][0]) {
            assert!(line[&dimension].is_string(), "{dimension} of {line}");
        }
        for metric in directive["Metrics"].as_array().unwrap() {
            assert!(line[metric["Name"].as_str().unwrap()].is_number(), "{metric} of {line}");
        }
    }
    assert_eq!(
        (&metrics[0]["job"], &metrics[0]["shifted_features"]),
        (&"drift".into(), &1.0.into())
    );
    assert_eq!(metrics[1]["feature"], "score");
    assert!(
        (metrics[1]["effect"].as_f64().unwrap() - 0.101_666_666_666).abs() < 1e-9,
        "{}",
        metrics[1]
    );
    assert_eq!((&metrics[3]["job"], &metrics[3]["completed"]), (&"drift".into(), &1.0.into()));
    assert!(!run(&table(0.0, 4), &table(0.1, 4), &[]).stderr.contains("_aws"));
}
