//! Customers of the treatment group have other outcomes, and are not used as training data.

use std::fmt::Write as _;

use crate::{World, customers};

/// Requests with outcomes; of every third the heuristic decided. Of the others all stay, whatever
/// they would have done.
fn logs(world: &World, rows: usize) -> String {
    let (mut requests, mut outcomes) =
        (String::new(), "client_id,outcome_timestamp,outcome\n".to_owned());
    for (row, line) in customers(rows, false).lines().skip(1).enumerate() {
        let cells: Vec<&str> = line.split(',').collect();
        let (used, outcome) = if row % 3 == 0 { ("heuristic", cells[6]) } else { ("model", "no") };
        let spent = if cells[3].is_empty() { "null" } else { cells[3] };
        writeln!(
            requests,
            r#"{{"input": {{"uid": "u{row}", "client_id": "{}", "tenure": {}, "plan": "{}", "spent": {spent}, "joined": "{}"}}, "output": {{"prediction": 0.5, "model_used": "{used}", "logging_timestamp": "2026-01-01 00:00:00"}}}}"#,
            cells[0], cells[1], cells[2], cells[4]
        )
        .unwrap();
        writeln!(outcomes, "{},2026-01-20,{outcome}", cells[0]).unwrap();
    }
    // Until which all outcomes are known.
    outcomes.push_str("nobody,2026-06-01,no\n");
    std::fs::create_dir_all(world.path("logs")).unwrap();
    world.write("logs/all.ndjson", &requests);
    world.write("outcomes.csv", &outcomes)
}

#[test]
fn a_model_may_learn_from_those_on_whom_nobody_acted() {
    let world = World::new();
    let first = world.retrain("train.csv", &["--time", "signed_up"]).run().json(0);
    let (models, logs_of, outcomes) =
        (world.path("models"), world.path("logs"), logs(&world, 6000));
    let learn = |of: &str| {
        let from = ["--logs", &logs_of, "--outcomes", &outcomes, "--outcomes-of", of, "--dry-run"];
        let to = ["--id", "client_id", "--target", "churn", "--models", &models];
        world.job(&[from.as_slice(), &to].concat()).run().json(0)
    };
    let (all, heuristic) = (learn("all"), learn("heuristic"));
    assert_eq!(
        (&all["logged"]["labelled"], &heuristic["logged"]["labelled"]),
        (&6000.into(), &2000.into())
    );
    let auc = |report: &serde_json::Value| report["metrics"]["roc_auc"].as_f64().unwrap();
    assert!(
        (auc(&heuristic) - auc(&first)).abs() < 0.05,
        "{} beside {}",
        auc(&heuristic),
        auc(&first)
    );
    assert!(
        auc(&all) < auc(&first) - 0.05,
        "two thirds of the outcomes say nothing: {}",
        auc(&all)
    );
}
