//! What the cells of a table say, however they are written.

use mlops_model::artifact::ModelFile;
use serde_json::Value;

use crate::{World, customers};

/// Returns the customers with other cells in one column.
fn with_cells(column: &str, cell: impl Fn(usize, &str) -> String) -> String {
    let table = customers(3000, false);
    let mut lines = table.lines();
    let header = lines.next().unwrap();
    let index = header.split(',').position(|name| name == column).unwrap();
    let mut changed = format!("{header}\n");
    for (row, line) in lines.enumerate() {
        let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        cells[index] = cell(row, &cells[index]);
        changed.push_str(&(cells.join(",") + "\n"));
    }
    changed
}

/// Retrains in a new folder, and returns the report.
fn retrained(table: &str, arguments: &[&str]) -> Value {
    let world = World::new();
    world.write("table.csv", table);
    world.retrain("table.csv", arguments).run().json(0)
}

fn feature(world: &World, name: &str) -> Value {
    let model = world.path("models/model.pkl");
    let inspected = world.job(&["inspect", &model]).run().json(0);
    let features = inspected["features"].as_array().unwrap();
    features.iter().find(|feature| feature["feature"] == name).unwrap().clone()
}

/// Tables that say the same make the same model.
fn check_same(column: &str, arguments: &[&str], cell: impl Fn(usize, &str) -> String) {
    let plain = retrained(&customers(3000, false), &[]);
    let written = retrained(&with_cells(column, cell), arguments);
    assert_eq!(written["published"], true, "{written}");
    assert_eq!(written["metrics"], plain["metrics"], "{column}");
    assert_eq!(written["importances"], plain["importances"], "{column}");
}

#[test]
fn the_positive_outcome_is_named_and_kept() {
    let world = World::new();
    let of = |yes: &str, no: &str| {
        let (yes, no) = (yes.to_owned(), no.to_owned());
        with_cells("churn", move |_, churn| if churn == "yes" { &yes } else { &no }.clone())
    };
    let check = |table: &str, arguments: &[&str], target: [&str; 2], by: &str| {
        world.write("outcomes.csv", table);
        let report = world.retrain("outcomes.csv", arguments).run().json(0);
        let found = [&report["target"]["positive"], &report["target"]["negative"]];
        assert_eq!(
            (found, &report["positive_by"]),
            ([&target[0].into(), &target[1].into()], &by.into())
        );
        report
    };
    let first = check(&of("left", "stayed"), &[], ["left", "stayed"], "name");
    assert_eq!(first["published"], true, "{first}");
    let again = check(&of("Left", " stayed "), &[], ["left", "stayed"], "current-model");
    assert_eq!(again["metrics"]["roc_auc"], first["metrics"]["roc_auc"]);
    let dry = ["--dry-run", "--positive", "STAYED"];
    let turned = check(&of("left", "stayed"), &dry, ["stayed", "left"], "argument");
    assert!(turned["gate"]["reasons"].to_string().contains("stayed/left"), "{turned}");
    world.write("outcomes.csv", &of("left", "stayed"));
    world
        .retrain("outcomes.csv", &["--positive", "yes"])
        .run()
        .check_failed(2, &["--positive", "`yes`", "left", "stayed"]);
    let text = world.retrain("outcomes.csv", &["--dry-run"]).env("MLOPS_OUTPUT", "human").run();
    let text = text.stdout;
    assert!(text.starts_with("predicts the probability that churn is left, not stayed"), "{text}");

    for (yes, no, positive) in [("1", "-1", "1"), ("2", "1", "2"), ("True", "false", "true")] {
        let report = retrained(&of(yes, no), &["--dry-run"]);
        assert_eq!(report["target"]["positive"], positive, "{report}");
        assert_eq!(report["metrics"]["roc_auc"], first["metrics"]["roc_auc"], "{yes}/{no}");
    }
    world.write(
        "three.csv",
        &with_cells("churn", |row, churn| match row % 3 {
            0 => "maybe".to_owned(),
            _ => churn.to_owned(),
        }),
    );
    for arguments in [&[][..], &["--positive", "yes"]] {
        let failed = world.retrain("three.csv", arguments).run();
        failed.check_failed(2, &["churn", "two values", "maybe"]);
    }
}

#[test]
fn ids_are_texts_and_keep_all_digits() {
    let world = World::new();
    let id = |row: usize| format!("92233720368547{:05}", row / 2);
    world.write(
        "ids.csv",
        &with_cells("client_id", |row, _| match row % 2 {
            0 => id(row),
            _ => format!("{}.0", id(row)),
        }),
    );
    let report = world.retrain("ids.csv", &["--refit-all", "false"]).run().json(0);
    let folder =
        format!("models/versions/{}/training.parquet", report["model_uid"].as_str().unwrap());
    let path = world.path(&folder);
    let record = mlops_table::TableFile::open(path.as_ref(), &mlops_core::table::Rules::of_types());
    let record = record.unwrap().read_all().unwrap();
    let mut ids = record.column("client_id").unwrap().names();
    assert!(ids.iter().flatten().all(|id| id.len() == 19), "{:?}", &ids[..3]);
    ids.sort_unstable();
    ids.dedup();
    // Both rows of a customer are on one side.
    assert_eq!(2 * ids.len(), record.rows());
}

