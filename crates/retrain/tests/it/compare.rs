//! The current model is compared only on rows that it was not fitted to.

use std::path::Path;

use mlops_core::table::Rules;
use mlops_model::artifact::ModelFile;
use mlops_model::metrics::roc_auc;
use mlops_table::TableFile;
use serde_json::Value;

use crate::World;

/// A forest that knows its training rows by heart: its AUC is 1 on them.
const BY_HEART: &str = "learner = \"random-forest\"\nparams = { trees = 30, min_leaf = 1 }\ncalibration = \"sigmoid\"\n";

/// A customer by a rule: cells by column.
fn customer(row: usize) -> Vec<(&'static str, String)> {
    let mut state = (row as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut next = |end: u64| {
        state ^= state >> 31;
        state = state.wrapping_mul(0xBF58_476D_1CE4_E5B9).wrapping_add(row as u64);
        (state >> 33) % end
    };
    let (tenure, spent, usage, age) = (next(72), next(10_000), next(5000), 18 + next(60));
    let plan = ["basic", "plus", "family"][next(3) as usize];
    let score = 1.0 - 0.04 * tenure as f64 + 0.00015 * spent as f64;
    let outcome = (next(1000) as f64) < 1000.0 / (1.0 + (-score).exp());
    let (month, day) = (row / 200 % 12 + 1, row % 28 + 1);
    vec![
        ("client_id", format!("C-{row:05}")),
        ("tenure", tenure.to_string()),
        ("plan", plan.to_owned()),
        ("spent", (spent as f64 / 100.0).to_string()),
        ("usage", (usage as f64 / 7.0).to_string()),
        ("age", age.to_string()),
        ("signed_up", format!("2026-{month:02}-{day:02}")),
        ("churn", if outcome { "yes" } else { "no" }.to_owned()),
    ]
}

type Cells = Vec<(&'static str, String)>;

fn csv(rows: impl Iterator<Item = usize>, change: impl Fn(usize, Cells) -> Cells) -> String {
    let mut text = String::new();
    for row in rows {
        let cells = change(row, customer(row));
        if text.is_empty() {
            let names: Vec<&str> = cells.iter().map(|(name, _)| *name).collect();
            text = names.join(",") + "\n";
        }
        let cells: Vec<String> = cells.into_iter().map(|(_, cell)| cell).collect();
        text += &(cells.join(",") + "\n");
    }
    text
}

fn same(_: usize, cells: Cells) -> Cells {
    cells
}

fn without(name: &'static str) -> impl Fn(usize, Cells) -> Cells {
    move |_, cells| cells.into_iter().filter(|(column, _)| *column != name).collect()
}

/// Returns cells with one changed.
fn with(name: &'static str, new: impl Fn(usize, &str) -> String) -> impl Fn(usize, Cells) -> Cells {
    move |row, mut cells| {
        let cell = cells.iter_mut().find(|(column, _)| *column == name);
        cell.into_iter().for_each(|(_, cell)| *cell = new(row, cell));
        cells
    }
}

/// Makes a champion of 2,400 customers.
fn champion(arguments: &[&str]) -> World {
    let world = World::new();
    world.write("first.csv", &csv(0..2400, same));
    let recipe = world.write("by-heart.toml", BY_HEART);
    let report = retrain(&world, "first.csv", &["--recipe", &recipe]).args(arguments).run().json(0);
    assert_eq!(report["published"], true, "{report}");
    world
}

fn retrain(world: &World, data: &str, arguments: &[&str]) -> mlops_testkit::Job {
    let (data, models) = (world.path(data), world.path("models"));
    world.job(&["--data", &data, "--target", "churn", "--models", &models]).args(arguments)
}

/// Returns the AUC of a model on 6,000 customers that nobody has seen.
fn truth(world: &World, model: &str) -> f64 {
    let fresh = world.write("fresh.csv", &csv(100_000..106_000, same));
    let table = TableFile::open(Path::new(&fresh), &Rules::default()).unwrap().read_all().unwrap();
    let model = ModelFile::from_pickle(&world.read(model)).unwrap().model;
    let labels: Vec<bool> =
        table.column("churn").unwrap().names().into_iter().map(|it| it.unwrap() == "yes").collect();
    roc_auc(&labels, &model.predict(&table).unwrap()).unwrap()
}

/// Checks that the shown AUC of the current model is its true one, whatever has changed; or that
/// there is no comparison.
fn check(world: &World, what: &str, data: &str, arguments: &[&str]) -> Value {
    let truth = truth(world, "models/model.pkl");
    world.write("next.csv", data);
    let dry = ["--dry-run", "--new-schema", "--min-rows", "100"];
    let report = retrain(world, "next.csv", &dry).args(arguments).run().json(0);
    let comparison = &report["gate"]["comparison"];
    if comparison["conclusive"] == true {
        let shown = report["champion"]["roc_auc"].as_f64().unwrap();
        assert!((shown - truth).abs() < 0.06, "{what}: shown {shown}, true {truth}: {report}");
    } else {
        assert!(report["gate"]["accepted"] == false, "{what}: {report}");
    }
    report
}

#[test]
fn whatever_changed_no_row_is_judged_that_the_current_model_was_fitted_to() {
    for first in [&["--id", "client_id"][..], &["--id", "client_id", "--refit-all", "false"], &[]] {
        let world = champion(first);
        let id = ["--id", "client_id"];
        let all = || 0..2400;
        let grown = || 0..3600;
        let check = |what: &str, data: &str, arguments: &[&str], conclusive: Option<bool>| {
            let what = format!("{what}, first {first:?}");
            let report = check(&world, &what, data, arguments);
            let found = &report["gate"]["comparison"]["conclusive"];
            if let Some(conclusive) = conclusive {
                assert_eq!(found, conclusive, "{what}: {report}");
            }
        };
        check("the same rows", &csv(all(), same), first.split_at(first.len().min(2)).0, Some(true));
        check("more rows", &csv(grown(), same), &id, Some(true));
        check("no --id", &csv(grown(), same), &[], Some(true));
        check("no id at all", &csv(grown(), without("client_id")), &[], None);
        check("a column less", &csv(grown(), without("age")), &id, Some(false));
        let wider = |_, cells: Cells| [cells, vec![("extra", "1".to_owned())]].concat();
        check("a column more", &csv(grown(), wider), &id, Some(true));
        check(
            "a column more, no id",
            &csv(grown(), |row, cells| wider(row, without("client_id")(row, cells))),
            &[],
            None,
        );
        let moved = with("usage", |row, _| format!("{}.5", row % 977));
        check("a changed value", &csv(grown(), &moved), &id, Some(true));
        check(
            "a changed value, no id",
            &csv(grown(), |row, cells| without("client_id")(row, moved(row, cells))),
            &[],
            None,
        );
        let number = with("client_id", |row, _| format!("{row}.0"));
        check("numbers as ids", &csv(grown(), number), &id, None);
        let hashed = with("client_id", |row, _| {
            format!("{:016x}", (row as u64 + 7).wrapping_mul(0x9E37_79B9_7F4A_7C15))
        });
        check("hashed ids", &csv(grown(), hashed), &id, None);
        let renumbered = |row: usize, cells: Cells| {
            with("client_id", |row, _| format!("C-{:05}", (row * 1777) % 3600))(row, cells)
        };
        check("ids given anew", &csv(grown(), renumbered), &id, None);
        check(
            "another share",
            &csv(grown(), same),
            &["--id", "client_id", "--test-share", "0.45"],
            Some(true),
        );
        check("by time", &csv(grown(), same), &["--id", "client_id", "--time", "signed_up"], None);
        check("new customers only", &csv(3000..5400, same), &id, Some(true));
        check("new rows only, no id", &csv(3000..5400, without("client_id")), &[], None);
    }
}

#[test]
fn a_champion_by_time_is_judged_on_random_rows() {
    let world = champion(&["--id", "client_id", "--time", "signed_up"]);
    let found = check(&world, "random", &csv(0..3600, same), &["--id", "client_id"]);
    let left_out = &found["champion"]["left_out"];
    assert!(left_out["by_id"].as_u64().unwrap() > 100, "{found}");
}

#[test]
fn a_better_model_is_accepted() {
    let world = champion(&["--id", "client_id"]);
    let better = world.write("better.toml", "learner = \"logistic-regression\"\n");
    let report = retrain(&world, "first.csv", &["--id", "client_id", "--recipe", &better]);
    let report = report.run().json(0);
    assert_eq!(report["published"], true, "{report}");
    assert!(report["gate"]["roc_auc"]["difference"].as_f64().unwrap() > 0.0, "{report}");
}

#[test]
fn without_a_record_nothing_is_known_to_be_new() {
    let world = champion(&["--id", "client_id"]);
    let inspected = world.job(&["inspect", &world.path("models/model.pkl")]).run().json(0);
    let record =
        format!("models/versions/{}/training.parquet", inspected["model_uid"].as_str().unwrap());
    let bytes = world.read(&record);
    let id = ["--id", "client_id", "--fail-on-verdict"];
    let refused = |word: &str| {
        let report = retrain(&world, "first.csv", &id).run().json(10);
        let (reasons, left_out) = (&report["gate"]["reasons"], &report["champion"]["left_out"]);
        assert!(reasons.to_string().contains("inconclusive: 0 of "), "{report}");
        assert!(left_out["no_record"].as_str().unwrap().contains(word), "{report}");
        assert_eq!(report["published"], false);
    };
    std::fs::write(world.path(&record), &bytes[..bytes.len() / 2]).unwrap();
    refused("SHA-256");
    std::fs::remove_file(world.path(&record)).unwrap();
    refused("there is no versions/");
    let accept = ["--id", "client_id", "--when-inconclusive", "accept"];
    let report = retrain(&world, "first.csv", &accept).run().json(0);
    assert_eq!(report["published"], true, "{report}");
    assert_eq!(report["gate"]["comparison"]["conclusive"], false, "{report}");
    let people = retrain(&world, "first.csv", &accept).args(["--output", "human"]).run();
    assert!(people.stdout.contains("PUBLISHED"), "{}", people.stdout);
}

#[test]
fn few_rows_are_no_comparison() {
    let world = champion(&["--id", "client_id"]);
    world.write("few.csv", &csv(0..700, same));
    let report = retrain(&world, "few.csv", &["--id", "client_id"]).run().json(0);
    let reasons = report["gate"]["reasons"].to_string();
    assert!(reasons.contains("at least 200 are needed (--min-comparison-rows)"), "{reasons}");
    let fewer = ["--id", "client_id", "--min-comparison-rows", "100", "--dry-run"];
    let report = retrain(&world, "few.csv", &fewer).run().json(0);
    assert_eq!(report["gate"]["comparison"]["conclusive"], true, "{report}");
}

#[test]
fn an_accepted_model_is_refitted_to_all_rows() {
    let world = champion(&["--id", "client_id"]);
    let inspected = world.job(&["inspect", &world.path("models/model.pkl")]).run().json(0);
    let folder = format!("models/versions/{}", inspected["model_uid"].as_str().unwrap());
    let record = TableFile::open(
        Path::new(&world.path(&format!("{folder}/training.parquet"))),
        &Rules::default(),
    );
    let training = &inspected["training"];
    assert_eq!(record.unwrap().read_all().unwrap().rows(), 2400);
    assert_eq!(
        (&training["refitted_rows"], &training["ids"]),
        (&2400.into(), &vec!["client_id"].into())
    );
    let rows = training["rows"].as_u64().unwrap() + inspected["metrics"]["n"].as_u64().unwrap();
    assert_eq!(rows, 2400);
    let evaluated = world.read(&format!("{folder}/evaluated.pkl"));
    let evaluated = ModelFile::from_pickle(&evaluated).unwrap();
    assert_eq!(evaluated.model_uid, inspected["model_uid"].as_str().unwrap());
    // The published model knows all rows by heart, the evaluated one does not.
    let table = TableFile::open(Path::new(&world.path("first.csv")), &Rules::default())
        .unwrap()
        .read_all()
        .unwrap();
    let labels: Vec<bool> =
        table.column("churn").unwrap().names().into_iter().map(|it| it.unwrap() == "yes").collect();
    let published = ModelFile::from_pickle(&world.read("models/model.pkl")).unwrap();
    let auc = |file: &ModelFile| roc_auc(&labels, &file.model.predict(&table).unwrap()).unwrap();
    assert!(auc(&published) > 0.999 && auc(&evaluated) < 0.99);
    let shown = inspected["metrics"]["roc_auc"].as_f64().unwrap();
    assert!((shown - truth(&world, "models/model.pkl")).abs() < 0.06, "{shown}");
}
