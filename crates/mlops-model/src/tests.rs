use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::artifact::{ModelFile, Training};
use super::metrics::{Metrics, log_loss, roc_auc};
use super::*;
use mlops_core::table::{Cell, Column, Kind, Table};

/// Customers: two numbers, three levels and a date decide; the last number does not. `missing` is a
/// share of the cells.
pub(crate) fn customers(seed: u64, rows: usize, missing: f64) -> (Table, Vec<bool>) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let columns = [
        ("tenure", Kind::Numeric),
        ("plan", Kind::Categorical),
        ("spent", Kind::Numeric),
        ("since", Kind::Date),
        ("noise", Kind::Numeric),
        ("churn", Kind::Categorical),
    ];
    let mut table = Table { columns: columns.map(|(name, kind)| Column::new(name, kind)).into() };
    let mut labels = Vec::new();
    for _ in 0..rows {
        let (tenure, spent, noise) =
            (random.random_range(0..72), random.random::<f64>() * 100.0, random.random::<f64>());
        let plan = ["basic", "plus", "family", "trial"][random.random_range(0..4)];
        let month = random.random_range(1..13);
        let score = -0.05 * f64::from(tenure)
            + 0.02 * spent
            + if plan == "trial" || plan == "plus" { 1.5 } else { 0.0 }
            - 0.5
            + if (6..9).contains(&month) { 1.0 } else { 0.0 };
        let label = random.random::<f64>() < 1.0 / (1.0 + (-score).exp());
        let since = format!("2026-{month:02}-15");
        let cells = [
            Cell::Number(f64::from(tenure)),
            Cell::Text(plan),
            Cell::Number(spent),
            Cell::Text(&since),
            Cell::Number(noise),
        ];
        for (column, cell) in table.columns.iter_mut().zip(cells) {
            column.push(if random.random::<f64>() < missing { Cell::Missing } else { cell });
        }
        table.columns[5].push(Cell::Text(if label { "yes" } else { "no" }));
        labels.push(label);
    }
    (table, labels)
}

fn recipes() -> Vec<Recipe> {
    let forest = ForestParams { trees: 30, ..ForestParams::default() };
    let boosting = BoostingParams { rounds: 30, ..BoostingParams::default() };
    vec![
        Recipe::new(Learner::RandomForest(forest.clone())),
        Recipe::new(Learner::ExtraTrees(forest)),
        Recipe::new(Learner::GradientBoosting(boosting)),
        Recipe::new(Learner::LogisticRegression(LogisticParams::default())),
        Recipe::new(Learner::DecisionTree(TreeParams::default())),
    ]
}

fn fit(recipe: &Recipe, data: &(Table, Vec<bool>)) -> Model {
    let schema = Schema::of(&data.0, "churn", &[]).unwrap();
    Model::fit(&data.0, &data.1, &schema, recipe, &Progress::none()).unwrap()
}

fn file(model: Model) -> ModelFile {
    let training = Training {
        source: "train.csv".to_owned(),
        rows: 1,
        positives: 1,
        from: None,
        to: None,
        data_sha256: "0".repeat(64),
        ..Training::default()
    };
    let metrics = Metrics::of(&[true, false], &[0.9, 0.2]);
    ModelFile {
        model_uid: "one".to_owned(),
        created: "now".to_owned(),
        model,
        metrics,
        training,
        git_commit: None,
    }
}

#[test]
fn every_learner_learns_what_there_is() {
    let (train, test) = (customers(1, 4000, 0.05), customers(2, 4000, 0.05));
    for recipe in recipes() {
        let model = fit(&recipe, &train);
        let found = model.predict(&test.0).unwrap();
        let auc = roc_auc(&test.1, &found).unwrap();
        let loss = log_loss(&test.1, &found).unwrap();
        let name = recipe.learner.name();
        let (least, most) = if name == "decision-tree" { (0.72, 0.62) } else { (0.76, 0.6) };
        assert!(auc > least && loss < most, "{name}: {auc}, {loss}");
        let sum: f64 = model.importances.iter().sum();
        assert!((sum - 1.0).abs() < 1e-9, "{name}: {:?}", model.importances);
        let indices = ["tenure", "noise"]
            .map(|name| model.schema.features.iter().position(|f| f.name == name).unwrap());
        assert!(
            model.importances[indices[0]] > 1.5 * model.importances[indices[1]],
            "{name}: {:?}",
            model.importances
        );
        let permuted = model.permutation_importances(&test.0, &test.1, 3).unwrap();
        assert!(
            permuted[indices[0]] > 0.05 && permuted[indices[1]].abs() < 0.03,
            "{name}: {permuted:?}"
        );
    }
}

