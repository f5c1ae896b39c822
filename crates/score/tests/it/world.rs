//! A small model, and requests to it.

use std::path::Path;

use mlops_core::table::{Cell, Column, Kind, Table};
use mlops_model::artifact::{ModelFile, Training};
use mlops_model::metrics::Metrics;
use mlops_model::{BoostingParams, Learner, Model, Progress, Recipe, Schema};
use serde_json::{Value, json};
use tempfile::TempDir;

const ROWS: usize = 400;

/// Customers by a rule, so that every machine makes the same.
fn customers() -> (Table, Vec<bool>) {
    let mut columns = [
        Column::new("activity_score", Kind::Numeric),
        Column::new("device_type", Kind::Categorical),
        Column::new("acquired_date", Kind::Date),
    ];
    let mut labels = Vec::new();
    for row in 0..ROWS {
        let (activity, device) = ((row * 7919 % 100) as f64 / 100.0, row * 31 % 3);
        columns[0].push(if row % 17 == 0 { Cell::Missing } else { Cell::Number(activity) });
        columns[1].push(Cell::Text(["level_1", "level_2", "level_3"][device]));
        columns[2].push(Cell::Text(&format!("2025-{:02}-11", row % 12 + 1)));
        labels.push(
            (row * 104_729 % 100) as f64 / 100.0 > activity + if device == 1 { 0.2 } else { 0.0 },
        );
    }
    (Table { columns: columns.into() }, labels)
}

/// A model of that name; another `rounds` gives other probabilities.
pub(crate) fn model(model_uid: &str, rounds: usize) -> ModelFile {
    let (table, labels) = customers();
    let schema = Schema::of_features(&table).unwrap();
    let params = BoostingParams { rounds, ..BoostingParams::default() };
    let recipe = Recipe::new(Learner::GradientBoosting(params));
    let model = Model::fit(&table, &labels, &schema, &recipe, &Progress::none()).unwrap();
    let probabilities = model.predict(&table).unwrap();
    let training = Training {
        source: "a rule".into(),
        rows: ROWS as u64,
        positives: 1,
        from: None,
        to: None,
        data_sha256: String::new(),
        ..Training::default()
    };
    ModelFile {
        model_uid: model_uid.to_owned(),
        created: "2026-11-25 12:00:00".to_owned(),
        metrics: Metrics::of(&labels, &probabilities),
        model,
        training,
        git_commit: None,
    }
}

/// What the model says of one customer.
pub(crate) fn asked(
    file: &ModelFile,
    activity: Option<f64>,
    device: Option<&str>,
    date: Option<&str>,
) -> f64 {
    let mut table = Table::default();
    let cells = [activity.map(Cell::Number), device.map(Cell::Text), date.map(Cell::Text)];
    for (feature, cell) in file.model.schema.features.iter().zip(cells) {
        let kind = [Kind::Numeric, Kind::Categorical, Kind::Date][table.columns.len()];
        let mut column = Column::new(feature.name.as_str(), kind);
        column.push(cell.unwrap_or(Cell::Missing));
        table.columns.push(column);
    }
    file.model.predict(&table).unwrap()[0]
}

/// A request of the client of that number.
pub(crate) fn request(client: usize) -> Value {
    json!({
        "client_id": client.to_string(),
        "activity_score": (client * 37 % 100) as f64 / 100.0,
        "device_type": format!("level_{}", client % 3 + 1),
        "campaign": {"name": "it's", "steps": [1, 2]},
    })
}

/// A folder with a model.
pub(crate) struct World {
    folder: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        let world = Self { folder: tempfile::tempdir().unwrap() };
        world.put_model(&model("first", 20));
        world
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn put_model(&self, file: &ModelFile) {
        self.put("model.pkl", &file.to_pickle());
    }

    /// Writes a file in one go, as those who publish models do.
    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path("unfinished"), bytes).unwrap();
        std::fs::rename(self.path("unfinished"), self.path(name)).unwrap();
    }

    /// All that was logged into the folder `logs`.
    pub(crate) fn logged(&self) -> Vec<Value> {
        let mut records = Vec::new();
        read_folder(Path::new(&self.path("logs")), &mut records);
        records
    }
}

fn read_folder(folder: &Path, records: &mut Vec<Value>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_folder(&path, records);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "ndjson" || extension == "json")
        {
            records.extend(lines(&std::fs::read(&path).unwrap()));
        }
    }
}

/// The records of an object.
pub(crate) fn lines(object: &[u8]) -> Vec<Value> {
    let lines = object.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
}

/// Asserts that each of the uids, which are sorted, is there once, and none beside.
#[track_caller]
pub(crate) fn check_same(found: &[String], answered: &[String]) {
    let lost: Vec<&String> =
        answered.iter().filter(|uid| found.binary_search(uid).is_err()).collect();
    let more: Vec<&String> =
        found.iter().filter(|uid| answered.binary_search(uid).is_err()).collect();
    let sizes = format!("{} are there, {} were answered", found.len(), answered.len());
    assert!(
        lost.is_empty() && more.is_empty() && found.len() == answered.len(),
        "lost {lost:?}, more {more:?}; {sizes}"
    );
}

/// The uids of records, sorted.
pub(crate) fn uids(records: &[Value]) -> Vec<String> {
    let mut uids: Vec<String> =
        records.iter().map(|record| record["input"]["uid"].as_str().unwrap().to_owned()).collect();
    uids.sort_unstable();
    uids
}
