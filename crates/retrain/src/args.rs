#![expect(clippy::doc_markdown, reason = "the doc comments are the text of --help")]

use std::str::FromStr;

use anyhow::Result;
use clap::builder::BoolishValueParser;
use clap::{Parser, Subcommand, ValueEnum};
use jiff::{SignedDuration, Timestamp};
use mlops_core::address::{DatabaseUrl, Password};
use mlops_job::{CommonArgs, Context, EXIT_CODES_HELP, JobArgs, Spec, span, utc_time};
use mlops_model::LearnerKind;
use mlops_model::gate::GatePolicy;
use mlops_monitor::OutcomeArgs;
use mlops_objects::Location;
use mlops_sql::Database;

use crate::column_args::{ClassWeightArg, ColumnArgs};
use crate::spec::SPEC;

const EXAMPLES: &str = "\
Examples:
  A first model from a file, into a folder:
    retrain --data train.csv --id client_id --target churn --models models

  A retrain with the newest rows held out; the upload to S3 starts the pipeline:
    retrain --data s3://acme-data/train.parquet --target churn --time signup_date --models s3://acme-models/churn

  The content of a model, and how to read it in Python:
    retrain inspect models/model.pkl
    retrain inspect models/model.pkl --python

  Check whether a model may replace the one in production:
    retrain inspect candidate.pkl --check --against model.pkl

  A table, together with logged requests and their outcomes:
    retrain --table churn_data --logs model_logs --target churn --id client_id --database mysql://… --models s3://acme-models/churn

  Hyperparameter search by cross-validation:
    retrain search --data train.csv --target churn --trials 40 --halving --out recipe.toml

  Roll back to an earlier model:
    retrain rollback 20261123T120000Z-1a2b3c4d --models s3://acme-models/churn";

/// Refit the model on new data, refuse a bad one, and publish model.pkl
///
/// Fits the current model's recipe to the training rows and evaluates it on held-out rows. The gate
/// accepts a model that is not worse than the current model, is calibrated, and beats the base
/// rate.
///
/// An accepted model is written to --models: metrics, schema and training data under
/// versions/<model_uid>/, and model.pkl last. A refused model changes nothing.
#[derive(Debug, Clone, Parser)]
#[command(name = "retrain", version, after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES_HELP}"), args_conflicts_with_subcommands = false)]
pub struct Args {
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    pub data: DataArgs,

    #[command(flatten)]
    pub store: StoreArgs,

    /// Recipe (TOML): learner and parameters [default: the current model's; first model: gradient
    /// boosting]
    #[arg(long, env = "RETRAIN_RECIPE", value_name = "FILE", help_heading = "Model")]
    pub recipe: Option<Location>,

    /// Weights of the outcomes in the fit (scikit-learn: class_weight) [default: the recipe's]
    #[arg(
        long,
        env = "RETRAIN_CLASS_WEIGHT",
        value_name = "WEIGHTS",
        value_enum,
        hide_short_help = true,
        help_heading = "Model"
    )]
    pub class_weight: Option<ClassWeightArg>,

    /// Allow columns, units and outcomes that differ from the current model's
    #[arg(long, env = "RETRAIN_NEW_SCHEMA", value_parser = BoolishValueParser::new(), hide_short_help = true, help_heading = "Model")]
    pub new_schema: bool,

    /// Refit an accepted model to all rows; the reported metrics are those before
    #[arg(long, env = "RETRAIN_REFIT_ALL", value_name = "BOOL", default_value_t = true, num_args = 0..=1, default_missing_value = "true", action = clap::ArgAction::Set, value_parser = BoolishValueParser::new(), hide_short_help = true, help_heading = "Model")]
    pub refit_all: bool,

    #[command(flatten)]
    pub gate: GateArgs,

    /// Evaluate the model without publishing it
    #[arg(long, env = "MLOPS_DRY_RUN", value_parser = BoolishValueParser::new(), help_heading = "Output")]
    pub dry_run: bool,

    /// Publish under this key in --models instead of model.pkl, for a pipeline: candidate/model.pkl
    #[arg(
        long,
        env = "RETRAIN_CANDIDATE",
        value_name = "KEY",
        help_heading = "Output",
        hide_short_help = true
    )]
    pub candidate: Option<String>,

    /// ID of the retrain request (table retrain_request) that this run fulfills. Set by the
    /// monitors
    #[arg(
        long,
        env = "MLOPS_RETRAIN_REQUEST",
        value_name = "REQUEST_UID",
        hide = true,
        hide_short_help = true
    )]
    pub request: Option<String>,

    /// Write an HTML page about the model: a path or s3://BUCKET/KEY
    #[arg(long, env = "RETRAIN_REPORT", value_name = "FILE", help_heading = "Output")]
    pub report: Option<Location>,

    /// Exit with code 10 if the model is refused
    #[arg(long, env = "MLOPS_FAIL_ON_VERDICT", value_parser = BoolishValueParser::new(), hide_short_help = true, help_heading = "Output")]
    pub fail_on_verdict: bool,

    #[command(flatten)]
    pub common: CommonArgs,
}