#[test]
fn the_same_data_give_the_same_bytes_on_any_number_of_threads() {
    // More rows than one thread takes.
    let data = customers(3, 40_000, 0.02);
    for recipe in recipes() {
        let bytes = [1, 2, 3].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| file(fit(&recipe, &data)).to_pickle())
        });
        assert!(bytes[0] == bytes[1] && bytes[1] == bytes[2], "{}", recipe.learner.name());
    }
    let another = Recipe { seed: 1, ..recipes().remove(0) };
    assert_ne!(file(fit(&another, &data)).to_pickle(), file(fit(&recipes()[0], &data)).to_pickle());
}

#[test]
fn many_rows_and_few_are_answered_alike() {
    let (train, test) = (customers(4, 3000, 0.1), customers(5, 6000, 0.1));
    for recipe in recipes() {
        let model = fit(&recipe, &train);
        let many = model.predict(&test.0).unwrap();
        for row in (0..6000).step_by(601) {
            let one = model.predict(&test.0.take(&[row])).unwrap();
            assert_eq!(
                one[0].to_bits(),
                many[row].to_bits(),
                "{} row {row}",
                recipe.learner.name()
            );
        }
    }
}

#[test]
fn calibration_mends_a_forest() {
    let (train, test) = (customers(6, 3000, 0.0), customers(7, 6000, 0.0));
    let params = ForestParams { trees: 50, min_leaf: 1, ..ForestParams::default() };
    let plain = Recipe::new(Learner::RandomForest(params));
    let ece = |recipe: &Recipe| {
        Metrics::of(&test.1, &fit(recipe, &train).predict(&test.0).unwrap()).ece.unwrap()
    };
    let before = ece(&plain);
    for calibration in [CalibrationMethod::Sigmoid, CalibrationMethod::Isotonic] {
        let after = ece(&Recipe { calibration, ..plain.clone() });
        assert!(after < 0.04 && after < before, "{calibration:?}: {before} to {after}");
    }
}

#[test]
fn a_level_that_was_never_seen_is_answered() {
    let data = customers(8, 500, 0.0);
    let mut strange = data.0.take(&[0, 1, 2]);
    strange.columns[1] = Column::new("plan", Kind::Categorical);
    ["never seen", "", "basic"].iter().for_each(|level| strange.columns[1].push(Cell::Text(level)));
    for recipe in recipes() {
        let found = fit(&recipe, &data).predict(&strange).unwrap();
        assert!(found.iter().all(|probability| (0.0..=1.0).contains(probability)), "{found:?}");
    }
}

#[test]
fn a_model_file_is_read_again() {
    let (train, test) = (customers(9, 2000, 0.05), customers(10, 1000, 0.2));
    for recipe in recipes() {
        for calibration in
            [CalibrationMethod::None, CalibrationMethod::Sigmoid, CalibrationMethod::Isotonic]
        {
            let one = file(fit(&Recipe { calibration, folds: 3, ..recipe.clone() }, &train));
            let bytes = one.to_pickle();
            let other = ModelFile::from_pickle(&bytes).unwrap();
            assert_eq!(other, one);
            assert_eq!(other.to_pickle(), bytes);
            assert_eq!(other.model.predict(&test.0).unwrap(), one.model.predict(&test.0).unwrap());
        }
    }
}

/// The same model as a release without digests wrote it.
fn without_digest(mut bytes: Vec<u8>) -> Vec<u8> {
    let format = bytes.windows(2).position(|window| window == b"K\x02").unwrap();
    bytes[format + 1] = 1;
    bytes
}

#[test]
fn every_changed_bit_of_a_model_file_is_found() {
    let data = customers(14, 300, 0.1);
    let mut random = ChaCha8Rng::seed_from_u64(15);
    for recipe in recipes() {
        let bytes = file(fit(&recipe, &data)).to_pickle();
        assert!(ModelFile::has_digest(&bytes));
        // The first bytes are its framing, its format and its digest.
        let head = (0..300 * 8).step_by(5);
        let anywhere = (0..300).map(|_| random.random_range(0..bytes.len() * 8));
        for bit in head.chain(anywhere) {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(ModelFile::from_pickle(&changed).is_err(), "bit {bit}");
        }
        let mut cut = bytes.clone();
        cut.pop();
        assert!(ModelFile::from_pickle(&cut).is_err());
    }
}

