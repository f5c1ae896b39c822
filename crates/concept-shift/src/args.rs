#![expect(clippy::doc_markdown, reason = "the doc comments are the text of --help")]

use clap::Parser;
use clap::builder::BoolishValueParser;
use jiff::{SignedDuration, Timestamp};
use mlops_core::window::Window;
use mlops_detect::concept::{DomainPolicy, RelationPolicy};
use mlops_job::{
    CommonArgs, DatabaseArgs, EXIT_CODES_HELP, JobArgs, Spec, UsageError, span, utc_time,
};
use mlops_model::ForestParams;
use mlops_monitor::RetrainArgs;
use mlops_monitor::{OutcomeArgs, ReadingArgs, window_of};
use mlops_objects::Location;

use crate::spec::SPEC;

const EXAMPLES: &str = "\
Examples:
  Two files, no database:
    concept-shift --reference train.csv --production may.csv --id client_id --target churn

  Requests since the current model was published, with outcomes from client_outcomes:
    concept-shift --models s3://acme-models/churn --database mysql://… --relation

  The same each night, with a retrain request when the concept shifted:
    concept-shift --models s3://acme-models/churn --database mysql://… --window 7d --relation --retrain \
      --retrain-queue mlops --retrain-definition retrain";

/// Test whether a classifier separates production from training, and whether the target's relation
/// to the features changed
///
/// A random forest is trained to separate production rows from training rows, with
/// cross-validation. If the interval of its ROC AUC lies above --threshold, production differs from
/// training, however similar each column looks.
///
/// With --relation and known outcomes, each feature is tested for a changed relation to the target,
/// given the model's score, and the calibration of the score is tested. The findings are written to
/// the table concept_shift.
#[derive(Debug, Clone, Parser)]
#[command(name = "concept-shift", version, after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES_HELP}"))]
pub struct Args {
    #[command(flatten)]
    pub data: DataArgs,

    #[command(flatten)]
    pub classifier: ClassifierArgs,

    #[command(flatten)]
    pub relation: RelationArgs,

    #[command(flatten)]
    pub outcomes: OutcomeArgs,

    /// Request a retrain if the verdict is `shifted`
    #[arg(long, env = "CONCEPT_SHIFT_RETRAIN", value_parser = BoolishValueParser::new(), help_heading = "Retraining")]
    pub retrain: bool,

    #[command(flatten)]
    pub trigger: RetrainArgs,

    /// Write an HTML page about the findings: a path or s3://BUCKET/KEY
    #[arg(long, env = "CONCEPT_SHIFT_REPORT", value_name = "FILE", help_heading = "Output")]
    pub report: Option<Location>,

    /// Exit with code 10 if the verdict is `shifted`
    #[arg(long, env = "MLOPS_FAIL_ON_VERDICT", value_parser = BoolishValueParser::new(), help_heading = "Output")]
    pub fail_on_verdict: bool,

    #[command(flatten)]
    pub store: DatabaseArgs,

    #[command(flatten)]
    pub common: CommonArgs,
}

/// The data to compare, and the roles of their columns.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Input")]
pub struct DataArgs {
    /// Training data: CSV or Parquet, a path or s3://BUCKET/KEY
    #[arg(long, env = "CONCEPT_SHIFT_REFERENCE", value_name = "FILE")]
    pub reference: Option<Location>,

    /// Models written by `retrain`: a folder or s3://BUCKET/PREFIX; replaces --reference, --target
    /// and --since
    #[arg(long, env = "MLOPS_MODELS", value_name = "LOCATION")]
    pub models: Option<Location>,

    /// ID of the model of --models to compare with [default: the current model]
    #[arg(
        long,
        env = "CONCEPT_SHIFT_MODEL_UID",
        value_name = "MODEL_UID",
        requires = "models",
        hide_short_help = true
    )]
    pub model_uid: Option<String>,

    /// Production data instead of the database: CSV, Parquet, or a folder or prefix of JSON logs
    /// (A,B)
    #[arg(long, env = "CONCEPT_SHIFT_PRODUCTION", value_name = "FILE", value_delimiter = ',')]
    pub production: Vec<Location>,

    /// First logging time to compare, in UTC: 2026-11-23 or 2026-11-23T05:30:00
    #[arg(long, env = "CONCEPT_SHIFT_SINCE", value_name = "TIME", value_parser = utc_time, conflicts_with = "window", hide_short_help = true)]
    pub since: Option<Timestamp>,

    /// End of the logging times to compare, exclusive, in UTC [default: now]
    #[arg(long, env = "CONCEPT_SHIFT_UNTIL", value_name = "TIME", value_parser = utc_time, hide_short_help = true)]
    pub until: Option<Timestamp>,

    /// Lookback window before --until: 7d, 12h
    #[arg(long, env = "CONCEPT_SHIFT_WINDOW", value_name = "SPAN", value_parser = span, hide_short_help = true)]
    pub window: Option<SignedDuration>,

    /// Column of a --production table with the time of a row
    #[arg(
        long,
        env = "CONCEPT_SHIFT_TIME",
        value_name = "COLUMN",
        hide_short_help = true,
        help_heading = "Columns"
    )]
    pub time: Option<String>,

    /// ID columns, which are not compared (A,B)
    #[arg(
        long,
        env = "CONCEPT_SHIFT_ID",
        value_name = "COLUMN",
        value_delimiter = ',',
        help_heading = "Columns"
    )]
    pub id: Vec<String>,

    /// Target column
    #[arg(long, env = "CONCEPT_SHIFT_TARGET", value_name = "COLUMN", help_heading = "Columns")]
    pub target: Option<String>,

    /// Positive outcome [default: the model's; without one: yes, true, 1, churned, left, … by name,
    /// else the rarer]
    #[arg(
        long,
        env = "CONCEPT_SHIFT_POSITIVE",
        value_name = "OUTCOME",
        hide_short_help = true,
        help_heading = "Columns"
    )]
    pub positive: Option<String>,

    #[command(flatten)]
    pub reading: ReadingArgs,

    /// Customer column: the first row of each customer counts; `none`: all rows
    #[arg(
        long,
        env = "CONCEPT_SHIFT_UNIT",
        value_name = "COLUMN",
        default_value = "client_id",
        hide_short_help = true,
        help_heading = "Columns"
    )]
    pub unit: String,
}