/// Sources of training data, and their columns.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Input")]
pub struct DataArgs {
    /// Training data with outcomes: CSV or Parquet, a path or s3://BUCKET/KEY (A,B)
    #[arg(
        long,
        env = "RETRAIN_DATA",
        value_name = "FILE",
        value_delimiter = ',',
        help_heading = "Input"
    )]
    pub data: Vec<Location>,

    /// Table of --database with training data, such as churn_data
    #[arg(
        long,
        env = "RETRAIN_TABLE",
        value_name = "TABLE",
        conflicts_with = "query",
        help_heading = "Input",
        hide_short_help = true
    )]
    pub table: Option<String>,

    /// SQL query to --database that returns training data
    #[arg(
        long,
        env = "RETRAIN_QUERY",
        value_name = "SQL",
        hide_short_help = true,
        help_heading = "Input"
    )]
    pub query: Option<String>,

    /// Logged requests with known outcomes: `model_logs`, or a folder or s3://BUCKET/PREFIX of JSON
    /// logs
    #[arg(long, env = "RETRAIN_LOGS", value_name = "LOCATION", help_heading = "Input")]
    pub logs: Option<LogSource>,

    /// First logging time of the logged requests, in UTC
    #[arg(long, env = "RETRAIN_SINCE", value_name = "TIME", value_parser = utc_time, requires = "logs", hide_short_help = true, help_heading = "Input")]
    pub since: Option<Timestamp>,

    #[command(flatten)]
    pub outcomes: OutcomeArgs,

    /// Target column, such as churn; rows without an outcome are left out
    #[arg(long, env = "RETRAIN_TARGET", value_name = "COLUMN", help_heading = "Columns")]
    pub target: Option<String>,

    /// ID columns, which are no features (A,B). The rows of a customer stay together
    #[arg(
        long,
        env = "RETRAIN_ID",
        value_name = "COLUMN",
        value_delimiter = ',',
        help_heading = "Data",
        help_heading = "Columns"
    )]
    pub id: Vec<String>,

    /// Features that may predict the outcome alone, or look like IDs (A,B)
    #[arg(
        long,
        env = "RETRAIN_ALLOW_LEAK",
        value_name = "FEATURE",
        value_delimiter = ',',
        help_heading = "Columns",
        hide_short_help = true
    )]
    pub allow_leak: Vec<String>,

    #[command(flatten)]
    pub columns: ColumnArgs,

    /// Column with the time of a row; the newest rows are held out [default: held out at random]
    #[arg(long, env = "RETRAIN_TIME", value_name = "COLUMN", help_heading = "Columns")]
    pub time: Option<String>,

    /// Share of held-out rows, 0.05 to 0.5 (test set; scikit-learn: test_size)
    #[arg(long, env = "RETRAIN_TEST_SHARE", value_name = "SHARE", default_value_t = 0.25, value_parser = mlops_job::share, hide_short_help = true, help_heading = "Model")]
    pub test_share: f64,

    /// Minimum number of rows with an outcome
    #[arg(
        long,
        env = "RETRAIN_MIN_ROWS",
        value_name = "N",
        default_value_t = 200,
        help_heading = "Data",
        hide_short_help = true,
        help_heading = "Model"
    )]
    pub min_rows: usize,
}