#[test]
fn numbers_are_read_as_people_write_them() {
    let thousands = |cell: &str| {
        // Large numbers have groups, and the order of numbers is all that trees see.
        let number: f64 = cell.parse().unwrap();
        let cents = (number * 1_000_000.0).round() as i64;
        let (whole, cents) = (cents / 100, cents % 100);
        let (thousands, rest) = (whole / 1000, whole % 1000);
        let whole =
            if thousands == 0 { rest.to_string() } else { format!("{thousands}_{rest:03}") };
        format!("{whole}.{cents:02}")
    };
    let plain = |cell: &str| if cell.is_empty() { String::new() } else { thousands(cell) };
    let check_same = |cell: &dyn Fn(&str) -> String| {
        let expected = retrained(&with_cells("spent", |_, cell| plain(cell).replace('_', "")), &[]);
        let written = retrained(&with_cells("spent", |_, it| cell(it)), &[]);
        assert_eq!(written["published"], true, "{written}");
        assert_eq!(written["metrics"], expected["metrics"]);
    };
    check_same(&|cell| match plain(cell) {
        cell if cell.is_empty() => cell,
        cell => format!("\"${}\"", cell.replace('_', ",")),
    });
    check_same(&|cell| match plain(cell) {
        cell if cell.is_empty() => cell,
        cell => format!("\"{} €\"", cell.replace('.', ",").replace('_', ".")),
    });
    check_same(&|cell| match plain(cell) {
        cell if cell.is_empty() => cell,
        cell => format!("CHF {}", cell.replace('_', "'")),
    });
    let percent = retrained(
        &with_cells("spent", |_, cell| match cell {
            "" => String::new(),
            cell => format!("{cell} %"),
        }),
        &[],
    );
    assert_eq!(percent["published"], true, "{percent}");
    assert!(percent["importances"]["spent"].as_f64().unwrap() > 0.05, "{percent}");
}

#[test]
fn numbers_that_may_be_read_in_two_ways_are_asked_about() {
    let two = with_cells("spent", |_, cell| match cell.replace('.', "") {
        cell if cell.is_empty() => cell,
        cell => format!("\"1,{:03}\"", cell.parse::<u32>().unwrap()),
    });
    let world = World::new();
    world.write("two.csv", &two);
    world
        .retrain("two.csv", &[])
        .run()
        .check_failed(2, &["`spent`", "two.csv", "`1,", "--decimal"]);
    for (sign, least) in [("point", 1000.0), ("comma", 1.0)] {
        let world = World::new();
        world.write("two.csv", &two);
        let report = world.retrain("two.csv", &["--decimal", sign]).run().json(0);
        assert_eq!(report["published"], true, "{report}");
        let uid = report["model_uid"].as_str().unwrap();
        let path = world.path(&format!("models/versions/{uid}/training.parquet"));
        let record = mlops_table::TableFile::open(path.as_ref(), &Default::default()).unwrap();
        let record = record.read_all().unwrap();
        let mlops_core::table::Values::Numeric(values) = &record.column("spent").unwrap().values
        else {
            panic!("spent is numeric")
        };
        assert_eq!(values.iter().copied().fold(f64::INFINITY, f64::min), least, "{sign}");
    }
}

#[test]
fn few_cells_that_are_no_numbers_are_missing_and_reported() {
    let world = World::new();
    let bad = |every: usize| {
        with_cells("spent", move |row, cell| match row % every {
            0 => ["#DIV/0!", "-", "see notes", "unknown"][row / every % 4].to_owned(),
            _ => cell.to_owned(),
        })
    };
    world.write("few.csv", &bad(150));
    let report = world.retrain("few.csv", &[]).run().json(0);
    assert_eq!(report["published"], true, "{report}");
    let found = &report["bad_cells"][0];
    assert_eq!((&found["column"], &found["cells"]), (&"spent".into(), &20.into()), "{report}");
    assert!(found["texts"].to_string().contains("#DIV/0!"), "{report}");
    assert_eq!(feature(&world, "spent")["kind"], "numeric");
    let text = world.retrain("few.csv", &["--dry-run"]).env("MLOPS_OUTPUT", "human").run().stdout;
    assert!(text.contains("20 values are missing in spent"), "{text}");

    world.write("many.csv", &bad(30));
    world
        .retrain("many.csv", &[])
        .run()
        .check_failed(2, &["`spent`", "many.csv", "#DIV/0!", "--max-bad-cells", "3."]);
    let allowed = world.retrain("many.csv", &["--max-bad-cells", "0.05", "--dry-run"]).run();
    assert_eq!(allowed.json(0)["bad_cells"][0]["cells"], 100);
}

