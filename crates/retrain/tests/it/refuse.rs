//! A model that is worse leaves everything as it was; data that no model can be made of are named.

use mlops_core::ports::ModelStore;
use mlops_sql::Database;

use crate::{World, customers, with_another_column};

#[test]
fn a_worse_model_is_refused() {
    let world = World::new();
    world.retrain("train.csv", &[]).run().json(0);
    let present = world.read("models/model.pkl");
    // The outcomes of most rows are turned round, but those of the newest rows are true.
    let (turned, truth) = (customers(3000, true), customers(3000, false));
    let mixed: String = turned
        .lines()
        .take(2200)
        .chain(truth.lines().skip(2200))
        .map(|line| line.to_owned() + "\n")
        .collect();
    world.write("bad.csv", &mixed);
    // Three of four customers of the newest rows are known to the current model.
    let few = ["--min-comparison-rows", "100"];
    let report = world
        .retrain("bad.csv", &["--time", "signed_up", "--new-schema", "--fail-on-verdict"])
        .args(few)
        .run()
        .json(10);
    assert_eq!((&report["published"], &report["gate"]["accepted"]), (&false.into(), &false.into()));
    let reasons = report["gate"]["reasons"].to_string();
    for words in ["base rate", "AUC is", "log loss is"] {
        assert!(reasons.contains(words), "no `{words}` in {reasons}");
    }
    assert!(world.read("models/model.pkl") == present);
    assert_eq!(std::fs::read_dir(world.path("models/versions")).unwrap().count(), 1);
    let people = world.retrain("bad.csv", &["--time", "signed_up", "--output", "human"]).run();
    assert!(people.code == 0 && people.stdout.contains("REFUSED"), "{}", people.stdout);
}

#[tokio::test]
async fn both_are_written_down_where_a_database_is_named() {
    let world = World::new();
    let url = format!("sqlite://{}", world.path("mlops.db"));
    let accepted = world.retrain("train.csv", &["--database", &url]).run().json(0);
    world.write("wider.csv", &with_another_column(&customers(3000, false)));
    let refused = world.retrain("wider.csv", &["--database", &url]).run().json(0);
    assert_eq!(refused["published"], false, "{refused}");
    world.retrain("train.csv", &["--database", &url, "--dry-run"]).run().json(0);
    let kept = Database::connect(&url.parse().unwrap()).await.unwrap().models().await.unwrap();
    let uid = |report: &serde_json::Value| report["model_uid"].as_str().unwrap().to_owned();
    let mut wanted = vec![(uid(&refused), false), (uid(&accepted), true)];
    // Both may be of one second.
    wanted.sort_by(|a, b| b.cmp(a));
    let mut kept = kept;
    kept.sort_by(|a, b| b.cmp(a));
    assert_eq!(kept, wanted);
}

#[test]
fn other_columns_are_refused_unless_they_are_meant() {
    let world = World::new();
    world.retrain("train.csv", &[]).run().json(0);
    world.write("other.csv", &customers(3000, false).replace("plan", "tariff"));
    let report = world.retrain("other.csv", &["--fail-on-verdict"]).run().json(10);
    let reasons = report["gate"]["reasons"].to_string();
    for words in ["no column `plan`", "inconclusive", "tariff is new", "--new-schema"] {
        assert!(reasons.contains(words), "no `{words}` in {reasons}");
    }
    world.write("wider.csv", &with_another_column(&customers(3000, false)));
    let report = world.retrain("wider.csv", &["--fail-on-verdict"]).run().json(10);
    assert!(report["gate"]["reasons"].to_string().contains("extra is new"), "{report}");
    let report = world.retrain("other.csv", &["--new-schema"]).run().json(0);
    assert_eq!(report["published"], false, "nothing is published without a comparison: {report}");
    let accept = ["--new-schema", "--when-inconclusive", "accept"];
    let report = world.retrain("other.csv", &accept).run().json(0);
    assert_eq!(report["published"], true, "{report}");
}

#[test]
fn a_column_in_another_unit_is_refused() {
    let world = World::new();
    world.retrain("train.csv", &[]).run().json(0);
    let in_days = |line: &str| {
        let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        cells[3] =
            cells[3].parse::<f64>().map_or(cells[3].clone(), |spent| (spent * 1000.0).to_string());
        cells.join(",") + "\n"
    };
    world.write("cents.csv", &customers(3000, false).lines().map(in_days).collect::<String>());
    let report = world.retrain("cents.csv", &["--fail-on-verdict"]).run().json(10);
    let reasons = report["gate"]["reasons"].to_string();
    assert!(
        reasons.contains("the column spent looks broken") && reasons.contains("unit"),
        "{reasons}"
    );
    assert_eq!(world.retrain("cents.csv", &["--new-schema"]).run().json(0)["published"], true);
}