/// A source of logged requests.
#[derive(Debug, Clone)]
pub enum LogSource {
    /// Table `model_logs` of the database.
    Database,
    /// JSON logs in a folder or S3.
    Objects(Location),
}

impl FromStr for LogSource {
    type Err = <Location as FromStr>::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "model_logs" { Ok(Self::Database) } else { text.parse().map(Self::Objects) }
    }
}

/// The storage location of models, and the database.
#[derive(Debug, Clone, clap::Args)]
pub struct StoreArgs {
    /// Location of model.pkl and versions/: a folder or s3://BUCKET/PREFIX
    #[arg(
        long,
        global = true,
        env = "MLOPS_MODELS",
        value_name = "LOCATION",
        help_heading = "Output"
    )]
    pub models: Option<Location>,

    /// Database URL: mysql://USER:PASSWORD@HOST/DATABASE or sqlite://PATH; keeps a record of each
    /// model
    #[arg(
        long,
        global = true,
        env = "MLOPS_DATABASE",
        value_name = "URL",
        hide_env_values = true,
        help_heading = "Database"
    )]
    pub database: Option<DatabaseUrl>,

    /// Password of --database, if the URL has none; for a secret of AWS Batch
    #[arg(
        long,
        global = true,
        env = "MLOPS_DATABASE_PASSWORD",
        value_name = "PASSWORD",
        hide_env_values = true,
        hide_short_help = true,
        help_heading = "Database"
    )]
    pub database_password: Option<Password>,

    /// Create missing tables in MySQL and upgrade older ones; SQLite always does
    #[arg(long, global = true, env = "MLOPS_CREATE_TABLES", value_parser = BoolishValueParser::new(), hide_short_help = true, help_heading = "Database")]
    pub create_tables: bool,

    /// Time limit for a statement in MySQL, such as 10m for a long --query
    #[arg(long, global = true, env = "MLOPS_STATEMENT_TIMEOUT", value_name = "SPAN", default_value = "55s", value_parser = span, hide_short_help = true, help_heading = "Database")]
    pub statement_timeout: SignedDuration,
}

/// The policy of the gate.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Gate")]
pub struct GateArgs {
    /// Maximum loss of ROC AUC against the current model
    #[arg(
        long,
        env = "RETRAIN_MARGIN_AUC",
        value_name = "AUC",
        default_value_t = 0.005,
        hide_short_help = true
    )]
    pub margin_auc: f64,

    /// Maximum rise of log loss against the current model, in nats
    #[arg(
        long,
        env = "RETRAIN_MARGIN_LOG_LOSS",
        value_name = "NATS",
        default_value_t = 0.005,
        hide_short_help = true
    )]
    pub margin_log_loss: f64,

    /// Maximum calibration error; larger ones that are significant at 0.1% are refused
    #[arg(
        long,
        env = "RETRAIN_MAX_CALIBRATION_ERROR",
        value_name = "ERROR",
        default_value_t = 0.05,
        hide_short_help = true
    )]
    pub max_calibration_error: f64,

    /// Minimum number of held-out rows that are new to the current model, for a comparison
    #[arg(
        long,
        env = "RETRAIN_MIN_COMPARISON_ROWS",
        value_name = "N",
        default_value_t = 200,
        hide_short_help = true
    )]
    pub min_comparison_rows: usize,

    /// Decision if the candidate model cannot be compared with the current model
    #[arg(
        long,
        env = "RETRAIN_WHEN_INCONCLUSIVE",
        value_name = "DECISION",
        value_enum,
        default_value_t = WhenInconclusive::Refuse,
        hide_short_help = true
    )]
    pub when_inconclusive: WhenInconclusive,

    /// Column whose values are segments; the gate checks each segment too
    #[arg(long, env = "RETRAIN_SEGMENT", value_name = "COLUMN", hide_short_help = true)]
    pub segment: Option<String>,

    /// Golden requests: rows with the columns min_prediction and max_prediction; CSV or Parquet
    #[arg(long, env = "RETRAIN_GOLDEN", value_name = "FILE", hide_short_help = true)]
    pub golden: Option<Location>,
}

