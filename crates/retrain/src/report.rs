use std::collections::BTreeMap;

use mlops_job::{Exit, Report, grid, number, percent};
use mlops_model::artifact::{ModelFile, Training};
use mlops_model::gate::GateReport;
use mlops_model::metrics::Metrics;
use mlops_model::{FeatureKind, PositiveBy, Recipe, Target};
use mlops_monitor::{BadCells, LabelCounts};
use serde::Serialize;

use crate::champion::LeftOutOfComparison;
use crate::data::{LeftOut, left_out_identifiers};
use crate::logistic::LogisticReport;
use crate::search_report::SearchReport;
use crate::train::Trained;

/// The report of a command.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Outcome {
    /// A model was trained and evaluated.
    Retrained(Box<RetrainReport>),
    /// The content of a model was read.
    Inspected(Box<InspectReport>),
    /// A model is not fit for release.
    Refused(RefusedReport),
    /// An earlier model was restored.
    RolledBack(RollbackReport),
    /// The release of a pipeline was recorded.
    Released(ReleasedReport),
    /// Hyperparameters were searched.
    Searched(SearchReport),
}

/// The report of a retrain.
#[derive(Debug, Clone, Serialize)]
pub struct RetrainReport {
    /// ID of the model.
    pub model_uid: String,
    /// The target, with the positive outcome.
    pub target: Target,
    /// The reason why it is the positive one.
    pub positive_by: PositiveBy,
    /// Metrics on the held-out rows.
    pub metrics: Metrics,
    /// The current model, with its metrics on the rows of the comparison.
    pub champion: Option<ChampionReport>,
    /// The decision of the gate.
    pub gate: GateReport,
    /// Whether the model was published as `model.pkl`.
    pub published: bool,
    /// The training data.
    pub training: Training,
    /// The key that the model was published under instead of `model.pkl`.
    pub candidate: Option<String>,
    /// Number of rows that were left out because they have no outcome.
    pub without_outcome: usize,
    /// Values that are missing since they are not of their column's kind, such as `#DIV/0!` among
    /// numbers.
    pub bad_cells: Vec<BadCells>,
    /// Number of duplicates that were left out.
    pub duplicates: usize,
    /// Number of rows that were left out of the evaluation, since their customers have rows in the
    /// other part.
    pub of_both_parts: usize,
    /// Counts of the logged requests, if any were read.
    pub logged: Option<LabelCounts>,
    /// The recipe.
    pub recipe: Recipe,
    /// Importance of each feature; the sum is 1.
    pub importances: BTreeMap<String, f64>,
    /// Columns that identify rows and were left out, although they are no `--id`.
    pub identifiers: Vec<String>,
    /// A logistic regression on the same rows, unless the model is one.
    pub logistic: Option<LogisticReport>,
    #[serde(skip)]
    pub(crate) fail_on_verdict: bool,
}

/// The current model.
#[derive(Debug, Clone, Serialize)]
pub struct ChampionReport {
    /// ID of the model.
    pub model_uid: String,
    /// Its metrics on the rows of the comparison, if it could predict them.
    #[serde(flatten)]
    pub metrics: Option<Metrics>,
    /// Held-out rows that are not compared.
    pub left_out: LeftOutOfComparison,
}

/// The content of a model.
#[derive(Debug, Clone, Serialize)]
pub struct InspectReport {
    /// ID of the model.
    pub model_uid: String,
    /// Time of the training, in UTC.
    pub created: String,
    /// Size of the file, in bytes.
    pub bytes: usize,
    /// The target.
    pub target: Target,
    /// Its features and their kinds.
    pub features: Vec<FeatureReport>,
    /// The recipe.
    pub recipe: Recipe,
    /// Metrics on held-out rows.
    pub metrics: Metrics,
    /// The training data.
    pub training: Training,
    /// Git commit of the program that trained the model.
    pub git_commit: Option<String>,
    /// Python code that reads the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub python: Option<String>,
}

