//! Two files, and no database.

use mlops_testkit::{Ended, Job};
use serde_json::Value;
use tempfile::TempDir;

/// 600 rows of a score, a group and an id; the score moves by `offset`, every `every`th row is of
/// group `b`.
pub(crate) fn table(offset: f64, every: usize) -> String {
    let mut csv = "id,score,group,churn\n".to_owned();
    for i in 0..600 {
        // A permutation of 0..600, so that the score is spread evenly over the rows.
        let score = (i * 7919 % 600) as f64 / 600.0 + offset;
        let group = if i % every == 0 { "b" } else { "a" };
        csv.push_str(&format!(
            "customer {i},{score},{group},{}\n",
            if i % 5 == 0 { "yes" } else { "no" }
        ));
    }
    csv
}

pub(crate) fn run(reference: &str, production: &str, arguments: &[&str]) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let file = |folder: &TempDir, name: &str, content: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (reference, production) =
        (file(&folder, "train.csv", reference), file(&folder, "may.csv", production));
    Job::new(env!("CARGO_BIN_EXE_drift"))
        .args(["--reference", &reference, "--production", &production, "--target", "churn"])
        .args(arguments)
        .env("MLOPS_OUTPUT", "json")
        .run()
}

fn feature<'a>(report: &'a Value, name: &str) -> &'a Value {
    let features = report["features"].as_array().unwrap();
    features
        .iter()
        .find(|feature| feature["feature"] == name)
        .unwrap_or_else(|| panic!("no {name} in {report}"))
}

#[test]
fn a_table_against_itself_is_stable() {
    let report = run(&table(0.0, 4), &table(0.0, 4), &["--fail-on-verdict"]).json(0);
    assert_eq!(report["verdict"], "stable", "{report}");
    let score = feature(&report, "score");
    assert_eq!((&score["statistic"], &score["p_value"]), (&0.0.into(), &1.0.into()), "{score}");
}

#[test]
fn what_moved_is_named_with_its_numbers() {
    let ended = run(&table(0.0, 4), &table(0.1, 2), &["--fail-on-verdict"]);
    let report = ended.json(10);
    assert_eq!(report["verdict"], "shifted", "{report}");
    let score = feature(&report, "score");
    assert_eq!((&score["kind"], &score["test"]), (&"numeric".into(), &"kolmogorov_smirnov".into()));
    // scipy 1.17.1: ks_2samp(s, s + 0.1) of the same 600 values.
    check_close(&score["statistic"], 0.101_666_666_666_666_67);
    // 404 values of these are in both, which scipy's 0.0040 does not take into account. Of 400,000
    // permutations 0.00349 ± 0.00009 have such a distance.
    let p_value = score["p_value"].as_f64().unwrap();
    assert!((p_value - 0.003_49).abs() < 0.000_2, "{p_value}");
    let group = feature(&report, "group");
    assert_eq!(
        (&group["test"], &group["effect_name"]),
        (&"chi_squared".into(), &"cramers_v".into())
    );
    // scipy 1.17.1: chi2_contingency([[450, 150], [300, 300]]).
    check_close(&group["statistic"], 78.936_888_888_888_89);
    check_close(&group["p_value"], 6.412_610_705_124_439e-19);
}

#[test]
fn the_target_is_compared_by_itself_where_production_has_it() {
    let more_churn: String = table(0.0, 4).replace(",a,no\n", ",a,yes\n").lines().enumerate().fold(
        String::new(),
        |csv, (i, line)| {
            // Of every third customer the outcome is not known yet.
            let line = if i > 0 && i % 3 == 0 {
                line.trim_end_matches(['y', 'e', 's', 'n', 'o'])
            } else {
                line
            };
            csv + line + "\n"
        },
    );
    let report = run(&table(0.0, 4), &more_churn, &[]).json(0);
    assert_eq!(report["verdict"], "stable", "{report}");
    let outcome = &report["outcomes"][0];
    assert_eq!(
        (&outcome["feature"], &outcome["verdict"]),
        (&"churn".into(), &"shifted".into()),
        "{report}"
    );
    assert_eq!((&outcome["state"], &outcome["n_production"]), (&"value_shift".into(), &400.into()));
    // scipy 1.17.1: chi2_contingency([[480, 120], [80, 320]]).
    check_close(&outcome["statistic"], 348.218_513_257_575_75);
    assert!(
        report["features"].as_array().unwrap().iter().all(|feature| feature["feature"] != "churn")
    );
}

