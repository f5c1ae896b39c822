use std::collections::BTreeMap;

use mlops_job::{Exit, Report, grid, number, percent};
use mlops_model::artifact::{ModelFile, Training};
use mlops_model::gate::GateReport;
use mlops_model::metrics::Metrics;
use mlops_model::{FeatureKind, Recipe, Target};
use mlops_monitor::LabelCounts;
use serde::Serialize;

use crate::data::LeftOut;
use crate::search_report::SearchReport;
use crate::train::Trained;

/// What a command has to say.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Outcome {
    /// A model was made and judged.
    Retrained(Box<RetrainReport>),
    /// A model was looked at.
    Inspected(Box<InspectReport>),
    /// A model may not be released.
    Refused(RefusedReport),
    /// An earlier model is back.
    RolledBack(RollbackReport),
    /// A pipeline's release is written down.
    Released(ReleasedReport),
    /// Recipes were tried.
    Searched(SearchReport),
}

/// What became of a new model.
#[derive(Debug, Clone, Serialize)]
pub struct RetrainReport {
    /// Its name.
    pub model_uid: String,
    /// How good it is on the held-out rows.
    pub metrics: Metrics,
    /// The present model, and how good that is on the same rows.
    pub champion: Option<ChampionReport>,
    /// Whether it may take the place.
    pub gate: GateReport,
    /// Whether it has.
    pub published: bool,
    /// What it was fitted to.
    pub training: Training,
    /// The name that it was published under instead of `model.pkl`.
    pub candidate: Option<String>,
    /// Rows that were left out, as they have no outcome.
    pub without_outcome: usize,
    /// Rows that were left out, as they are there twice.
    pub duplicates: usize,
    /// What became of the logged requests, where any were read.
    pub logged: Option<LabelCounts>,
    /// How it was made.
    pub recipe: Recipe,
    /// The share of each feature in it.
    pub importances: BTreeMap<String, f64>,
    #[serde(skip)]
    pub(crate) fail_on_verdict: bool,
}

/// The present model.
#[derive(Debug, Clone, Serialize)]
pub struct ChampionReport {
    /// Its name.
    pub model_uid: String,
    /// How good it is, where it could be asked.
    #[serde(flatten)]
    pub metrics: Option<Metrics>,
}

/// What is in a model.
#[derive(Debug, Clone, Serialize)]
pub struct InspectReport {
    /// Its name.
    pub model_uid: String,
    /// When it was made.
    pub created: String,
    /// Its size.
    pub bytes: usize,
    /// What it foretells.
    pub target: Target,
    /// Its features and their kinds.
    pub features: Vec<FeatureReport>,
    /// How it was made.
    pub recipe: Recipe,
    /// How good it was.
    pub metrics: Metrics,
    /// What it was fitted to.
    pub training: Training,
    /// The commit of the program that made it.
    pub git_commit: Option<String>,
    /// How Python reads it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub python: Option<String>,
}

/// A feature of a model.
#[derive(Debug, Clone, Serialize)]
pub struct FeatureReport {
    /// Its name.
    pub feature: String,
    /// `numeric`, `categorical` or `date`.
    pub kind: &'static str,
    /// How many levels it has.
    pub levels: Option<usize>,
    /// Its share in the model.
    pub importance: f64,
}

/// A model that may not be released.
#[derive(Debug, Clone, Serialize)]
pub struct RefusedReport {
    /// Which one.
    pub model: String,
    /// Why.
    pub reasons: Vec<String>,
}

/// What is back in its place.
#[derive(Debug, Clone, Serialize)]
pub struct RollbackReport {
    /// The model.
    pub model_uid: String,
    /// The one that it replaced.
    pub replaced: Option<String>,
}

/// What a pipeline put into its place.
#[derive(Debug, Clone, Serialize)]
pub struct ReleasedReport {
    /// The model.
    pub model_uid: String,
    /// Whether that was news to the database.
    pub written: bool,
}