/// A feature of a model.
#[derive(Debug, Clone, Serialize)]
pub struct FeatureReport {
    /// The name of its column.
    pub feature: String,
    /// `numeric`, `categorical` or `date`.
    pub kind: &'static str,
    /// Number of levels, if it is categorical.
    pub levels: Option<usize>,
    /// Importance; the sum over all features is 1.
    pub importance: f64,
}

/// A model that is not fit for release.
#[derive(Debug, Clone, Serialize)]
pub struct RefusedReport {
    /// Location of the model.
    pub model: String,
    /// The reasons.
    pub reasons: Vec<String>,
}

/// The report of a rollback.
#[derive(Debug, Clone, Serialize)]
pub struct RollbackReport {
    /// ID of the restored model.
    pub model_uid: String,
    /// ID of the model that was replaced.
    pub replaced: Option<String>,
}

/// The report of a recorded release.
#[derive(Debug, Clone, Serialize)]
pub struct ReleasedReport {
    /// ID of the model in production.
    pub model_uid: String,
    /// Whether a row was added; false if the release had been recorded before.
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
        let comparison = trained.gate.comparison.as_ref();
        let champion = champion_uid.map(|model_uid| ChampionReport {
            model_uid,
            metrics: comparison.and_then(|comparison| comparison.champion.clone()),
            left_out: trained.left_out_of_comparison.clone(),
        });
        Self {
            model_uid: file.model_uid.clone(),
            target: file.model.schema.target.clone(),
            positive_by: trained.positive_by,
            metrics: file.metrics.clone(),
            champion,
            gate: trained.gate.clone(),
            published: false,
            training: file.training.clone(),
            candidate: None,
            without_outcome: left_out.without_outcome,
            bad_cells: trained.bad_cells.clone(),
            duplicates: left_out.duplicates,
            of_both_parts: left_out.of_both_parts,
            logged: left_out.logged,
            recipe: file.model.recipe.clone(),
            importances: importances(file).collect(),
            identifiers: trained.identifiers.clone(),
            logistic: trained.logistic.clone(),
            fail_on_verdict,
        }
    }

    /// Returns the metadata to store with the model: the report without the fields about publishing.
    pub(crate) fn about_model(&self) -> serde_json::Result<serde_json::Value> {
        let mut about = serde_json::to_value(self)?;
        for fate in ["published", "candidate"] {
            about.as_object_mut().and_then(|fields| fields.remove(fate));
        }
        Ok(about)
    }

    fn human(&self) -> String {
        let shown =
            |figure: Option<f64>| figure.map_or_else(String::new, |figure| format!("{figure:.4}"));
        let columns = self.columns();
        let rows: Vec<Vec<String>> = FIGURES
            .iter()
            .map(|(name, figure)| {
                let cells = columns.iter().map(|(_, metrics)| shown(metrics.and_then(figure)));
                std::iter::once((*name).to_owned()).chain(cells).collect()
            })
            .collect();
        let names = columns.iter().map(|(name, _)| name.as_str());
        let header: Vec<&str> = std::iter::once("held-out rows").chain(names).collect();
        let mut text = format!("{}\n\n{}", self.positive(), grid(&header, &rows));
        text.push_str(&format!(
            "\n\n{} trained on {} rows ({} positive), evaluated on {} held-out rows",
            self.recipe.learner.name(),
            number(self.training.rows),
            percent(self.training.positives as f64 / self.training.rows as f64),
            number(self.metrics.n),
        ));
        if self.without_outcome > 0 {
            text.push_str(&format!(
                "; left out {} rows without an outcome",
                number(self.without_outcome as u64)
            ));
        }
        if self.duplicates > 0 {
            text.push_str(&format!("; left out {} duplicates", number(self.duplicates as u64)));
        }
        if self.of_both_parts > 0 {
            text.push_str(&format!(
                "; left out {} rows of customers with older and newer rows",
                number(self.of_both_parts as u64)
            ));
        }
        if let Some(rows) = self.training.refitted_rows {
            text.push_str(&format!("; then refitted to all {} rows", number(rows)));
        }
        if let Some(logged) = &self.logged {
            text.push_str(&format!("\n{}", logged.text()));
        }
        for note in self.notes() {
            text.push_str(&format!("\n{note}"));
        }
        for reason in &self.gate.reasons {
            text.push_str(&format!("\nrefused: {reason}"));
        }
        text.push_str(&match (self.gate.accepted, self.published, &self.candidate) {
            (true, true, _) => "\nPUBLISHED as model.pkl".to_owned(),
            (true, false, Some(candidate)) => {
                format!("\nACCEPTED; published as {candidate}, model.pkl is unchanged")
            }
            (true, false, None) => "\nACCEPTED; dry run, nothing was published".to_owned(),
            (false, ..) => "\nREFUSED; model.pkl is unchanged".to_owned(),
        });
        text
    }

    /// Returns the outcome whose probability the model predicts, and why.
    pub(crate) fn positive(&self) -> String {
        let Target { name, positive, negative } = &self.target;
        let why = match self.positive_by {
            PositiveBy::Argument => "as --positive says",
            PositiveBy::CurrentModel => "as in the current model",
            PositiveBy::Name => "by its name; --positive changes it",
            PositiveBy::Rarer => "the rarer one; --positive changes it",
        };
        format!("predicts the probability that {name} is {positive}, not {negative} ({why})")
    }

    /// Returns the models of the table of metrics. The candidate model stands there twice if the models
    /// are compared on fewer rows than it is evaluated on.
    pub(crate) fn columns(&self) -> Vec<(String, Option<&Metrics>)> {
        let mut columns = vec![(self.model_uid.clone(), Some(&self.metrics))];
        let Some(champion) = &self.champion else {
            columns.push(("no current model".to_owned(), None));
            return columns;
        };
        let name = match &self.gate.comparison {
            Some(comparison) if comparison.rows < self.metrics.n => {
                let on = format!("on {} new rows", number(comparison.rows));
                columns.push((format!("the same {on}"), Some(&comparison.challenger)));
                format!("{} {on}", champion.model_uid)
            }
            _ => champion.model_uid.clone(),
        };
        columns.push((name, champion.metrics.as_ref()));
        columns
    }

    /// Returns what is to be known about the figures, a sentence each.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes: Vec<String> = self.bad_cells.iter().map(BadCells::text).collect();
        notes.extend(left_out_identifiers(&self.identifiers));
        let left_out = self.champion.as_ref().and_then(|champion| champion.left_out.text());
        if let (Some(comparison), Some(left_out)) = (&self.gate.comparison, left_out) {
            notes.push(format!(
                "compared on {} of {} held-out rows; left out {left_out}",
                number(comparison.rows),
                number(self.metrics.n)
            ));
        }
        if let Some(why) = self.gate.comparison.as_ref().and_then(|it| it.inconclusive.as_ref()) {
            notes.push(format!("not compared with the current model: {why}"));
        }
        notes.extend(self.logistic.as_ref().and_then(LogisticReport::text));
        notes
    }
}

type Figure = (&'static str, fn(&Metrics) -> Option<f64>);

/// The metrics of reports, with their names.
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
            "{}: probability that {} is {}, by {}\ntrained {} on {} ({} rows, {} positive{span}; SHA-256 {})\n{} on {} held-out rows\n\n{}",
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
    model = pickle.load(file)  # plain containers: no import, no code execution

session = onnxruntime.InferenceSession(model[\"onnx\"])
row = {{}}  # one value per input: number (nan if missing) or text (\"\" if missing)
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
                    format!("{replaced} is already model.pkl; nothing was changed")
                }
                Some(replaced) => {
                    format!(
                        "rolled back: {} is now model.pkl, and replaces {replaced}",
                        report.model_uid
                    )
                }
                None => format!("{} is now model.pkl", report.model_uid),
            },
            Self::Released(report) => match report.written {
                true => format!("recorded in model_release: {} is in production", report.model_uid),
                false => {
                    format!(
                        "already recorded in model_release: {} is in production",
                        report.model_uid
                    )
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
