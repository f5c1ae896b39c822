//! `model.pkl`: a model with its metadata, as a pickle of plain containers.
//!
//! Python's `pickle.load` reads the file without imports. The numbers of trees are raw
//! little-endian bytes, for `numpy.frombuffer`.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::bins::InputBins;
use super::calibration::Calibration;
use super::digest::{BLANK, is_intact, seal};
use super::logistic::Logistic;
use super::metrics::Metrics;
use super::scorer::Scorer;
use super::tree::Tree;
use super::{Feature, FeatureKind, MAX_LEVELS, Model, Recipe, Schema};
use crate::pickle;
use crate::pickle::{Field, PickleError, Shape, Value};

/// The version of the format. A reader rejects later versions.
const FORMAT: i64 = 2;

/// The version whose files have no digest.
const FORMAT_WITHOUT_DIGEST: i64 = 1;

/// Maximum number of nodes of a model that is exported as ONNX. ONNX files are limited to 2 GB.
const MAX_NODES_IN_ONNX: usize = 10_000_000;

/// A model with its metadata.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelFile {
    /// ID of the model.
    pub model_uid: String,
    /// Time of the training, in UTC.
    pub created: String,
    /// The model.
    pub model: Model,
    /// Metrics on held-out rows.
    pub metrics: Metrics,
    /// The training data.
    pub training: Training,
    /// Git commit of the program that trained the model.
    pub git_commit: Option<String>,
}

/// A description of the training data.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Training {
    /// The sources: files, tables, logs.
    pub source: String,
    /// Number of rows that the evaluated model was fitted to.
    pub rows: u64,
    /// Number of these rows with the positive outcome.
    pub positives: u64,
    /// Number of rows that the model was fitted to after its evaluation, if it was. The first
    /// `rows` of them are those of the evaluated model.
    #[serde(default)]
    pub refitted_rows: Option<u64>,
    /// The ID columns.
    #[serde(default)]
    pub ids: Vec<String>,
    /// The column with the times of the rows.
    #[serde(default)]
    pub time: Option<String>,
    /// The column with the weights of the rows, if they have some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<String>,
    /// The earliest time, if the rows have a time column.
    pub from: Option<String>,
    /// The latest time.
    pub to: Option<String>,
    /// The SHA-256 digest of the data, in hexadecimal digits.
    pub data_sha256: String,
}

/// An error when a model is read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArtifactError {
    /// The bytes are not a pickle of plain containers.
    #[error(transparent)]
    Pickle(#[from] PickleError),
    /// The pickle does not contain a model.
    #[error("{0}; the file is damaged, or `retrain` did not write it")]
    Shape(#[from] Shape),
    /// The format is newer than this program.
    #[error(
        "the model has format {found}, and this program reads formats up to {FORMAT}; update this program"
    )]
    Format {
        /// The format of the model.
        found: i64,
    },
    /// The file has another digest than when it was written.
    #[error(
        "the file differs from its digest: it was damaged, or changed after `retrain` wrote it; copy it again from its source, or publish another version"
    )]
    Changed,
}

/// The part of the metadata without arrays.
#[derive(Serialize, Deserialize)]
struct About {
    model_uid: String,
    created: String,
    schema: Schema,
    recipe: Recipe,
    importances: Vec<f64>,
    calibration: Option<Calibration>,
    metrics: Metrics,
    training: Training,
    git_commit: Option<String>,
}