#[test]
fn golden_requests_must_be_answered_as_they_are_known_to() {
    let world = World::new();
    let golden = "tenure,plan,spent,joined,signed_up,min_prediction,max_prediction\n\
                  70,basic,5,2025-01-01,2026-01-01,,0.3\n1,plus,95,2025-06-01,2026-01-01,0.7,1\n";
    let golden = world.write("golden.csv", golden);
    assert_eq!(world.retrain("train.csv", &["--golden", &golden]).run().json(0)["published"], true);
    let wrong = "tenure,plan,spent,joined,signed_up,min_prediction,max_prediction\n70,basic,5,2025-01-01,2026-01-01,0.9,1\n";
    let wrong = world.write("wrong.csv", wrong);
    let report =
        world.retrain("train.csv", &["--golden", &wrong, "--fail-on-verdict"]).run().json(10);
    assert!(
        report["gate"]["reasons"][0].as_str().unwrap().contains("the golden request 1 has"),
        "{report}"
    );
    let train = world.path("train.csv");
    world
        .retrain("train.csv", &["--golden", &train])
        .run()
        .check_failed(2, &["no column `min_prediction`"]);
}

#[test]
fn a_row_that_is_there_twice_counts_once() {
    let world = World::new();
    let once = customers(1000, false);
    let twice: String =
        once.clone() + &once.lines().skip(1).map(|line| format!("{line}\n")).collect::<String>();
    world.write("twice.csv", &twice);
    let report = world.retrain("twice.csv", &[]).run().json(0);
    assert_eq!(report["duplicates"], 1000, "{report}");
    assert_eq!(
        report["training"]["rows"].as_u64().unwrap() + report["metrics"]["n"].as_u64().unwrap(),
        1000
    );
}

#[test]
fn a_candidate_leaves_the_present_model() {
    let world = World::new();
    world.retrain("train.csv", &[]).run().json(0);
    let present = world.read("models/model.pkl");
    let report = world.retrain("train.csv", &["--candidate", "candidate/model.pkl"]).run().json(0);
    assert_eq!(
        (&report["published"], &report["candidate"]),
        (&false.into(), &"candidate/model.pkl".into())
    );
    assert!(world.read("models/model.pkl") == present);
    let version = format!("models/versions/{}/model.pkl", report["model_uid"].as_str().unwrap());
    assert!(world.read("models/candidate/model.pkl") == world.read(&version));
}

#[test]
fn data_that_no_model_can_be_made_of_are_named() {
    let world = World::new();
    let check = |content: &str, arguments: &[&str], words: &[&str]| {
        world.write("x.csv", content);
        world.retrain("x.csv", arguments).run().check_failed(2, words);
    };
    let good = customers(400, false);
    check(&customers(100, false), &[], &["100 rows have an outcome", "--min-rows"]);
    check(&good.replace(",churn", ",left"), &[], &["no column `churn`"]);
    check(&good.replace(",no\n", ",yes\n"), &[], &["must have two values"]);
    check(&good.replacen(",no\n", ",perhaps\n", 3), &[], &["must have two values", "perhaps"]);
    let data = world.write("y.csv", &good);
    let numbers = ["--data", &data, "--target", "tenure", "--models", "m"];
    world
        .job(&numbers)
        .run()
        .check_failed(2, &["the target `tenure` must have two values", "Map its values"]);
    check(&good, &["--time", "day"], &["--time day", "signed_up"]);
    check(&good, &["--test-share", "0.9"], &["--test-share is 0.9"]);
    check(&good, &["--segment", "region"], &["--segment region"]);
    let recipe = world.write("recipe.toml", "learner = \"oracle\"\nparams = {}\n");
    check(&good, &["--recipe", &recipe], &["recipe.toml", "oracle"]);
    let recipe =
        world.write("recipe.toml", "learner = \"random-forest\"\nparams = { trees = 0 }\n");
    check(&good, &["--recipe", &recipe], &["`trees` is 0"]);
    world
        .job(&["--target", "churn", "--models", "m"])
        .run()
        .check_failed(2, &["--data (RETRAIN_DATA) is missing"]);
    world
        .job(&["--data", "x.csv", "--models", "m"])
        .run()
        .check_failed(2, &["--target (RETRAIN_TARGET) is missing"]);
    world
        .job(&["--data", "x.csv", "--target", "churn"])
        .run()
        .check_failed(2, &["--models (MLOPS_MODELS) is missing"]);
    let not_a_model = world.write("no.pkl", "{}");
    world.job(&["inspect", &not_a_model]).run().check_failed(2, &["no.pkl", "byte 0"]);
    std::fs::create_dir_all(world.path("models")).unwrap();
    world.write("models/model.pkl", "\u{80}");
    check(&good, &[], &["the current model", "byte 0"]);
}

#[test]
fn rows_without_an_outcome_are_left_out_and_counted() {
    let world = World::new();
    let lines = customers(1200, false);
    let open: String = lines
        .lines()
        .enumerate()
        .map(|(row, line)| {
            if row % 4 == 1 {
                line.trim_end_matches("yes").trim_end_matches("no").to_owned() + "\n"
            } else {
                line.to_owned() + "\n"
            }
        })
        .collect();
    world.write("open.csv", &open);
    let report = world.retrain("open.csv", &[]).run().json(0);
    assert_eq!(report["without_outcome"], 300, "{report}");
    let rows =
        report["training"]["rows"].as_u64().unwrap() + report["metrics"]["n"].as_u64().unwrap();
    assert_eq!(rows, 900);
}
