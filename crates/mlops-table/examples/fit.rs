//! Fits a model and asks it, with the time that each takes: `fit TRAIN TEST TARGET RECIPE.toml
//! [FOLDER]`, for comparison with other libraries. Into the folder go the model in other libraries'
//! formats, and what it says of the test rows.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program to look at figures with")]

use std::path::Path;
use std::time::Instant;

use mlops_core::table::{Rules, Table};
use mlops_model::artifact::{ModelFile, Training};
use mlops_model::{Model, Progress, Recipe, Schema, metrics};
use mlops_table::TableFile;

/// Linux counts a process's time in hundredths of a second.
const TICKS: f64 = 100.0;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [train, test, target, recipe, folder @ ..] = arguments.as_slice() else {
        panic!("fit TRAIN TEST TARGET RECIPE.toml [FOLDER]")
    };
    let recipe: Recipe = toml::from_str(&std::fs::read_to_string(recipe).unwrap()).unwrap();
    let train = read(Path::new(train));
    let schema = Schema::of(&train, target, &[]).unwrap();
    let labels = |table: &Table| -> Vec<bool> {
        schema.target.labels(table).unwrap().into_iter().map(Option::unwrap).collect()
    };
    let of_train = labels(&train);
    let (fit, fit_cpu, model) =
        timed(|| Model::fit(&train, &of_train, &schema, &recipe, &Progress::none()).unwrap());
    drop(train);
    let test = read(Path::new(test));
    let of_test = labels(&test);
    let (predict, predict_cpu, found) = timed(|| model.predict(&test).unwrap());
    if let [folder] = folder {
        let write = |name: &str, bytes: Vec<u8>| {
            std::fs::write(Path::new(folder).join(name), bytes).unwrap()
        };
        write("model.onnx", model.to_onnx());
        write("model.txt", model.to_lightgbm().unwrap_or_default().into_bytes());
        write(
            "probabilities.f64",
            found.iter().flat_map(|probability| probability.to_le_bytes()).collect(),
        );
        write("schema.json", serde_json::to_vec(&model.schema).unwrap());
    }
    let (load, row) = serving(model, &test);
    let figures = serde_json::json!({
        "fit": fit, "fit_cpu": fit_cpu, "predict": predict, "predict_cpu": predict_cpu,
        "load": load, "row": row,
        "roc_auc": metrics::roc_auc(&of_test, &found),
        "log_loss": metrics::log_loss(&of_test, &found),
        "brier": metrics::brier(&of_test, &found),
    });
    println!("{figures}");
}

/// Seconds to load the model from the bytes of a model.pkl, and to answer one row, on average over
/// the rows; each the minimum of ten times.
fn serving(model: Model, test: &Table) -> (f64, f64) {
    let training = Training {
        source: String::new(),
        rows: 0,
        positives: 0,
        from: None,
        to: None,
        data_sha256: String::new(),
        ..Training::default()
    };
    let metrics = metrics::Metrics::of(&[true, false], &[1.0, 0.0]);
    let file = ModelFile {
        model_uid: String::new(),
        created: String::new(),
        model,
        metrics,
        training,
        git_commit: None,
    };
    let bytes = file.to_pickle();
    let load = (0..10)
        .map(|_| timed(|| ModelFile::from_pickle(&bytes).unwrap()).0)
        .fold(f64::MAX, f64::min);
    let rows: Vec<Table> = (0..test.rows().min(1000)).map(|row| test.take(&[row])).collect();
    let ask_all = || rows.iter().map(|row| file.model.predict(row).unwrap()[0]).sum::<f64>();
    let all = (0..10).map(|_| timed(ask_all).0).fold(f64::MAX, f64::min);
    (load, all / rows.len() as f64)
}

/// Seconds on the clock and of the processors.
fn timed<T>(work: impl FnOnce() -> T) -> (f64, f64, T) {
    let (start, before) = (Instant::now(), cpu_seconds());
    let done = work();
    (start.elapsed().as_secs_f64(), cpu_seconds() - before, done)
}

fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    // Behind the name, which may have spaces: user and system time are the 12th and 13th.
    let behind_name = stat.rsplit_once(')').unwrap().1;
    let fields: Vec<&str> = behind_name.split_whitespace().collect();
    fields[11..13].iter().map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / TICKS
}

fn read(path: &Path) -> Table {
    TableFile::open(path, &Rules::default()).unwrap().read_all().unwrap()
}