#[test]
fn a_model_file_without_a_digest_is_read() {
    let one = file(fit(
        &Recipe::new(Learner::LogisticRegression(LogisticParams::default())),
        &customers(16, 300, 0.1),
    ));
    assert_eq!(ModelFile::from_pickle(&without_digest(one.to_pickle())).unwrap(), one);
}

#[test]
fn a_damaged_model_file_is_an_error_and_never_a_panic() {
    let data = customers(11, 300, 0.1);
    let small = ForestParams { trees: 2, max_depth: Some(3), ..ForestParams::default() };
    let boosting = BoostingParams { rounds: 2, leaves: 4, ..BoostingParams::default() };
    let mut random = ChaCha8Rng::seed_from_u64(12);
    for learner in [
        Learner::RandomForest(small),
        Learner::GradientBoosting(boosting),
        Learner::LogisticRegression(LogisticParams::default()),
    ] {
        // Without a digest the damage is not found at once.
        let bytes = without_digest(file(fit(&Recipe::new(learner), &data)).to_pickle());
        let mut readable = 0;
        for _ in 0..3000 {
            let mut damaged = bytes.clone();
            for _ in 0..random.random_range(1..4) {
                let index = random.random_range(0..damaged.len());
                damaged[index] = random.next_u32() as u8;
            }
            if let Ok(file) = ModelFile::from_pickle(&damaged) {
                readable += 1;
                // What is read can be asked; the schema may be another one by now.
                drop(file.model.predict(&data.0));
                drop(file.model.to_onnx());
                drop(file.model.to_lightgbm());
            }
        }
        assert!(readable > 0);
    }
    let error = ModelFile::from_pickle(b"\x80\x04}\x8c\x06formatK\x03s.").unwrap_err().to_string();
    assert!(error.contains("format 3"), "{error}");
}

#[test]
fn mistakes_are_named() {
    let (table, labels) = customers(13, 50, 0.0);
    let schema = Schema::of(&table, "churn", &["noise".to_owned()]).unwrap();
    assert_eq!(schema.features.len(), 4);
    let check =
        |error: ModelError, words: &str| assert!(error.to_string().contains(words), "{error}");
    check(Schema::of(&table, "left", &[]).unwrap_err(), "no column `left`");
    check(Schema::of(&table, "tenure", &[]).unwrap_err(), "must have two values");
    let fit = |labels: &[bool], recipe: &Recipe| {
        Model::fit(&table, labels, &schema, recipe, &Progress::none())
    };
    check(fit(&[true; 50], &recipes()[0]).unwrap_err(), "same outcome");
    check(fit(&labels[..49], &recipes()[0]).unwrap_err(), "49 outcomes for 50 rows");
    let too_deep = ForestParams { max_depth: Some(0), ..ForestParams::default() };
    check(
        fit(&labels, &Recipe::new(Learner::RandomForest(too_deep))).unwrap_err(),
        "`max_depth` is 0",
    );
    let model = fit(&labels, &recipes()[3]).unwrap();
    check(
        model.predict(&Table { columns: table.columns[1..].to_vec() }).unwrap_err(),
        "no column `tenure`",
    );
    let levels =
        |target: &str| Target::of(&table, target).map(|target| (target.positive, target.negative));
    assert_eq!(levels("churn").unwrap(), ("yes".to_owned(), "no".to_owned()));
}

#[test]
fn a_model_is_fitted_and_asked_in_the_words_of_linfa() {
    use linfa::prelude::*;
    let (mut table, labels) = customers(14, 2000, 0.0);
    table.columns.pop();
    let (test, _) = customers(15, 500, 0.0);
    let dataset = linfa::DatasetBase::new(
        TableRecords(table.clone()),
        ndarray::Array1::from_vec(labels.clone()),
    );
    let recipe = recipes().remove(2);
    let model = RecipeParams(recipe.clone()).fit(&dataset).unwrap();
    let schema = Schema::of_features(&table).unwrap();
    assert_eq!(model, Model::fit(&table, &labels, &schema, &recipe, &Progress::none()).unwrap());
    let probabilities = |table: &Table| {
        let records = TableRecords(table.clone());
        let mut found = model.default_target(&records);
        model.predict_inplace(&records, &mut found);
        found.to_vec()
    };
    assert_eq!(probabilities(&test), model.predict(&test).unwrap());
    let none = BoostingParams { rounds: 0, ..BoostingParams::default() };
    assert!(RecipeParams(Recipe::new(Learner::GradientBoosting(none))).check().is_err());
    // What is not there is missing.
    let lacking = Table { columns: test.columns[1..].to_vec() };
    assert!(probabilities(&lacking).iter().all(|probability| (0.0..=1.0).contains(probability)));
}