/// The decision about a model that cannot be compared with the current model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum WhenInconclusive {
    /// Publish it if nothing else speaks against it.
    Accept,
    /// Refuse it.
    Refuse,
}

/// A subcommand.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Show the content of a model
    Inspect {
        /// Model file: a path or s3://BUCKET/KEY
        #[arg(id = "model-file", value_name = "MODEL")]
        model: Location,

        /// Show how to read it in Python instead
        #[arg(long)]
        python: bool,

        /// Check whether the model is fit for release (probabilities, metrics, ONNX); if not, print
        /// the reasons and exit with code 10
        #[arg(long)]
        check: bool,

        /// Model in production to compare columns and metrics with; needs --check
        #[arg(long, value_name = "MODEL", requires = "check")]
        against: Option<Location>,

        /// Golden requests, as for --golden; needs --check
        #[arg(long, value_name = "FILE", requires = "check")]
        golden_requests: Option<Location>,
    },
    /// Roll back to an earlier model
    Rollback {
        /// ID of the model: the name of a folder in versions/
        #[arg(value_name = "MODEL_UID")]
        model_uid: String,
    },
    /// Record in model_release that the current model.pkl is in production; for a pipeline
    Released,
    /// Search hyperparameters by cross-validation; publishes nothing
    Search(Box<SearchArgs>),
}

/// Arguments of `search`.
#[derive(Debug, Clone, clap::Args)]
pub struct SearchArgs {
    #[command(flatten)]
    pub data: DataArgs,

    /// Recipe (TOML): learner and parameters [default: the current model's; first model: gradient
    /// boosting]
    #[arg(long, env = "RETRAIN_RECIPE", value_name = "FILE", help_heading = "Model")]
    pub recipe: Option<Location>,

    /// Learners to try (A,B): random-forest, extra-trees, gradient-boosting, logistic-regression,
    /// decision-tree [default: the learner of the recipe]
    #[arg(long, value_name = "LEARNER", value_delimiter = ',')]
    pub learner: Vec<LearnerKind>,

    /// Number of random recipes to try, beside --recipe (scikit-learn: n_iter)
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub trials: usize,

    /// Successive halving: try all recipes on few rows, and the best third on three times as many
    #[arg(long)]
    pub halving: bool,

    /// Random seed (scikit-learn: random_state)
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,

    /// File for the best recipe, for --recipe
    #[arg(long, value_name = "FILE")]
    pub out: Option<Location>,
}

impl JobArgs for Args {
    const SPEC: Spec = SPEC;

    fn common(&self) -> &CommonArgs {
        &self.common
    }
}

impl StoreArgs {
    /// Opens the database, if --database is given.
    pub(crate) async fn open_database(&self, context: &Context) -> Result<Option<Database>> {
        let Some(url) = &self.database else { return Ok(None) };
        context.check_lasting(url)?;
        let url = self
            .database_password
            .as_ref()
            .map_or_else(|| url.clone(), |password| url.with_password(password));
        let url = url.with_statement_timeout(self.statement_timeout.unsigned_abs());
        let database = Database::connect(&url).await?;
        if self.create_tables {
            database.create_tables().await?;
        }
        Ok(Some(database.of_model(&context.model)))
    }
}

impl GateArgs {
    pub(crate) fn policy(&self) -> GatePolicy {
        GatePolicy {
            margin_auc: self.margin_auc,
            margin_log_loss: self.margin_log_loss,
            max_calibration_error: self.max_calibration_error,
            min_comparison_rows: self.min_comparison_rows,
            accept_inconclusive: self.when_inconclusive == WhenInconclusive::Accept,
            ..GatePolicy::default()
        }
    }
}