impl ModelFile {
    /// Returns the bytes of `model.pkl`. The same model gives the same bytes.
    pub fn to_pickle(&self) -> Vec<u8> {
        let about = About {
            model_uid: self.model_uid.clone(),
            created: self.created.clone(),
            schema: self.model.schema.clone(),
            recipe: self.model.recipe.clone(),
            importances: self.model.importances.clone(),
            calibration: self.model.calibration.clone(),
            metrics: self.metrics.clone(),
            training: self.training.clone(),
            git_commit: self.git_commit.clone(),
        };
        let mut entries = vec![
            ("format".to_owned(), Value::Int(FORMAT)),
            ("sha256".to_owned(), Value::Text(BLANK.to_owned())),
        ];
        if let Ok(serde_json::Value::Object(fields)) = serde_json::to_value(about) {
            entries.extend(fields.into_iter().map(|(name, field)| (name, of_json(field))));
        }
        entries.push(("scorer".to_owned(), of_scorer(&self.model.scorer)));
        let nodes = match &self.model.scorer {
            Scorer::Forest { trees, .. } | Scorer::Boosting { trees, .. } => {
                trees.iter().map(Tree::len).sum()
            }
            Scorer::Logistic(_) => 0,
        };
        let onnx = if nodes <= MAX_NODES_IN_ONNX {
            Value::Bytes(self.model.to_onnx())
        } else {
            Value::None
        };
        entries.push(("onnx".to_owned(), onnx));
        entries.push((
            "lightgbm".to_owned(),
            self.model.to_lightgbm().map_or(Value::None, Value::Text),
        ));
        seal(pickle::write(&Value::Dict(entries)))
    }

    /// Returns the model as ONNX that `model.pkl` contains. Very large models have none.
    pub fn onnx(bytes: &[u8]) -> Option<Vec<u8>> {
        let Ok(Value::Dict(entries)) = pickle::read(bytes) else { return None };
        let onnx = entries.into_iter().find(|(name, _)| name == "onnx");
        match onnx {
            Some((_, Value::Bytes(onnx))) if !onnx.is_empty() => Some(onnx),
            _ => None,
        }
    }

    /// Returns whether `model.pkl` has a digest. Files of earlier releases have none, so that damage
    /// to them is not always found.
    pub fn has_digest(bytes: &[u8]) -> bool {
        let value = pickle::read(bytes).ok();
        value.is_some_and(|value| Field::new(&value, "model.pkl").entry("sha256").is_ok())
    }

    /// Reads the output of [`ModelFile::to_pickle`].
    ///
    /// # Errors
    ///
    /// [`ArtifactError`] for anything else, also for a single other byte. A returned model is valid:
    /// its predictions cannot fail.
    pub fn from_pickle(bytes: &[u8]) -> Result<Self, ArtifactError> {
        let value = pickle::read(bytes)?;
        let file = Field::new(&value, "model.pkl");
        let format = Field::new(file.entry("format")?, "format").int()?;
        match format {
            FORMAT => {
                let digest = Field::new(file.entry("sha256")?, "sha256");
                if !is_intact(bytes, digest.text()?) {
                    return Err(ArtifactError::Changed);
                }
            }
            FORMAT_WITHOUT_DIGEST => {}
            found => return Err(ArtifactError::Format { found }),
        }
        let Value::Dict(entries) = &value else { return Err(file.wrong("is no dict").into()) };
        let is_about =
            |name: &str| !matches!(name, "format" | "sha256" | "scorer" | "onnx" | "lightgbm");
        let fields = entries.iter().filter(|(name, _)| is_about(name));
        let fields: serde_json::Map<String, serde_json::Value> = fields
            .map(|(name, value)| Ok((name.clone(), to_json(value, &file)?)))
            .collect::<Result<_, Shape>>()?;
        let about: About = of_fields(serde_json::Value::Object(fields), &file)?;
        about
            .recipe
            .check()
            .map_err(|error| file.wrong(format!("has an invalid recipe: {error}")))?;
        let inputs = about.schema.input_names().len();
        let too_many = |feature: &Feature| matches!(&feature.kind, FeatureKind::Categorical { levels } if levels.len() > MAX_LEVELS);
        if about.schema.features.iter().any(too_many)
            || about.calibration.as_ref().is_some_and(|found| !found.is_sound())
        {
            return Err(file
                .wrong("has a feature with too many levels, or a calibration that does not rise")
                .into());
        }
        if about.importances.len() != about.schema.features.len() {
            return Err(file
                .wrong("has a number of importances that differs from the number of features")
                .into());
        }
        let scorer =
            to_scorer(&Field::new(file.entry("scorer")?, "scorer"), &about.schema, inputs)?;
        let About {
            model_uid,
            created,
            schema,
            recipe,
            importances,
            calibration,
            metrics,
            training,
            git_commit,
        } = about;
        let model = Model { schema, recipe, importances, scorer, calibration };
        Ok(Self { model_uid, created, model, metrics, training, git_commit })
    }
}

