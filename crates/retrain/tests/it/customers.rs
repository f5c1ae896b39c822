//! Rows of a customer stay together, equal rows do not, and no outcome decides on a split.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use mlops_core::table::Rules;
use mlops_table::TableFile;

use crate::World;

fn noise(seed: usize) -> u64 {
    let mut state = (seed as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    state ^ (state >> 31)
}

/// Returns 12 monthly rows of each customer. The outcome of a customer is the same in all of them
/// and follows from nothing else, but some features hardly change, so that a model can know
/// customers by heart.
fn snapshots(customers: usize) -> String {
    let mut csv = "client_id,height,weight,spent,month,churn\n".to_owned();
    for month in 0..12 {
        for customer in 0..customers {
            let of = |number: usize, end: u64| noise(customer * 7 + number) % end;
            let churn = if of(0, 10) < 3 { "yes" } else { "no" };
            let spent = of(1, 100)
                + noise(customer * 31 + month) % 20
                + if churn == "yes" { 20 } else { 0 };
            let (height, weight) = (of(2, 10_000) as f64 / 100.0, of(3, 10_000) as f64 / 100.0);
            writeln!(csv, "{customer},{height},{weight},{spent},2025-{:02}-01,{churn}", month + 1)
                .unwrap();
        }
    }
    csv
}

#[test]
fn monthly_rows_of_a_customer_are_on_one_side() {
    for arguments in [&["--time", "month"][..], &[]] {
        let world = World::new();
        world.write("months.csv", &snapshots(600));
        let arguments = [arguments, &["--refit-all", "false"]].concat();
        let report = world.retrain("months.csv", &arguments).run().json(0);
        assert_eq!(report["published"], true, "{report}");
        // The outcome follows from `spent` alone, so that nothing above is true.
        let auc = report["metrics"]["roc_auc"].as_f64().unwrap();
        assert!(auc < 0.75, "AUC {auc} with {arguments:?}");
        let record =
            format!("models/versions/{}/training.parquet", report["model_uid"].as_str().unwrap());
        let table = TableFile::open(Path::new(&world.path(&record)), &Rules::default())
            .unwrap()
            .read_all()
            .unwrap();
        let fitted: BTreeSet<String> =
            table.column("client_id").unwrap().names().into_iter().flatten().collect();
        let held_out = 600 - fitted.len();
        assert!((100..220).contains(&held_out), "{held_out} of 600 customers are not fitted to");
        if arguments.contains(&"month") {
            assert_eq!(report["training"]["to"], "2025-09-01 00:00:00.000000", "{report}");
        }
    }
    let world = World::new();
    world.write("months.csv", &snapshots(600));
    let search = ["search", "--trials", "2", "--id", "client_id", "--target", "churn"];
    let data = world.path("months.csv");
    let report = world.job(&search).args(["--data", &data]).run().json(0);
    let auc = report["trials"][0]["roc_auc"].as_f64().unwrap();
    assert!(auc < 0.75, "search says AUC {auc}");
}

/// Returns a table with 81 kinds of rows, whose best AUC is about 0.79.
fn few_kinds(rows: usize) -> String {
    let mut lines: Vec<String> = (0..rows)
        .map(|row| {
            let cells: Vec<u64> = (0..4).map(|column| noise(row * 5 + column) % 3).collect();
            let score = 1.1 * (cells.iter().sum::<u64>() as f64 - 4.0);
            let share = 1.0 / (1.0 + (-score).exp());
            let churn = (noise(row * 5 + 4) % 10_000) as f64 / 10_000.0 < share;
            format!("{},{},{},{},{}\n", cells[0], cells[1], cells[2], cells[3], u8::from(churn))
        })
        .collect();
    // Sorted by the outcome, as many files are.
    lines.sort_by_key(|line| line.trim_end().ends_with('1'));
    format!("a,b,c,d,churn\n{}", lines.concat())
}

#[test]
fn equal_rows_are_told_apart_by_their_number_only() {
    let world = World::new();
    world.write("kinds.csv", &few_kinds(1200));
    let data = world.path("kinds.csv");
    let models = world.path("models");
    let retrain = || world.job(&["--data", &data, "--target", "churn", "--models", &models]);
    let report = retrain().run().json(0);
    let auc = report["metrics"]["roc_auc"].as_f64().unwrap();
    assert!((0.76..0.90).contains(&auc), "AUC {auc}");
    assert_eq!(report["published"], true, "{report}");
    // The same rows again: each row of the record accounts for one.
    let again = retrain().run().json(0);
    assert_eq!(again["gate"]["comparison"]["conclusive"], true, "{again}");
    // The outcomes do not decide which rows are held out.
    let turned =
        few_kinds(1200).replace(",0\n", ",x\n").replace(",1\n", ",0\n").replace(",x\n", ",1\n");
    world.write("turned.csv", &turned);
    let others = world.path("others");
    let rows = |data: &str, models: &str| {
        let data = world.path(data);
        let job =
            ["--data", &data, "--target", "churn", "--models", models, "--refit-all", "false"];
        let report = world.job(&job).run().json(0);
        let uid = report["model_uid"].as_str().unwrap();
        let record = format!("{models}/versions/{uid}/training.parquet");
        let table =
            TableFile::open(Path::new(&record), &Rules::default()).unwrap().read_all().unwrap();
        let cells = |name: &str| table.column(name).unwrap().names();
        (cells("a"), cells("b"), cells("c"), cells("d"))
    };
    assert_eq!(rows("kinds.csv", &others), rows("turned.csv", &world.path("turned")));
}

#[test]
fn rows_without_an_id_are_customers_of_their_own() {
    let world = World::new();
    let lines = crate::customers(1200, false);
    let cut: String = lines
        .lines()
        .enumerate()
        .map(|(row, line)| match line.split_once(',') {
            Some((_, rest)) if row > 0 && row % 3 == 0 => format!(",{rest}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    // A row without an ID is no duplicate of another one.
    let twice: String =
        cut.lines().filter(|line| line.starts_with(',')).map(|line| format!("{line}\n")).collect();
    world.write("cut.csv", &(cut + &twice));
    let report = world.retrain("cut.csv", &[]).run().json(0);
    assert_eq!(report["duplicates"], 0, "{report}");
    let n = report["metrics"]["n"].as_u64().unwrap();
    assert!((340..460).contains(&n), "{n} of 1,600 rows are held out");
}