#[test]
fn dates_in_any_notation_are_times() {
    check_same("joined", &[], |_, date| {
        let parts: Vec<&str> = date.split('-').collect();
        format!("{}.{}.{}", parts[2], parts[1], parts[0])
    });
    check_same("joined", &["--date-order", "month-first"], |_, date| {
        let parts: Vec<&str> = date.split('-').collect();
        format!("{}/{}/{}", parts[1], parts[2], parts[0])
    });
    let world = World::new();
    let report = world.retrain("train.csv", &["--time", "signed_up"]).run().json(0);
    assert_eq!(report["published"], true, "{report}");
    let model = ModelFile::from_pickle(&world.read("models/model.pkl")).unwrap().model;
    assert_eq!(model.schema.time.as_deref(), Some("signed_up"));
    assert!(model.schema.input_names().contains(&"joined.age_days".to_owned()));
}

#[test]
fn booleans_in_any_notation_are_one_pair() {
    let flag = |row: usize| (row * 7919).is_multiple_of(3);
    let table = |name: fn(usize, bool) -> &'static str| {
        with_cells("plan", move |row, _| name(row, flag(row)).to_owned())
    };
    let plain = retrained(&table(|_, flag| if flag { "true" } else { "false" }), &["--dry-run"]);
    let mixed = table(|row, flag| match (row % 4, flag) {
        (0, true) => "1",
        (0, false) => "0.0",
        (1, true) => "True",
        (1, false) => "False",
        (2, true) => "TRUE",
        (_, true) => "true",
        _ => "0",
    });
    assert_eq!(retrained(&mixed, &["--dry-run"])["metrics"], plain["metrics"]);
    let numbers = table(|_, flag| if flag { "1" } else { "0" });
    let world = World::new();
    world.write("numbers.csv", &numbers);
    world.write("words.csv", &mixed);
    world.retrain("numbers.csv", &["--refit-all", "false"]).run().json(0);
    let model = ModelFile::from_pickle(&world.read("models/model.pkl")).unwrap().model;
    let read = |name: &str| {
        let path = world.path(name);
        mlops_table::TableFile::open(path.as_ref(), &Default::default())
            .unwrap()
            .read_all()
            .unwrap()
    };
    let (of_numbers, of_words) = (read("numbers.csv"), read("words.csv"));
    assert_eq!(model.predict(&of_numbers).unwrap(), model.predict(&of_words).unwrap());
    world.write("models/none", "");
    let other = World::new();
    other.write("words.csv", &mixed);
    other.retrain("words.csv", &["--refit-all", "false"]).run().json(0);
    let model = ModelFile::from_pickle(&other.read("models/model.pkl")).unwrap().model;
    assert_eq!(model.predict(&of_numbers).unwrap(), model.predict(&of_words).unwrap());
}

#[test]
fn weights_and_constraints_are_the_recipes() {
    let world = World::new();
    let weighted = {
        let table = customers(3000, false);
        let lines = table.lines().enumerate();
        let add = |(row, line): (usize, &str)| match row {
            0 => format!("weight,{line}\n"),
            _ => format!("{},{line}\n", row % 3),
        };
        lines.map(add).collect::<String>()
    };
    world.write("weighted.csv", &weighted);
    let report = world.retrain("weighted.csv", &["--weight", "weight"]).run().json(0);
    assert_eq!(report["published"], true, "{report}");
    assert!(report["importances"].get("weight").is_none(), "{report}");
    assert_eq!(report["training"]["weight"], "weight");
    let plain = retrained(&customers(3000, false), &[]);
    assert_ne!(report["metrics"], plain["metrics"]);
    let negative = weighted.replacen("\n1,", "\n-1,", 1);
    world.write("negative.csv", &negative);
    world
        .retrain("negative.csv", &["--weight", "weight"])
        .run()
        .check_failed(2, &["--weight weight", "-1"]);
    let balanced = world.retrain("train.csv", &["--class-weight", "balanced", "--dry-run"]).run();
    assert_eq!(balanced.json(0)["recipe"]["class_weight"], "balanced");
    let recipe = |text: &str| world.write("recipe.toml", text);
    let forest = recipe("learner = \"random-forest\"\nmonotone = { tenure = 1 }\n");
    world
        .retrain("train.csv", &["--recipe", &forest])
        .run()
        .check_failed(2, &["random-forest", "monotone"]);
    let forest = recipe("learner = \"random-forest\"\n");
    world
        .retrain("train.csv", &["--recipe", &forest, "--class-weight", "balanced"])
        .run()
        .check_failed(2, &["random-forest", "weights"]);
    let typo = recipe("learner = \"gradient-boosting\"\nmonotone = { tenur = 1 }\n");
    world.retrain("train.csv", &["--recipe", &typo]).run().check_failed(2, &["tenur", "no such"]);
    let falling = recipe(
        "learner = \"gradient-boosting\"\ncalibration = \"sigmoid\"\nmonotone = { tenure = -1, spent = 1 }\n",
    );
    let report = world.retrain("train.csv", &["--recipe", &falling, "--dry-run"]).run().json(0);
    assert_eq!(report["gate"]["accepted"], true, "{report}");
}
