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
use mlops_monitor::{OutcomeArgs, window_of};
use mlops_objects::Location;

use crate::spec::SPEC;

const EXAMPLES: &str = "\
Examples:
  Two files, no database:
    concept-shift --reference train.csv --production may.csv --id client_id --target churn

  What was logged since the present model was published, with outcomes where client_outcomes has them:
    concept-shift --models s3://acme-models/churn --database mysql://… --relation

  The same each night, and a new model when what the model learned is no longer true:
    concept-shift --models s3://acme-models/churn --database mysql://… --window 7d --relation --retrain \
      --retrain-queue mlops --retrain-definition retrain";

/// Ask whether production can be told from training, and whether the target still follows from the
/// features
///
/// A forest is fitted to tell production's rows from training's, and asked by cross-validation: if
/// the area under its ROC curve is surely above --threshold, production has other rows than the
/// model was fitted to, however alike each column looks by itself. Where outcomes are known, each
/// feature is tested for another relation to the target than it had, on top of what the model says;
/// and the model's scores for being right. The findings go to concept_shift of the database.
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

    /// Ask for a new model if the verdict is `shifted`
    #[arg(long, env = "CONCEPT_SHIFT_RETRAIN", value_parser = BoolishValueParser::new(), help_heading = "Retraining")]
    pub retrain: bool,

    #[command(flatten)]
    pub trigger: RetrainArgs,

    /// Write a page about the findings there: a path or s3://BUCKET/KEY
    #[arg(long, env = "CONCEPT_SHIFT_REPORT", value_name = "FILE")]
    pub report: Option<Location>,

    /// End with exit code 10 if the verdict is `shifted`
    #[arg(long, env = "MLOPS_FAIL_ON_VERDICT", value_parser = BoolishValueParser::new())]
    pub fail_on_verdict: bool,

    #[command(flatten)]
    pub store: DatabaseArgs,

    #[command(flatten)]
    pub common: CommonArgs,
}

/// What is compared, and what its columns are.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Data")]
pub struct DataArgs {
    /// What the model was trained on: CSV or Parquet, as a path or s3://BUCKET/KEY
    #[arg(long, env = "CONCEPT_SHIFT_REFERENCE", value_name = "FILE")]
    pub reference: Option<Location>,

    /// Where `retrain` keeps models: a folder or s3://BUCKET/PREFIX; says what the model was
    /// trained on, its target, its recipe, and since when its requests count
    #[arg(long, env = "MLOPS_MODELS", value_name = "PLACE")]
    pub models: Option<Location>,

    /// The model of --models that is looked at; without it the present one
    #[arg(long, env = "CONCEPT_SHIFT_MODEL_UID", value_name = "MODEL_UID", requires = "models")]
    pub model_uid: Option<String>,

    /// Compare this instead of the logs in the database, and write nothing: CSV, Parquet, or JSON
    /// logs, of which a folder or s3://BUCKET/PREFIX may be named (several: A,B)
    #[arg(long, env = "CONCEPT_SHIFT_PRODUCTION", value_name = "FILE", value_delimiter = ',')]
    pub production: Vec<Location>,

    /// Compare only requests logged from this time on, UTC: 2026-11-23 or 2026-11-23T05:30:00
    #[arg(long, env = "CONCEPT_SHIFT_SINCE", value_name = "TIME", value_parser = utc_time, conflicts_with = "window")]
    pub since: Option<Timestamp>,

    /// Compare only requests logged before this time, UTC
    #[arg(long, env = "CONCEPT_SHIFT_UNTIL", value_name = "TIME", value_parser = utc_time)]
    pub until: Option<Timestamp>,

    /// Compare only requests of this long before --until, or before now: 7d, 12h
    #[arg(long, env = "CONCEPT_SHIFT_WINDOW", value_name = "SPAN", value_parser = span)]
    pub window: Option<SignedDuration>,

    /// The column of a --production table with the time of a row, for --since, --until and --window
    #[arg(long, env = "CONCEPT_SHIFT_TIME", value_name = "COLUMN")]
    pub time: Option<String>,

    /// Columns that name rows or customers (several: A,B)
    #[arg(long, env = "CONCEPT_SHIFT_ID", value_name = "COLUMN", value_delimiter = ',')]
    pub id: Vec<String>,

    /// The column with the outcome
    #[arg(long, env = "CONCEPT_SHIFT_TARGET", value_name = "COLUMN")]
    pub target: Option<String>,

    /// Rows of one customer count once, the first of them; `none` counts all
    #[arg(long, env = "CONCEPT_SHIFT_UNIT", value_name = "COLUMN", default_value = "client_id")]
    pub unit: String,
}

/// The classifier that is to tell production from training.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Classifier")]
pub struct ClassifierArgs {
    /// Shifted is what surely has a larger area under the ROC curve
    #[arg(long, env = "CONCEPT_SHIFT_THRESHOLD", value_name = "AUC", default_value_t = 0.55, value_parser = auc)]
    pub threshold: f64,

    /// The fewest rows a side that say something
    #[arg(long, env = "CONCEPT_SHIFT_MIN_ROWS", value_name = "N", default_value_t = 200)]
    pub min_rows: usize,

    /// The most rows a side, drawn at random
    #[arg(long, env = "CONCEPT_SHIFT_MAX_ROWS", value_name = "N", default_value_t = 200_000)]
    pub max_rows: usize,

    /// Parts of the cross-validation
    #[arg(long, env = "CONCEPT_SHIFT_FOLDS", value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(2..=100))]
    pub folds: u16,

    /// Trees of the forest
    #[arg(long, env = "CONCEPT_SHIFT_TREES", value_name = "N", default_value_t = 100)]
    pub trees: usize,

    /// The most questions of a tree one after another
    #[arg(long, env = "CONCEPT_SHIFT_MAX_DEPTH", value_name = "N", default_value_t = 10)]
    pub max_depth: u32,

    /// Where random numbers begin
    #[arg(long, env = "CONCEPT_SHIFT_SEED", value_name = "N", default_value_t = 0)]
    pub seed: u64,

    /// Threads; 0 for one a processor. The findings are the same for any number
    #[arg(long, env = "CONCEPT_SHIFT_N_JOBS", value_name = "N", default_value_t = 0)]
    pub n_jobs: usize,
}

/// How the relation of the target to the features is compared.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Relation")]
pub struct RelationArgs {
    /// Compare the relation too: with client_outcomes of --database or --outcomes for logged
    /// requests, or with the target of a --production table, where it is compared anyway
    #[arg(long, env = "CONCEPT_SHIFT_RELATION", value_parser = BoolishValueParser::new())]
    pub relation: bool,

    /// The most adjusted p-value of a change
    #[arg(long, env = "CONCEPT_SHIFT_SIGNIFICANCE", value_name = "P", default_value_t = 0.05, value_parser = mlops_job::share)]
    pub significance: f64,

    /// The least change of the log-odds; 0.1 is a change from 20.0% to 21.6%
    #[arg(long, env = "CONCEPT_SHIFT_MIN_EFFECT", value_name = "LOG_ODDS", default_value_t = 0.1)]
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
        Err("write a number from 0.5 on and below 1".to_owned())
    }
}