fn of_scorer(scorer: &Scorer) -> Value {
    let (kind, fields) = match scorer {
        Scorer::Forest { bins, trees } => {
            ("forest", vec![("edges", of_bins(bins)), ("trees", of_trees(trees))])
        }
        Scorer::Boosting { bins, base, trees } => (
            "boosting",
            vec![
                ("base", Value::Float(*base)),
                ("edges", of_bins(bins)),
                ("trees", of_trees(trees)),
            ],
        ),
        Scorer::Logistic(logistic) => {
            let regression = serde_json::to_value(logistic).map_or(Value::None, of_json);
            ("logistic", vec![("regression", regression)])
        }
    };
    dict(std::iter::once(("kind", Value::Text(kind.to_owned()))).chain(fields))
}

fn to_scorer(scorer: &Field<'_>, schema: &Schema, inputs: usize) -> Result<Scorer, ArtifactError> {
    let entry = |name: &'static str| Ok::<_, Shape>((scorer.entry(name)?, name));
    let (kind, name) = entry("kind")?;
    match Field::new(kind, name).text()? {
        "logistic" => {
            let (regression, name) = entry("regression")?;
            let field = Field::new(regression, name);
            let logistic: Logistic = of_fields(to_json(regression, &field)?, &field)?;
            if !logistic.fits(&schema.levels_of_inputs()) {
                return Err(field.wrong("does not belong to the features").into());
            }
            Ok(Scorer::Logistic(logistic))
        }
        kind @ ("forest" | "boosting") => {
            let ((edges, edges_name), (trees, trees_name)) = (entry("edges")?, entry("trees")?);
            let bins = to_bins(&Field::new(edges, edges_name), schema)?;
            let trees = to_trees(&Field::new(trees, trees_name), inputs)?;
            if kind == "forest" {
                return Ok(Scorer::Forest { bins, trees });
            }
            let (base, name) = entry("base")?;
            Ok(Scorer::Boosting { bins, base: Field::new(base, name).float()?, trees })
        }
        other => Err(scorer.wrong(format!("has the unknown kind `{other}`")).into()),
    }
}

/// The edges of the bins of each input; `None` for a categorical input, whose bins are the indices
/// of its levels.
fn of_bins(bins: &[InputBins]) -> Value {
    let of_input = |bins: &InputBins| match bins {
        InputBins::Numeric { edges } => Value::of_f64(edges),
        InputBins::Categorical { .. } => Value::None,
    };
    Value::List(bins.iter().map(of_input).collect())
}

fn to_bins(edges: &Field<'_>, schema: &Schema) -> Result<Vec<InputBins>, Shape> {
    let levels = schema.levels_of_inputs();
    let of_inputs = edges.list()?;
    if of_inputs.len() != levels.len() {
        return Err(edges.wrong(format!(
            "has {} items for {} inputs",
            of_inputs.len(),
            levels.len()
        )));
    }
    let bins = of_inputs.iter().zip(levels).map(|(value, levels)| match levels {
        Some(levels) => Ok(InputBins::Categorical { levels }),
        None => {
            let numbers = Field::new(value, "edges").f64s()?;
            if numbers.len() > 254 || !numbers.is_sorted_by(|a, b| a < b) {
                return Err(edges.wrong("has edges that do not ascend, or more than 254"));
            }
            Ok(InputBins::Numeric { edges: numbers })
        }
    });
    bins.collect()
}

fn of_trees(trees: &[Tree]) -> Value {
    let nodes = || trees.iter().flat_map(|tree| tree.nodes());
    dict([
        ("nodes", Value::of_u32(trees.iter().map(|tree| tree.len() as u32))),
        ("sets", Value::of_u32(trees.iter().map(|tree| tree.sets().len() as u32))),
        ("left", Value::of_u32(nodes().map(|node| node.left))),
        ("input", Value::of_u16(nodes().map(|node| node.input))),
        ("split", Value::Bytes(nodes().map(|node| node.split).collect())),
        ("shift", Value::Bytes(nodes().map(|node| node.shift).collect())),
        ("payload", Value::of_u32(trees.iter().flat_map(|tree| tree.payloads().iter().copied()))),
        (
            "levels",
            Value::of_u64(trees.iter().flat_map(|tree| tree.sets().iter().flatten().copied())),
        ),
    ])
}