impl RetrainReport {
    pub(crate) fn new(
        trained: &Trained,
        champion_uid: Option<String>,
        left_out: LeftOut,
        fail_on_verdict: bool,
    ) -> Self {
        let file = &trained.file;
        let champion = champion_uid
            .map(|model_uid| ChampionReport { model_uid, metrics: trained.champion.clone() });
        Self {
            model_uid: file.model_uid.clone(),
            metrics: file.metrics.clone(),
            champion,
            gate: trained.gate.clone(),
            published: false,
            training: file.training.clone(),
            candidate: None,
            without_outcome: left_out.without_outcome,
            duplicates: left_out.duplicates,
            logged: left_out.logged,
            recipe: file.model.recipe.clone(),
            importances: importances(file).collect(),
            fail_on_verdict,
        }
    }

    /// What is kept with the model: all but what became of it.
    pub(crate) fn about_model(&self) -> serde_json::Result<serde_json::Value> {
        let mut about = serde_json::to_value(self)?;
        for fate in ["published", "candidate"] {
            about.as_object_mut().and_then(|fields| fields.remove(fate));
        }
        Ok(about)
    }

    fn human(&self) -> String {
        let of_champion = |figure: fn(&Metrics) -> Option<f64>| {
            self.champion.as_ref().and_then(|champion| champion.metrics.as_ref()).and_then(figure)
        };
        let shown =
            |figure: Option<f64>| figure.map_or_else(String::new, |figure| format!("{figure:.4}"));
        let rows: Vec<Vec<String>> = FIGURES
            .iter()
            .map(|(name, figure)| {
                vec![(*name).to_owned(), shown(figure(&self.metrics)), shown(of_champion(*figure))]
            })
            .collect();
        let present = self
            .champion
            .as_ref()
            .map_or("no present model", |champion| champion.model_uid.as_str());
        let mut text = grid(&["held-out rows", &self.model_uid, present], &rows);
        text.push_str(&format!(
            "\n\n{} fitted to {} rows ({} {}), judged by {}",
            self.recipe.learner.name(),
            number(self.training.rows),
            percent(self.training.positives as f64 / self.training.rows as f64),
            "positive",
            number(self.metrics.n),
        ));
        if self.without_outcome > 0 {
            text.push_str(&format!(
                "; {} rows without an outcome left out",
                number(self.without_outcome as u64)
            ));
        }
        if self.duplicates > 0 {
            text.push_str(&format!(
                "; {} rows that are there twice left out",
                number(self.duplicates as u64)
            ));
        }
        if let Some(logged) = &self.logged {
            text.push_str(&format!("\n{}", logged.text()));
        }
        for reason in &self.gate.reasons {
            text.push_str(&format!("\nrefused: {reason}"));
        }
        text.push_str(&match (self.gate.accepted, self.published, &self.candidate) {
            (true, true, _) => "\nPUBLISHED as model.pkl".to_owned(),
            (true, false, Some(candidate)) => {
                format!("\nACCEPTED; published as {candidate}, and model.pkl stays")
            }
            (true, false, None) => "\nACCEPTED; a dry run, nothing was written".to_owned(),
            (false, ..) => "\nREFUSED; everything is as it was".to_owned(),
        });
        text
    }
}