/// The classifier that is to tell production from training.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Classifier")]
pub struct ClassifierArgs {
    /// Threshold of the ROC AUC: shifted if the interval of the AUC lies above it
    #[arg(long, env = "CONCEPT_SHIFT_THRESHOLD", value_name = "AUC", default_value_t = 0.55, value_parser = auc, hide_short_help = true)]
    pub threshold: f64,

    /// Minimum number of rows on each side; fewer are inconclusive
    #[arg(
        long,
        env = "CONCEPT_SHIFT_MIN_ROWS",
        value_name = "N",
        default_value_t = 200,
        hide_short_help = true
    )]
    pub min_rows: usize,

    /// Maximum number of rows on each side; more are sampled at random
    #[arg(
        long,
        env = "CONCEPT_SHIFT_MAX_ROWS",
        value_name = "N",
        default_value_t = 200_000,
        hide_short_help = true
    )]
    pub max_rows: usize,

    /// Number of folds of the cross-validation
    #[arg(long, env = "CONCEPT_SHIFT_FOLDS", value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(2..=100), hide_short_help = true)]
    pub folds: u16,

    /// Number of trees of the random forest (n_estimators)
    #[arg(
        long,
        env = "CONCEPT_SHIFT_TREES",
        value_name = "N",
        default_value_t = 100,
        hide_short_help = true
    )]
    pub trees: usize,

    /// Maximum depth of a tree
    #[arg(
        long,
        env = "CONCEPT_SHIFT_MAX_DEPTH",
        value_name = "N",
        default_value_t = 10,
        hide_short_help = true
    )]
    pub max_depth: u32,

    /// Random seed
    #[arg(
        long,
        env = "CONCEPT_SHIFT_SEED",
        value_name = "N",
        default_value_t = 0,
        hide_short_help = true
    )]
    pub seed: u64,

    /// Number of threads; 0: one for each core. The findings do not depend on it
    #[arg(
        long,
        env = "CONCEPT_SHIFT_N_JOBS",
        value_name = "N",
        default_value_t = 0,
        hide_short_help = true
    )]
    pub n_jobs: usize,
}

/// How the relation of the target to the features is compared.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Relation")]
pub struct RelationArgs {
    /// Also compare the relation of the target to the features; needs outcomes
    #[arg(long, env = "CONCEPT_SHIFT_RELATION", value_parser = BoolishValueParser::new())]
    pub relation: bool,

    /// Significance level of the adjusted p-value of a change
    #[arg(long, env = "CONCEPT_SHIFT_SIGNIFICANCE", value_name = "P", default_value_t = 0.05, value_parser = mlops_job::share, hide_short_help = true)]
    pub significance: f64,

    /// Minimum change of the log-odds; 0.1 is a change from 20.0% to 21.6%
    #[arg(
        long,
        env = "CONCEPT_SHIFT_MIN_EFFECT",
        value_name = "LOG_ODDS",
        default_value_t = 0.1,
        hide_short_help = true
    )]
    pub min_effect: f64,
}

impl JobArgs for Args {
    const SPEC: Spec = SPEC;

    fn common(&self) -> &CommonArgs {
        &self.common
    }
}

impl DataArgs {
    /// The time that production is looked at in; from `since` on if nothing else is said.
    pub(crate) fn window(
        &self,
        now: Timestamp,
        since: Option<Timestamp>,
    ) -> Result<Window, UsageError> {
        window_of(self.since.or(since), self.until, self.window, now)
    }
}

impl ClassifierArgs {
    pub(crate) fn policy(&self) -> DomainPolicy {
        let forest = ForestParams {
            trees: self.trees,
            max_depth: Some(self.max_depth),
            ..DomainPolicy::default().forest
        };
        DomainPolicy {
            threshold: self.threshold,
            min_rows: self.min_rows,
            max_rows: self.max_rows,
            folds: usize::from(self.folds),
            seed: self.seed,
            forest,
            ..DomainPolicy::default()
        }
    }
}

impl RelationArgs {
    pub(crate) fn policy(&self) -> RelationPolicy {
        RelationPolicy {
            significance: self.significance,
            min_effect: self.min_effect,
            ..RelationPolicy::default()
        }
    }
}

fn auc(text: &str) -> Result<f64, String> {
    let auc: f64 = text.parse().map_err(|_| "write a number such as 0.55".to_owned())?;
    if (0.5..1.0).contains(&auc) {
        Ok(auc)
    } else {
        Err("write a number from 0.5 to below 1".to_owned())
    }
}