fn to_trees(trees: &Field<'_>, inputs: usize) -> Result<Vec<Tree>, Shape> {
    let u32s = |name: &'static str| Field::new(trees.entry(name)?, name).u32s();
    let bytes = |name: &'static str| Field::new(trees.entry(name)?, name).bytes();
    let (nodes, sets, left, payload) =
        (u32s("nodes")?, u32s("sets")?, u32s("left")?, u32s("payload")?);
    let input = Field::new(trees.entry("input")?, "input").u16s()?;
    let (split, shift) = (bytes("split")?, bytes("shift")?);
    let levels = Field::new(trees.entry("levels")?, "levels").u64s()?;
    let all_nodes: usize = nodes.iter().map(|nodes| *nodes as usize).sum();
    let all_sets: usize = sets.iter().map(|sets| *sets as usize).sum();
    let lengths = [left.len(), input.len(), split.len(), shift.len(), payload.len()];
    if nodes.len() != sets.len()
        || lengths.iter().any(|length| *length != all_nodes)
        || levels.len() != 4 * all_sets
    {
        return Err(trees.wrong("has arrays of different lengths"));
    }
    let (mut node, mut set) = (0, 0);
    let mut found = Vec::with_capacity(nodes.len());
    for (number, (nodes, sets)) in nodes.iter().zip(&sets).enumerate() {
        let (to, to_set) = (node + *nodes as usize, set + 4 * *sets as usize);
        let (of_levels, _) = levels[set..to_set].as_chunks::<4>();
        let tree = Tree::of_arrays(
            &left[node..to],
            &input[node..to],
            &split[node..to],
            &shift[node..to],
            payload[node..to].to_vec(),
            of_levels.to_vec(),
            inputs,
        );
        found.push(
            tree.ok_or_else(|| trees.wrong(format!("has an invalid tree at index {number}")))?,
        );
        (node, set) = (to, to_set);
    }
    Ok(found)
}

fn dict<'n>(entries: impl IntoIterator<Item = (&'n str, Value)>) -> Value {
    Value::Dict(entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn of_json(json: serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match json {
        Json::Null => Value::None,
        Json::Bool(is) => Value::Bool(is),
        Json::Number(number) => number
            .as_i64()
            .map_or_else(|| Value::Float(number.as_f64().unwrap_or(f64::NAN)), Value::Int),
        Json::String(text) => Value::Text(text),
        Json::Array(items) => Value::List(items.into_iter().map(of_json).collect()),
        Json::Object(fields) => {
            Value::Dict(fields.into_iter().map(|(name, field)| (name, of_json(field))).collect())
        }
    }
}

fn to_json(value: &Value, of: &Field<'_>) -> Result<serde_json::Value, Shape> {
    use serde_json::Value as Json;
    Ok(match value {
        Value::None => Json::Null,
        Value::Bool(is) => Json::Bool(*is),
        Value::Int(number) => Json::from(*number),
        Value::Float(number) => Json::from(*number),
        Value::Text(text) => Json::String(text.clone()),
        Value::Bytes(_) => return Err(of.wrong("has a bytes where text or numbers are expected")),
        Value::List(items) => {
            Json::Array(items.iter().map(|item| to_json(item, of)).collect::<Result<_, _>>()?)
        }
        Value::Dict(entries) => {
            let fields =
                entries.iter().map(|(name, value)| Ok((name.clone(), to_json(value, of)?)));
            Json::Object(fields.collect::<Result<_, Shape>>()?)
        }
    })
}

fn of_fields<T: DeserializeOwned>(json: serde_json::Value, of: &Field<'_>) -> Result<T, Shape> {
    serde_json::from_value(json).map_err(|error| of.wrong(format!("is invalid: {error}")))
}
