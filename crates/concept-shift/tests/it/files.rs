//! Two files, and no database.

use serde_json::Value;

use crate::{Folder, World, csv, customers, job};

struct Files {
    folder: Folder,
    reference: String,
}

impl Files {
    fn new() -> Self {
        let folder = Folder::new();
        let reference = folder
            .write("train.csv", &csv(&customers(3000, World { seed: 1, ..World::default() })));
        Self { folder, reference }
    }

    fn compare(&self, production: &str, arguments: &[&str]) -> mlops_testkit::Ended {
        let all = [
            "--reference",
            &self.reference,
            "--production",
            production,
            "--id",
            "client_id",
            "--target",
            "churn",
        ];
        job(&all).args(arguments).run()
    }

    fn production(&self, rows: usize, world: World) -> String {
        self.folder.write("production.csv", &csv(&customers(rows, world)))
    }
}

fn feature<'r>(report: &'r Value, name: &str) -> &'r Value {
    report["features"]
        .as_array()
        .unwrap()
        .iter()
        .find(|feature| feature["feature"] == name)
        .unwrap()
}

#[test]
fn rows_alike_are_stable_and_older_ones_are_not() {
    let files = Files::new();
    let same = files.production(3000, World { seed: 2, ..World::default() });
    let report = files.compare(&same, &["--fail-on-verdict"]).json(0);
    assert_eq!(
        (&report["verdict"], &report["metric"]),
        (&"stable".into(), &"roc_auc".into()),
        "{report}"
    );
    assert_eq!(
        (&report["relation"]["verdict"], &report["rows"]),
        (&"stable".into(), &3000.into()),
        "{report}"
    );
    let number = |name: &str| report[name].as_f64().unwrap();
    assert!(
        number("low") < number("score")
            && number("score") < number("high")
            && number("high") < 0.55
    );
    let skipped: Vec<&str> = report["skipped"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| column["column"].as_str().unwrap())
        .collect();
    assert_eq!(skipped, ["client_id", "churn"]);

    let older = files.production(3000, World { seed: 3, older: 12.0, ..World::default() });
    let report = files.compare(&older, &["--fail-on-verdict"]).json(10);
    assert_eq!(
        (&report["verdict"], &report["domain_verdict"]),
        (&"shifted".into(), &"shifted".into()),
        "{report}"
    );
    assert_eq!(report["relation"]["verdict"], "stable", "{report}");
    assert_eq!(report["features"][0]["feature"], "age");
    assert!(feature(&report, "age")["auc"].as_f64().unwrap() > 0.65);
    assert!(feature(&report, "plan")["auc"].as_f64().unwrap() < 0.55);
}

#[test]
fn another_relation_is_named_and_shown() {
    let files = Files::new();
    let other = files.production(3000, World { seed: 4, plus: 1.5, ..World::default() });
    let page = files.folder.path("page.html");
    let report = files.compare(&other, &["--report", &page]).json(0);
    assert_eq!(
        (&report["domain_verdict"], &report["verdict"]),
        (&"stable".into(), &"shifted".into()),
        "{report}"
    );
    let first = &report["relation"]["features"][0];
    assert_eq!((&first["feature"], &first["shifted"]), (&"plan".into(), &true.into()), "{report}");
    assert_eq!(first["most"]["value"], "plus");
    assert!(
        report["why"]
            .as_str()
            .unwrap()
            .contains("the relation of plan to the target changed (plus: "),
        "{report}"
    );
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("changed") && page.contains("<svg") && !page.contains("http"), "{page}");
    let people = files.compare(&other, &["--output", "human"]);
    assert!(
        people.code == 0
            && people.stdout.contains("SHIFTED: the relation of plan to the target changed"),
        "{}",
        people.stdout
    );
}

#[test]
fn the_same_findings_for_any_number_of_threads() {
    let files = Files::new();
    let other = files.production(1500, World { seed: 5, older: 5.0, plus: 1.0 });
    let one = files.compare(&other, &["--n-jobs", "1"]).stdout;
    assert_eq!(one, files.compare(&other, &["--n-jobs", "3"]).stdout);
    assert_ne!(one, files.compare(&other, &["--seed", "1"]).stdout);
}

#[test]
fn what_cannot_be_said_is_not() {
    let files = Files::new();
    let few = files.production(100, World { seed: 6, older: 30.0, ..World::default() });
    let report = files.compare(&few, &["--fail-on-verdict"]).json(0);
    assert_eq!(report["verdict"], "inconclusive");
    assert!(report["why"].as_str().unwrap().contains("100 in the smaller data set"), "{report}");
    // A column in another unit is a mistake, and no shift.
    let text = csv(&customers(1000, World { seed: 7, ..World::default() }));
    let broken: String = text
        .lines()
        .map(|line| {
            let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
            cells[3] = cells[3]
                .parse::<f64>()
                .map_or(cells[3].clone(), |spent| (spent * 1000.0 + 1.0).to_string());
            cells.join(",") + "\n"
        })
        .collect();
    let broken = files.folder.write("broken.csv", &broken);
    let report = files.compare(&broken, &["--fail-on-verdict"]).json(0);
    assert_eq!(
        (&report["artifact"], &report["domain_verdict"]),
        (&"spent".into(), &"inconclusive".into()),
        "{report}"
    );
}

#[test]
fn customers_count_once_and_columns_of_one_side_are_named() {
    let files = Files::new();
    let text = csv(&customers(1000, World { seed: 8, ..World::default() }));
    let doubled: String = text
        .lines()
        .enumerate()
        .flat_map(|(row, line)| {
            let cells: Vec<&str> = line.split(',').collect();
            let line = format!(
                "{},{},{},{},{}\n",
                cells[0],
                cells[1],
                cells[2],
                cells[4],
                if row == 0 { "extra" } else { "1" }
            );
            vec![line; if row == 0 { 1 } else { 2 }]
        })
        .collect();
    let doubled = files.folder.write("doubled.csv", &doubled);
    let report = files.compare(&doubled, &[]).json(0);
    assert_eq!((&report["repeated"], &report["rows"]), (&1000.into(), &1000.into()), "{report}");
    assert_eq!(report["new_columns"], serde_json::json!(["extra"]));
    let why = |name: &str| {
        report["skipped"].as_array().unwrap().iter().find(|c| c["column"] == name).unwrap()["why"]
            .clone()
    };
    assert_eq!(why("spent"), "missing in production");
}

#[test]
fn mistakes_are_named() {
    let files = Files::new();
    let production = files.production(300, World::default());
    let check = |arguments: &[&str], words: &[&str]| job(arguments).run().check_failed(2, words);
    check(&["--production", &production], &["--reference (CONCEPT_SHIFT_REFERENCE) is missing"]);
    let both = ["--reference", files.reference.as_str(), "--production", production.as_str()];
    let with = |more: &[&'static str]| [both.as_slice(), more].concat();
    check(&with(&["--target", "left"]), &["--target left", "no such column", "client_id"]);
    check(&with(&["--threshold", "1.5"]), &["below 1"]);
    check(&with(&["--relation"]), &["--relation needs the outcome"]);
    check(&with(&["--since", "2026-01-01"]), &["--time"]);
    check(&with(&["--retrain"]), &["--retrain needs the database"]);
    check(&["--reference", &files.reference, "--production", "nowhere.csv"], &["nowhere.csv"]);
}