fn check_close(ours: &Value, theirs: f64) {
    let ours = ours.as_f64().unwrap();
    assert!((ours - theirs).abs() <= 1e-9 * theirs, "{ours:e}, scipy has {theirs:e}");
}

#[test]
fn the_document_has_the_fields_of_the_contract() {
    let report = run(&table(0.0, 4), &table(0.1, 4), &[]).json(0);
    let fields = [
        "feature",
        "kind",
        "test",
        "statistic",
        "p_value",
        "p_value_adjusted",
        "effect",
        "effect_name",
        "missing_reference",
        "missing_production",
        "measures",
        "smallest_shift",
        "verdict",
        "state",
        "why",
    ];
    for entry in report["features"].as_array().unwrap() {
        assert!(fields.iter().all(|field| entry.get(field).is_some()), "{entry}");
    }
    assert_eq!(report["features"].as_array().unwrap().len(), 2);
    assert_eq!(report["run_uid"], Value::Null, "nothing is written without a database");
}

#[test]
fn columns_that_are_no_features_are_listed() {
    let report = run(&table(0.0, 4), &table(0.0, 4), &[]).json(0);
    let skipped: Vec<&str> = report["skipped"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| column["column"].as_str().unwrap())
        .collect();
    assert_eq!(skipped, ["id", "churn"]);
    let report = run(&table(0.0, 4), &table(0.0, 4), &["--id", "id,group"]).json(0);
    assert_eq!(report["features"].as_array().unwrap().len(), 1, "{report}");
}

#[test]
fn what_cannot_be_seen_is_inconclusive_and_does_not_stop_the_rest() {
    let production: String = table(0.0, 4)
        .lines()
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            format!("{},{},{}\n", cells[0], cells[1], cells[3])
        })
        .collect();
    let report = run(&table(0.0, 4), &production, &["--fail-on-verdict"]).json(0);
    assert_eq!(report["verdict"], "inconclusive", "{report}");
    assert_eq!(feature(&report, "score")["verdict"], "stable");
    let group = feature(&report, "group");
    assert_eq!(
        (&group["verdict"], &group["statistic"]),
        (&"inconclusive".into(), &Value::Null),
        "{group}"
    );
    assert_eq!(group["why"], "the column is missing in production");
    assert_eq!(
        (&group["state"], &report["data_bugs"]),
        (&"vanished_column".into(), &serde_json::json!(["group"]))
    );
}

#[test]
fn another_unit_is_a_data_bug() {
    let scaled: String = table(1.0, 4)
        .lines()
        .enumerate()
        .map(|(line, text)| {
            let cells: Vec<&str> = text.split(',').collect();
            let score = cells[1]
                .parse()
                .map_or_else(|_| cells[1].to_owned(), |score: f64| (score * 1000.0).to_string());
            format!(
                "{},{score},{},{},{}\n",
                cells[0],
                cells[2],
                cells[3],
                if line == 0 { "version" } else { "2" }
            )
        })
        .collect();
    let report = run(&table(1.0, 4), &scaled, &[]).json(0);
    assert_eq!(feature(&report, "score")["state"], "unit_changed", "{report}");
    assert_eq!(report["data_bugs"], serde_json::json!(["score"]));
    assert_eq!(report["new_columns"], serde_json::json!(["version"]));
    let people = run(&table(1.0, 4), &scaled, &["--output", "human"]).stdout;
    for words in [
        "shifted: unit changed",
        "changed unit: ×1000",
        "DATA ERROR, not a shift: score",
        "new column in production: version",
    ] {
        assert!(people.contains(words), "no `{words}` in {people}");
    }
}

#[test]
fn the_policy_is_chosen_by_arguments() {
    let verdict = |arguments: &[&str]| {
        let report = run(&table(0.0, 4), &table(0.1, 2), arguments).json(0);
        let found = |name| {
            (
                feature(&report, name)["test"].clone(),
                feature(&report, name)["p_value_adjusted"].clone(),
            )
        };
        (found("score"), found("group"), report["correction"].clone())
    };
    let (score, group, correction) =
        verdict(&["--numeric-test", "mann-whitney", "--categorical-test", "g"]);
    assert_eq!(
        (score.0, group.0, correction),
        ("mann_whitney".into(), "g_test".into(), "benjamini_hochberg".into())
    );
    let raw = verdict(&["--correction", "none"]);
    let bonferroni = verdict(&["--correction", "bonferroni"]);
    let (raw, twice) = (raw.0.1.as_f64().unwrap(), bonferroni.0.1.as_f64().unwrap());
    assert!((twice - 2.0 * raw).abs() < 1e-15, "{twice} of {raw}");
    // An effect below the floor and a p-value that is not adjusted: the plain rule minds neither.
    let report = run(&table(0.0, 4), &table(0.1, 4), &["--min-effect", "0.2"]).json(0);
    assert_eq!(report["verdict"], "stable", "{report}");
    let report = run(&table(0.0, 4), &table(0.1, 4), &["--compat", "plain"]).json(0);
    assert_eq!(
        (&report["verdict"], &report["correction"]),
        (&"shifted".into(), &"none".into()),
        "{report}"
    );
}

