//! Columns that hold the outcome or identify rows make no model.

use serde_json::Value;

use crate::{World, customers};

/// Returns the customers with one more column.
fn with_column(name: &str, cell: impl Fn(usize, &str) -> String) -> String {
    let lines = customers(3000, false);
    let add = |(row, line): (usize, &str)| {
        let (features, outcome) = line.rsplit_once(',').unwrap();
        let cell = if row == 0 { name.to_owned() } else { cell(row, outcome) };
        format!("{features},{cell},{outcome}\n")
    };
    lines.lines().enumerate().map(add).collect()
}

fn reasons(report: &Value) -> String {
    report["gate"]["reasons"].to_string()
}

#[test]
fn a_leak_is_refused_by_name_unless_it_is_allowed() {
    let tree = "learner = \"decision-tree\"\nparams = { max_depth = 3 }\n";
    let check = |what: &str, words: &[&str], cell: fn(usize, &str) -> String| {
        let world = World::new();
        let recipe = world.write("tree.toml", tree);
        world.write("leak.csv", &with_column("closing", cell));
        let report = world.retrain("leak.csv", &["--fail-on-verdict", "--recipe", &recipe]);
        let report = report.run().json(10);
        for word in words.iter().chain(&["closing", "--allow-leak closing"]) {
            assert!(reasons(&report).contains(word), "{what}: no `{word}` in {report}");
        }
        assert!(!world.has("models/model.pkl"));
        let allowed = ["--allow-leak", "closing", "--recipe", &recipe, "--dry-run"];
        let report = world.retrain("leak.csv", &allowed).run().json(0);
        assert!(!reasons(&report).contains("closing"), "{what}: {report}");
        if words.contains(&"of the importance") {
            return;
        }
        let data = world.path("leak.csv");
        let search = ["search", "--data", &data, "--target", "churn", "--trials", "1"];
        world.job(&search).run().check_failed(2, &["closing", "--allow-leak"]);
    };
    check("a copy", &["out-of-fold AUC 1.000"], |_, outcome| {
        if outcome == "yes" { "1" } else { "0" }.to_owned()
    });
    check("a reason of churn", &["missing"], |row, outcome| match outcome {
        "yes" => ["price", "moved", "other"][row % 3].to_owned(),
        _ => String::new(),
    });
    check("missing for those who left", &["missing"], |row, outcome| match outcome {
        "yes" => String::new(),
        _ => format!("{}.5", row % 97),
    });
    check("many levels", &["out-of-fold AUC"], |row, outcome| format!("{outcome}-{}", row % 50));
    check("a number in the middle", &["out-of-fold AUC"], |row, outcome| match outcome {
        "yes" => format!("{}", 500.0 + (row % 100) as f64 / 10.0),
        _ => format!("{}", if row % 2 == 0 { 100.25 } else { 800.25 } + (row % 37) as f64),
    });
    // Not quite, but the model relies on nothing else.
    check("nearly a copy", &["of the importance"], |row, outcome| {
        let holds = row % 40 != 0;
        if (outcome == "yes") == holds { "1" } else { "0" }.to_owned()
    });
    let world = World::new();
    world
        .retrain("train.csv", &["--allow-leak", "closing"])
        .run()
        .check_failed(2, &["--allow-leak closing", "no such column"]);
}

#[test]
fn forgotten_ids_are_left_out_by_name() {
    let check = |name: &str, is_left_out: bool, cell: fn(usize, &str) -> String| {
        let world = World::new();
        world.write("more.csv", &with_column(name, cell));
        let report = world.retrain("more.csv", &["--refit-all", "false"]).run().json(0);
        let left_out = report["identifiers"].as_array().unwrap();
        assert_eq!(left_out.contains(&name.into()), is_left_out, "{name}: {report}");
        assert_eq!(report["importances"].get(name).is_none(), is_left_out, "{name}: {report}");
        let kept = world.retrain("more.csv", &["--allow-leak", name, "--dry-run"]).run().json(0);
        assert!(kept["importances"].get(name).is_some(), "{name}: {kept}");
    };
    check("row_number", true, |row, _| row.to_string());
    check("customer_no", true, |row, _| format!("C-{row:05}"));
    check("amount", false, |row, _| format!("{}.25", row * 37 % 30_011));
    check("visits", false, |row, _| (row * 7919 % 400).to_string());
    check("created_at", false, |row, _| (1_700_000_000 + row * 61).to_string());
    let world = World::new();
    let data = world.path("train.csv");
    let models = world.path("models");
    let no_id = world.job(&["--data", &data, "--target", "churn", "--models", &models]);
    let report = no_id.run().json(0);
    assert_eq!(report["identifiers"], serde_json::json!(["client_id"]), "{report}");
    let human = world.job(&["--data", &data, "--target", "churn", "--models", &models]);
    let human = human.args(["--output", "human"]).run();
    assert!(human.stdout.contains("left out client_id"), "{}", human.stdout);
    // The next run names it, and the model is compared all the same.
    let fewer = ["--min-comparison-rows", "100"];
    let next = world.retrain("train.csv", &fewer).run().json(0);
    assert_eq!(next["gate"]["comparison"]["conclusive"], true, "{next}");
}

#[test]
fn a_logistic_regression_stands_beside_every_model() {
    let world = World::new();
    let report = world.retrain("train.csv", &[]).run().json(0);
    let logistic = &report["logistic"];
    assert_eq!(logistic["not_worse"], true, "the outcome follows such a rule: {report}");
    let difference = report["metrics"]["roc_auc"].as_f64().unwrap()
        + logistic["roc_auc"]["difference"].as_f64().unwrap()
        - logistic["metrics"]["roc_auc"].as_f64().unwrap();
    assert!(difference.abs() < 1e-9, "{logistic}");
    let human = world.retrain("train.csv", &["--output", "human"]).run().stdout;
    assert!(human.contains("a logistic regression is not worse: AUC 0."), "{human}");
    let recipe = world.write("logistic.toml", "learner = \"logistic-regression\"\n");
    let report = world.retrain("train.csv", &["--recipe", &recipe, "--dry-run"]).run().json(0);
    assert_eq!(report["logistic"], Value::Null, "{report}");
}
