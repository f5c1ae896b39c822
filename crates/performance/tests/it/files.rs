//! Tables and logs as files, without a database.

use std::fmt::Write as _;

use crate::{Folder, Units, job};

/// Scored rows, some a day from the first of January on; outcomes follow the scores, less so from
/// `worse_from` on, and are missing from `young_from` on.
fn scored(seed: u64, days: usize, worse_from: usize, young_from: usize) -> String {
    let mut units = Units(seed);
    let mut csv = "client_id,scored_at,score,churn\n".to_owned();
    for day in 0..days {
        for row in 0..60 {
            let score = units.next().powi(2);
            let chance = if day >= worse_from { 0.25 + 0.2 * score } else { score };
            let churn = if units.next() < chance { "yes" } else { "no" };
            let churn = if day >= young_from { "" } else { churn };
            let date = format!("2026-{:02}-{:02}", 1 + day / 28, 1 + day % 28);
            writeln!(csv, "c{day}-{row},{date} 12:00:00,{score:.6},{churn}").unwrap();
        }
    }
    csv
}

const COLUMNS: [&str; 6] = ["--prediction", "score", "--target", "churn", "--time", "scored_at"];

#[test]
fn predictions_that_became_worse_are_found() {
    let folder = Folder::new();
    let reference = folder.write("reference.csv", &scored(1, 28, 28, 28));
    let production = folder.write("production.csv", &scored(2, 84, 56, 84));
    let arguments = ["--reference", &reference, "--production", &production, "--every", "month"];
    let page = folder.path("page.html");
    let report =
        job(&arguments).args(COLUMNS).args(["--report", &page, "--fail-on-verdict"]).run().json(10);
    assert_eq!(report["verdict"], "shifted", "{report}");
    let periods = report["periods"].as_array().unwrap();
    let verdicts: Vec<&str> =
        periods.iter().map(|period| period["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["stable", "stable", "shifted"]);
    assert_eq!(periods[0]["from"], "2026-01-01 00:00:00.000000");
    assert_eq!(periods[2]["is_decisive"], true);
    assert!(
        report["why"].as_str().unwrap().starts_with("period from 2026-03-01 (n = "),
        "{}",
        report["why"]
    );
    let auc = |index: usize| periods[index]["roc_auc"].as_f64().unwrap();
    assert!(auc(0) > 0.8 && auc(2) < 0.65, "{} and {}", auc(0), auc(2));
    // That the outcomes follow from the scores in another way cannot be seen before they come.
    assert_eq!(periods[2]["expected_worse"], false);
    let expected = periods[0]["estimated"]["roc_auc"]["value"].as_f64().unwrap();
    assert!((expected - auc(0)).abs() < 0.02, "{expected}");
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("Predictions compared with training") && !page.contains("http"));
}

#[test]
fn what_has_no_outcome_waits_and_is_estimated() {
    let folder = Folder::new();
    let reference = folder.write("reference.csv", &scored(1, 28, 28, 28));
    let production = folder.write("production.csv", &scored(2, 56, 56, 28));
    let arguments = ["--reference", &reference, "--production", &production, "--every", "month"];
    let report = job(&arguments).args(COLUMNS).run().json(0);
    assert_eq!(report["verdict"], "stable", "{report}");
    let young = &report["periods"][1];
    assert_eq!(
        (&young["n"], &young["waiting"], &young["verdict"]),
        (&0.into(), &1680.into(), &"inconclusive".into())
    );
    assert!(young["estimated"]["roc_auc"]["value"].as_f64().unwrap() > 0.8, "{young}");
    let waiting = folder.write("waiting.csv", &scored(2, 14, 14, 0));
    let arguments = ["--reference", &reference, "--production", &waiting];
    let report = job(&arguments).args(COLUMNS).run().json(0);
    assert_eq!(report["why"], "no period is complete yet: outcomes are still missing");
}

#[test]
fn scores_that_are_no_probabilities_are_calibrated_by_the_reference() {
    let folder = Folder::new();
    let halved = |csv: String| {
        let mut lines = csv.lines();
        let mut halved = format!("{}\n", lines.next().unwrap());
        for line in lines {
            let cells: Vec<&str> = line.split(',').collect();
            let score: f64 = cells[2].parse().unwrap();
            writeln!(halved, "{},{},{},{}", cells[0], cells[1], 0.4 * score, cells[3]).unwrap();
        }
        halved
    };
    let reference = folder.write("reference.csv", &halved(scored(1, 28, 28, 28)));
    let production = folder.write("production.csv", &halved(scored(2, 28, 28, 0)));
    let arguments = ["--reference", &reference, "--production", &production];
    let report = job(&arguments).args(COLUMNS).run().json(0);
    assert_eq!(report["calibrated"], true);
    let base_rate = report["periods"][1]["estimated"]["base_rate"].as_f64().unwrap();
    assert!((base_rate - 1.0 / 3.0).abs() < 0.06, "{base_rate}");
}

#[test]
fn logs_in_a_folder_are_joined_with_a_file_of_outcomes() {
    let folder = Folder::new();
    let mut units = Units(3);
    let (mut logs, mut outcomes) =
        (String::new(), "client_id,outcome_timestamp,outcome\n".to_owned());
    for row in 0..900 {
        let score = units.next();
        let uid = if row % 3 == 0 { "older" } else { "newer" };
        writeln!(
            logs,
            r#"{{"input": {{"uid": "u{row}", "client_id": "c{row}"}}, "output": {{"prediction": {score}, "high_risk": "{}", "model_uid": "{uid}", "logging_timestamp": "2026-03-0{} 10:00:00"}}}}"#,
            if score > 0.8 { "yes" } else { "no" },
            2 + row % 5
        )
        .unwrap();
        writeln!(outcomes, "c{row},2026-03-20,{}", if units.next() < score { "yes" } else { "no" })
            .unwrap();
    }
    writeln!(outcomes, "nobody,2026-06-01,no").unwrap();
    folder.write("logs.ndjson", &logs);
    let outcomes = folder.write("outcomes.csv", &outcomes);
    let report =
        job(&["--production", &folder.path("logs.ndjson"), "--outcomes", &outcomes]).run().json(0);
    assert_eq!(
        (&report["labels"]["labelled"], &report["verdict"]),
        (&900.into(), &"stable".into()),
        "{report}"
    );
    let period = &report["periods"][0];
    assert!(
        period["realised"]["precision"]["value"].as_f64().unwrap() > 0.8,
        "high risk is what was logged: {period}"
    );
}

#[test]
fn bad_arguments_are_named() {
    let folder = Folder::new();
    let production = folder.write("production.csv", &scored(2, 7, 7, 7));
    for (arguments, says) in [
        (
            vec!["--prediction", "score"],
            "the column with the outcome is missing; name it with --target",
        ),
        (vec!["--prediction", "no", "--target", "churn"], "--prediction no"),
        (vec!["--prediction", "score", "--target", "no"], "no"),
        (vec!["--prediction", "score", "--target", "churn", "--time", "when"], "--time when"),
        (
            vec!["--prediction", "score", "--target", "churn", "--since", "2026-01-02"],
            "name its time column with --time",
        ),
        (
            vec!["--prediction", "score", "--target", "churn", "--retrain"],
            "--retrain needs the database",
        ),
        (vec!["--prediction", "score", "--target", "client_id"], "client_id"),
    ] {
        let ended = job(&["--production", &production]).args(&arguments).run();
        assert_eq!(ended.code, 2, "{arguments:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(says), "{arguments:?}: {}", ended.stderr);
    }
    let odd = folder.write("odd.csv", "score,churn\n0.5,yes\n1.5,no\n,no\n0.1,no\n");
    let report =
        job(&["--production", &odd, "--prediction", "score", "--target", "churn"]).run().json(0);
    assert_eq!((&report["without_prediction"], &report["periods"][0]["n"]), (&2.into(), &2.into()));
    assert_eq!(report["verdict"], "inconclusive");
}
