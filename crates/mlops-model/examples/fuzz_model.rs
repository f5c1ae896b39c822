//! Damaged models, as many as are asked for: `fuzz_model [CASES]`. None may end the reader, none
//! may take much memory; what is read must answer.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program to look at figures with")]

use mlops_core::table::{Cell, Column, Kind, Table};
use mlops_model::artifact::{ModelFile, Training};
use mlops_model::metrics::Metrics;
use mlops_model::{
    BoostingParams, CalibrationMethod, ForestParams, Learner, LogisticParams, Model, Progress,
    Recipe, Schema,
};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn main() {
    let cases: u64 = std::env::args().nth(1).map_or(1_000_000, |text| text.parse().unwrap());
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let table = customers(&mut random);
    let models = models(&table);
    let (mut read, mut refused) = (0u64, 0u64);
    for case in 0..cases {
        let whole = &models[(case % models.len() as u64) as usize];
        let damaged = damage(whole, &models, &mut random);
        match ModelFile::from_pickle(&damaged) {
            Ok(file) => {
                read += 1;
                // The schema may be another one by now.
                if let Ok(probabilities) = file.model.predict(&table) {
                    assert_eq!(probabilities.len(), table.rows());
                }
            }
            Err(error) => {
                refused += 1;
                assert!(!error.to_string().is_empty());
            }
        }
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    println!(
        "{cases} damaged models: {read} read and answered, {refused} refused, no panic; {peak}"
    );
}

fn customers(random: &mut ChaCha8Rng) -> Table {
    let kinds = [("age", Kind::Numeric), ("plan", Kind::Categorical), ("since", Kind::Date)];
    let mut table = Table { columns: kinds.map(|(name, kind)| Column::new(name, kind)).into() };
    for _ in 0..60 {
        table.columns[0].push(Cell::Number(random.random_range(18.0..80.0)));
        table.columns[1].push(Cell::Text(["a", "b", ""][random.random_range(0..3)]));
        table.columns[2].push(Cell::Time(random.random_range(0..1_000_000_000_000_000)));
    }
    table
}

/// One of each kind, small, so that damage is likely to meet what matters.
fn models(table: &Table) -> Vec<Vec<u8>> {
    let schema = Schema::of_features(table).unwrap();
    let labels: Vec<bool> = (0..table.rows()).map(|row| row % 3 == 0).collect();
    let forest = ForestParams { trees: 2, max_depth: Some(3), ..ForestParams::default() };
    let boosting =
        BoostingParams { rounds: 2, leaves: 4, min_leaf: 5, ..BoostingParams::default() };
    let learners = [
        Learner::RandomForest(forest),
        Learner::GradientBoosting(boosting),
        Learner::LogisticRegression(LogisticParams::default()),
    ];
    let calibrations =
        [CalibrationMethod::None, CalibrationMethod::Sigmoid, CalibrationMethod::Isotonic];
    let recipes = learners.into_iter().zip(calibrations).map(|(learner, calibration)| {
        let recipe = Recipe { calibration, folds: 2, ..Recipe::new(learner) };
        let model = Model::fit(table, &labels, &schema, &recipe, &Progress::none()).unwrap();
        let training = Training {
            source: "train.csv".to_owned(),
            rows: 60,
            positives: 20,
            from: None,
            to: None,
            data_sha256: "0".repeat(64),
            ..Training::default()
        };
        let metrics = Metrics::of(&[true, false], &[0.9, 0.2]);
        ModelFile {
            model_uid: "m".to_owned(),
            created: "now".to_owned(),
            model,
            metrics,
            training,
            git_commit: None,
        }
        .to_pickle()
    });
    recipes.map(without_digest).collect()
}

/// As a release without digests wrote it, so that the damage is not found at once.
fn without_digest(mut bytes: Vec<u8>) -> Vec<u8> {
    let format = bytes.windows(2).position(|window| window == b"K\x02").unwrap();
    bytes[format + 1] = 1;
    bytes
}

/// Bytes changed, cut off, doubled, moved in from another model, or nothing but chance.
fn damage(whole: &[u8], others: &[Vec<u8>], random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    let index = |bytes: &[u8], random: &mut ChaCha8Rng| random.random_range(0..bytes.len().max(1));
    for _ in 0..random.random_range(1..4) {
        let at = index(&bytes, random);
        match random.random_range(0..7) {
            0..=2 if at < bytes.len() => bytes[at] = random.next_u32() as u8,
            3 => bytes.truncate(at),
            4 => {
                let end = (at + random.random_range(1..64)).min(bytes.len());
                let part = bytes[at.min(end)..end].to_vec();
                let to = index(&bytes, random).min(bytes.len());
                bytes.splice(to..to, part);
            }
            5 => {
                let other = &others[random.random_range(0..others.len())];
                let from = index(other, random);
                let end = (from + random.random_range(1..256)).min(other.len());
                let upto = (at + end - from).min(bytes.len());
                bytes.splice(at.min(upto)..upto, other[from..end].iter().copied());
            }
            _ => {
                bytes = vec![0x80, 4];
                bytes.extend((0..random.random_range(1..200)).map(|_| random.next_u32() as u8));
            }
        }
    }
    bytes
}