#[test]
fn linfa_measures_as_we_do() {
    use linfa::dataset::Pr;
    use linfa::prelude::*;
    let (train, test) = (customers(16, 2000, 0.1), customers(17, 3000, 0.1));
    for recipe in recipes() {
        let found = fit(&recipe, &train).predict(&test.0).unwrap();
        let theirs = ndarray::Array1::from_iter(
            found.iter().map(|probability| Pr::new(*probability as f32)),
        );
        let area = theirs.roc(&test.1).unwrap().area_under_curve();
        let ours = roc_auc(&test.1, &found).unwrap();
        assert!(
            (f64::from(area) - ours).abs() < 1e-3,
            "{}: {area} and {ours}",
            recipe.learner.name()
        );
    }
}

#[test]
fn recipes_are_tried_and_the_best_come_first() {
    let data = customers(18, 4000, 0.05);
    let schema = Schema::of(&data.0, "churn", &[]).unwrap();
    let bad = BoostingParams {
        rounds: 300,
        learning_rate: 1.0,
        leaves: 200,
        min_leaf: 1,
        ..BoostingParams::default()
    };
    let base = Recipe::new(Learner::GradientBoosting(bad));
    let kinds = ["gradient-boosting".parse().unwrap(), "logistic-regression".parse().unwrap()];
    let recipes = search::random_recipes(&base, &kinds, 6, 3);
    assert_eq!(recipes[0], base);
    assert_eq!(recipes, search::random_recipes(&base, &kinds, 6, 3));
    let groups = split::Groups::of_single_rows(4000);
    for halving in [false, true] {
        let count = std::cell::Cell::new(0);
        let tried = || count.set(count.get() + 1);
        let trials =
            search::search(&data.0, &data.1, &groups, &schema, recipes.clone(), halving, tried)
                .unwrap();
        assert_eq!((trials.len(), count.get()), (7, search::evaluations(4000, 7, halving)));
        assert!(trials[0].log_loss < 0.58 && trials[0].rows == 4000, "{trials:?}");
        let last = trials.last().unwrap();
        assert_eq!((&last.recipe, last.rows), (&base, if halving { 1333 } else { 4000 }));
        assert!(
            trials.is_sorted_by(
                |a, b| a.rows > b.rows || a.rows == b.rows && a.log_loss <= b.log_loss
            )
        );
    }
    assert!("oracle".parse::<LearnerKind>().unwrap_err().contains("extra-trees"));
}

#[test]
fn a_recipe_is_toml_or_json() {
    let text = r#"{"learner": "random-forest", "params": {"trees": 7}, "calibration": "sigmoid"}"#;
    let recipe: Recipe = serde_json::from_str(text).unwrap();
    let Learner::RandomForest(params) = &recipe.learner else { panic!("{recipe:?}") };
    assert_eq!((params.trees, params.min_leaf, recipe.folds), (7, 5, 5));
    assert_eq!(recipe.steps(), 6 * 7);
    for learner in [
        "random-forest",
        "extra-trees",
        "gradient-boosting",
        "logistic-regression",
        "decision-tree",
    ] {
        let short: Recipe =
            serde_json::from_str(&format!(r#"{{"learner": "{learner}"}}"#)).unwrap();
        let long = format!(r#"{{"learner": "{learner}", "params": {{}}, "folds": 5, "seed": 0}}"#);
        assert_eq!(short, serde_json::from_str(&long).unwrap());
        let written = serde_json::to_string(&short).unwrap();
        assert_eq!(short, serde_json::from_str(&written).unwrap(), "{written}");
    }
    let unknown = serde_json::from_str::<Recipe>(r#"{"learner": "oracle"}"#).unwrap_err();
    assert!(unknown.to_string().contains("oracle") && unknown.to_string().contains("extra-trees"));
    assert!(serde_json::from_str::<Recipe>(r#"{"learner": "extra-trees", "trees": 7}"#).is_err());
    assert!(
        serde_json::from_str::<Recipe>(r#"{"learner": "extra-trees", "params": {"tree": 7}}"#)
            .is_err()
    );
}