type Figure = (&'static str, fn(&Metrics) -> Option<f64>);

/// The figures that people look at, with their names.
pub(crate) const FIGURES: [Figure; 5] = [
    ("ROC AUC", |metrics| metrics.roc_auc),
    ("average precision", |metrics| metrics.average_precision),
    ("log loss", |metrics| metrics.log_loss),
    ("Brier score", |metrics| metrics.brier),
    ("calibration error", |metrics| metrics.ece),
];

fn importances(file: &ModelFile) -> impl Iterator<Item = (String, f64)> {
    let features = file.model.schema.features.iter().map(|feature| feature.name.clone());
    features.zip(file.model.importances.iter().copied())
}

impl InspectReport {
    pub(crate) fn new(file: &ModelFile, bytes: usize, python: Option<String>) -> Self {
        let features = file.model.schema.features.iter().zip(&file.model.importances);
        let features = features.map(|(feature, importance)| {
            let (kind, levels) = match &feature.kind {
                FeatureKind::Numeric => ("numeric", None),
                FeatureKind::Categorical { levels } => ("categorical", Some(levels.len())),
                FeatureKind::Date => ("date", None),
            };
            FeatureReport { feature: feature.name.clone(), kind, levels, importance: *importance }
        });
        Self {
            model_uid: file.model_uid.clone(),
            created: file.created.clone(),
            bytes,
            target: file.model.schema.target.clone(),
            features: features.collect(),
            recipe: file.model.recipe.clone(),
            metrics: file.metrics.clone(),
            training: file.training.clone(),
            git_commit: file.git_commit.clone(),
            python: python.map(|path| python_lines(&path, &file.model.schema.target.positive)),
        }
    }

    fn human(&self) -> String {
        if let Some(python) = &self.python {
            return python.clone();
        }
        let mut features: Vec<&FeatureReport> = self.features.iter().collect();
        features.sort_by(|a, b| b.importance.total_cmp(&a.importance));
        let rows: Vec<Vec<String>> = features
            .into_iter()
            .map(|feature| {
                let kind = feature
                    .levels
                    .map_or_else(|| feature.kind.to_owned(), |levels| format!("{levels} levels"));
                vec![feature.feature.clone(), kind, percent(feature.importance)]
            })
            .collect();
        let figures = FIGURES
            .iter()
            .filter_map(|(name, figure)| Some(format!("{name} {:.4}", figure(&self.metrics)?)));
        let training = &self.training;
        let span = match (&training.from, &training.to) {
            (Some(from), Some(to)) => format!(", {from} to {to}"),
            _ => String::new(),
        };
        format!(
            "{}: the probability that {} is {}, by {}\nmade {} of {} ({} rows, {} positive{span}; SHA-256 {})\n{} on {} rows\n\n{}",
            self.model_uid,
            self.target.name,
            self.target.positive,
            self.recipe.learner.name(),
            self.created,
            training.source,
            number(training.rows),
            number(training.positives),
            &training.data_sha256[..training.data_sha256.len().min(12)],
            figures.collect::<Vec<String>>().join(", "),
            number(self.metrics.n),
            grid(&["feature", "kind", "importance"], &rows),
        )
    }
}

fn python_lines(path: &str, positive: &str) -> String {
    format!(
        "import pickle

import numpy, onnxruntime

with open({path:?}, \"rb\") as file:
    model = pickle.load(file)  # plain containers: nothing is imported, no code runs

session = onnxruntime.InferenceSession(model[\"onnx\"])
row = {{}}  # a value for each input: numbers (nan is missing), texts (\"\" is missing)
for column in session.get_inputs():
    is_text = column.type == \"tensor(string)\"
    value = row.get(column.name, \"\" if is_text else float(\"nan\"))
    row[column.name] = numpy.array([[value]], dtype=object if is_text else numpy.float64)
probability, label = session.run(None, row)  # of `{positive}`"
    )
}

impl Report for Outcome {
    fn human(&self) -> String {
        match self {
            Self::Retrained(report) => report.human(),
            Self::Inspected(report) => report.human(),
            Self::Refused(report) => {
                format!("{} is NOT FIT FOR RELEASE: {}", report.model, report.reasons.join("; "))
            }
            Self::RolledBack(report) => match &report.replaced {
                Some(replaced) if *replaced == report.model_uid => {
                    format!("{replaced} is model.pkl already")
                }
                Some(replaced) => {
                    format!("{} is model.pkl again, in place of {replaced}", report.model_uid)
                }
                None => format!("{} is model.pkl", report.model_uid),
            },
            Self::Released(report) => match report.written {
                true => format!("{} is in production, which is written down now", report.model_uid),
                false => {
                    format!("{} is in production, as is written down already", report.model_uid)
                }
            },
            Self::Searched(report) => report.human(),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Retrained(report) if report.fail_on_verdict && !report.gate.accepted => {
                Exit::Verdict
            }
            Self::Refused(_) => Exit::Verdict,
            _ => Exit::Done,
        }
    }
}