#[test]
fn few_rows_claim_nothing() {
    let few: String = table(5.0, 2).lines().take(31).map(|line| format!("{line}\n")).collect();
    let report = run(&table(0.0, 4), &few, &[]).json(0);
    assert_eq!(report["verdict"], "inconclusive", "{report}");
    let why = "too few production values: 30, at least 50 needed; smallest detectable shift 0.52 standard deviations";
    assert_eq!(feature(&report, "score")["why"], why);
    let report = run(&table(0.0, 4), &few, &["--min-rows", "30"]).json(0);
    assert_eq!(report["verdict"], "shifted", "{report}");
}

#[test]
fn the_same_files_give_the_same_bytes() {
    let once = run(&table(0.0, 4), &table(0.1, 3), &[]).stdout;
    assert_eq!(once, run(&table(0.0, 4), &table(0.1, 3), &[]).stdout);
}

#[test]
fn mistakes_are_named() {
    let check = |arguments: &[&str], words: &[&str]| {
        run(&table(0.0, 4), &table(0.0, 4), arguments).check_failed(2, words)
    };
    check(&["--id", "cutomer"], &["--id cutomer", "id, score, group, churn"]);
    check(&["--significance", "5"], &["significance level 5 is not between 0 and 1"]);
    check(&["--min-rows", "1"], &["minimum number of rows 1 is too small"]);
    check(&["--since", "2026-01-01"], &["may.csv is a table", "--time"]);
    check(&["--chunk", "day"], &["may.csv is a table", "--time"]);
    check(&["--chunk", "0"], &["day, week, or a number of rows"]);
    check(
        &["--since", "2026-01-02", "--until", "2026-01-01", "--time", "id"],
        &["--since", "must be before --until"],
    );
    check(
        &["--by", "plan"],
        &["--by plan", "train.csv has no such column", "id, score, group, churn"],
    );
    run("", "", &[]).check_failed(2, &["train.csv", "the file is empty"]);
    run(&table(0.0, 4), "id,score\n1\n", &[]).check_failed(2, &["may.csv", "line: 2"]);
    Job::new(env!("CARGO_BIN_EXE_drift"))
        .args(["--reference", "/nowhere/train.csv", "--production", "x.csv"])
        .run()
        .check_failed(2, &["/nowhere/train.csv"]);
}

#[test]
fn a_report_is_one_page_with_a_picture_of_each_feature() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("reports/may.html");
    let rename = |text: String| text.replace("group", "<b>group");
    run(&rename(table(0.0, 4)), &rename(table(0.1, 2)), &["--report", page.to_str().unwrap()])
        .json(0);
    let page = std::fs::read_to_string(page).unwrap();
    for words in [
        "Data shift: shifted",
        "<h2>score ",
        "<h2>&lt;b&gt;group ",
        "Not compared: <b>churn</b>",
        "50.0%",
        "Target (rows with a known outcome)",
    ] {
        assert!(page.contains(words), "no `{words}` in {page}");
    }
    assert_eq!((page.matches("<svg").count(), page.matches("<table").count()), (1, 2), "{page}");
    assert_eq!(page.matches("<rect").count(), 24, "a bar a bin: {page}");
    // Nothing is fetched from anywhere, so that it may be mailed.
    assert!(
        !page.contains("http") && !page.contains("<script") && !page.contains("src="),
        "{page}"
    );
}

#[test]
fn people_get_a_table_with_what_needs_them_first() {
    let ended = run(&table(0.0, 4), &table(0.1, 4), &["--output", "human"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let at = |word: &str| {
        ended.stdout.find(word).unwrap_or_else(|| panic!("no {word} in {}", ended.stdout))
    };
    assert!(at("score ") < at("group "), "{}", ended.stdout);
    assert!(
        ended.stdout.contains("SHIFTED: 1 of 2 features shifted, 0 inconclusive"),
        "{}",
        ended.stdout
    );
}
