#![expect(clippy::doc_markdown, reason = "the doc comments are the text of --help")]

use std::str::FromStr;

use anyhow::Result;
use clap::builder::BoolishValueParser;
use clap::{Parser, Subcommand};
use jiff::Timestamp;
use mlops_core::address::{DatabaseUrl, Password};
use mlops_job::{CommonArgs, Context, EXIT_CODES_HELP, JobArgs, Spec, utc_time};
use mlops_model::LearnerKind;
use mlops_model::gate::GatePolicy;
use mlops_monitor::OutcomeArgs;
use mlops_objects::Location;
use mlops_sql::Database;

use crate::spec::SPEC;

const EXAMPLES: &str = "\
Examples:
  A first model from a file, into a folder:
    retrain --data train.csv --id client_id --target churn --models models

  A new model of the same recipe, judged by the newest quarter of the rows, into S3, where its upload starts the pipeline:
    retrain --data s3://acme-data/train.parquet --target churn --time signup_date --models s3://acme-models/churn

  What is in a model, and how Python reads it:
    retrain inspect models/model.pkl
    retrain inspect models/model.pkl --python

  Whether a model may be released in place of another:
    retrain inspect candidate.pkl --check --against model.pkl

  On what production sent and what became of it, on top of a table:
    retrain --table churn_data --logs model_logs --target churn --id client_id --database mysql://… --models s3://acme-models/churn

  Which parameters suit the data, tried by cross-validation:
    retrain search --data train.csv --target churn --trials 40 --halving --out recipe.toml

  An earlier model back in its place:
    retrain rollback 20261123T120000Z-1a2b3c4d --models s3://acme-models/churn";

/// Refit the model on new data, refuse a bad one, and publish model.pkl
///
/// Fits a model of the present one's recipe to the older rows of the data, and judges it by the
/// newest ones (or by random ones): it must not be worse than the present model, must be
/// calibrated, and must beat the base rate. A model that passes is written to --models, with all
/// that is known of it under versions/<model_uid>/ and model.pkl last; one that does not leaves
/// everything as it was.
#[derive(Debug, Clone, Parser)]
#[command(name = "retrain", version, after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES_HELP}"), args_conflicts_with_subcommands = false)]
pub struct Args {
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    pub data: DataArgs,

    #[command(flatten)]
    pub store: StoreArgs,

    /// How the model is made, as TOML; without it as the present one was, and the first one by
    /// gradient boosting
    #[arg(long, env = "RETRAIN_RECIPE", value_name = "FILE")]
    pub recipe: Option<Location>,

    /// Let the columns, their units and the outcomes differ from those of the present model
    #[arg(long, env = "RETRAIN_NEW_SCHEMA", value_parser = BoolishValueParser::new())]
    pub new_schema: bool,

    #[command(flatten)]
    pub gate: GateArgs,

    /// Judge the model and publish nothing
    #[arg(long, env = "MLOPS_DRY_RUN", value_parser = BoolishValueParser::new())]
    pub dry_run: bool,

    /// Publish under this name in --models instead of model.pkl, such as candidate/model.pkl, and
    /// leave the rest to the pipeline
    #[arg(long, env = "RETRAIN_CANDIDATE", value_name = "KEY")]
    pub candidate: Option<String>,

    /// The wish that this run answers, by its name in retrain_request of --database; monitors set
    /// it
    #[arg(long, env = "MLOPS_RETRAIN_REQUEST", value_name = "REQUEST_UID", hide = true)]
    pub request: Option<String>,

    /// Write a page about the model there: a path or s3://BUCKET/KEY
    #[arg(long, env = "RETRAIN_REPORT", value_name = "FILE")]
    pub report: Option<Location>,

    /// End with exit code 10 if the model is refused
    #[arg(long, env = "MLOPS_FAIL_ON_VERDICT", value_parser = BoolishValueParser::new())]
    pub fail_on_verdict: bool,

    #[command(flatten)]
    pub common: CommonArgs,
}

/// Rows with outcomes, from one or several sources.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Data")]
pub struct DataArgs {
    /// The training data, with outcomes: CSV or Parquet, as a path or s3://BUCKET/KEY (several of
    /// the same columns: A,B)
    #[arg(long, env = "RETRAIN_DATA", value_name = "FILE", value_delimiter = ',')]
    pub data: Vec<Location>,

    /// A table of --database with training data, such as churn_data
    #[arg(long, env = "RETRAIN_TABLE", value_name = "TABLE", conflicts_with = "query")]
    pub table: Option<String>,

    /// A query to --database that gives training data
    #[arg(long, env = "RETRAIN_QUERY", value_name = "SQL")]
    pub query: Option<String>,

    /// Logged requests whose outcome is known: `model_logs` of --database, or JSON logs as a folder
    /// or s3://BUCKET/PREFIX
    #[arg(long, env = "RETRAIN_LOGS", value_name = "PLACE")]
    pub logs: Option<LogPlace>,

    /// Of the logged requests, those since this time (UTC)
    #[arg(long, env = "RETRAIN_SINCE", value_name = "TIME", value_parser = utc_time, requires = "logs")]
    pub since: Option<Timestamp>,

    #[command(flatten)]
    pub outcomes: OutcomeArgs,

    /// The column that holds the outcome, such as yes and no; rows without one are left out
    #[arg(long, env = "RETRAIN_TARGET", value_name = "COLUMN", help_heading = "Data")]
    pub target: Option<String>,

    /// Columns that name rows or customers; no features (several: A,B)
    #[arg(
        long,
        env = "RETRAIN_ID",
        value_name = "COLUMN",
        value_delimiter = ',',
        help_heading = "Data"
    )]
    pub id: Vec<String>,

    /// The column with the time of a row, by which the newest rows are held out; no feature.
    /// Without it rows are held out at random, the same ones in every run
    #[arg(long, env = "RETRAIN_TIME", value_name = "COLUMN", help_heading = "Data")]
    pub time: Option<String>,

    /// The share of the rows that the model is judged by, and not fitted to
    #[arg(long, env = "RETRAIN_TEST_SHARE", value_name = "SHARE", default_value_t = 0.25, value_parser = mlops_job::share, help_heading = "Data")]
    pub test_share: f64,

    /// The fewest rows with an outcome that a model is fitted to
    #[arg(
        long,
        env = "RETRAIN_MIN_ROWS",
        value_name = "N",
        default_value_t = 200,
        help_heading = "Data"
    )]
    pub min_rows: usize,
}

/// Where logged requests are.
#[derive(Debug, Clone)]
pub enum LogPlace {
    /// In `model_logs` of the database.
    Database,
    /// In a folder or S3.
    Objects(Location),
}

impl FromStr for LogPlace {
    type Err = <Location as FromStr>::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "model_logs" { Ok(Self::Database) } else { text.parse().map(Self::Objects) }
    }
}

/// Where models are kept, and what is known of them.
#[derive(Debug, Clone, clap::Args)]
pub struct StoreArgs {
    /// Where model.pkl and versions/ are: a folder or s3://BUCKET/PREFIX
    #[arg(long, global = true, env = "MLOPS_MODELS", value_name = "PLACE")]
    pub models: Option<Location>,

    /// The database with the tables that the data come from; each model, accepted or refused, is
    /// written down in its model_metadata and model_score: mysql://USER:PASSWORD@HOST/DATABASE or
    /// sqlite://PATH
    #[arg(long, global = true, env = "MLOPS_DATABASE", value_name = "URL", hide_env_values = true)]
    pub database: Option<DatabaseUrl>,

    /// The password of --database, where that is kept apart from the address
    #[arg(
        long,
        global = true,
        env = "MLOPS_DATABASE_PASSWORD",
        value_name = "PASSWORD",
        hide_env_values = true
    )]
    pub database_password: Option<Password>,

    /// Create missing tables in MySQL and bring older ones up to date (in SQLite this is always
    /// done)
    #[arg(long, global = true, env = "MLOPS_CREATE_TABLES", value_parser = BoolishValueParser::new())]
    pub create_tables: bool,
}

/// When a model may be published.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Gate")]
pub struct GateArgs {
    /// How much area under the ROC curve the new model may lose
    #[arg(long, env = "RETRAIN_MARGIN_AUC", value_name = "AUC", default_value_t = 0.005)]
    pub margin_auc: f64,

    /// How much log loss the new model may gain
    #[arg(long, env = "RETRAIN_MARGIN_LOG_LOSS", value_name = "NATS", default_value_t = 0.005)]
    pub margin_log_loss: f64,

    /// The model must hold within each value of this column too
    #[arg(long, env = "RETRAIN_SEGMENT", value_name = "COLUMN")]
    pub segment: Option<String>,

    /// Rows whose probability is known to lie from `min_prediction` to `max_prediction`, two
    /// columns beside the features: CSV or Parquet
    #[arg(long, env = "RETRAIN_GOLDEN", value_name = "FILE")]
    pub golden: Option<Location>,
}

/// What to do.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Show what is in a model
    Inspect {
        /// The model: a path or s3://BUCKET/KEY
        #[arg(value_name = "MODEL")]
        model: Location,

        /// Show how Python reads it instead
        #[arg(long)]
        python: bool,

        /// Refuse a model that is not fit for release, with the reasons, and end with 10: one that
        /// gives no probability for some request, or has no metrics or no ONNX, and what --against
        /// and --golden-requests find
        #[arg(long)]
        check: bool,

        /// With --check: the model in production, of whose columns it has to be, and than which it
        /// may not be much worse
        #[arg(long, value_name = "MODEL", requires = "check")]
        against: Option<Location>,

        /// With --check: rows whose probability is known, as for --golden of a retraining
        #[arg(long, value_name = "FILE", requires = "check")]
        golden_requests: Option<Location>,
    },
    /// Put an earlier model back in its place
    Rollback {
        /// Which one: the name of a folder in versions/
        #[arg(value_name = "MODEL_UID")]
        model_uid: String,
    },
    /// Write down in model_release of --database that the present model.pkl is in production, where
    /// a pipeline put it there
    Released,
    /// Try recipes by cross-validation and show which are best; nothing is published
    Search(Box<SearchArgs>),
}

/// Which recipes are tried, and how.
#[derive(Debug, Clone, clap::Args)]
pub struct SearchArgs {
    #[command(flatten)]
    pub data: DataArgs,

    /// The recipe to start from, as TOML; without it the present model's
    #[arg(long, env = "RETRAIN_RECIPE", value_name = "FILE")]
    pub recipe: Option<Location>,

    /// The kinds of model to try (several: A,B); without it the one to start from
    #[arg(long, value_name = "LEARNER", value_delimiter = ',')]
    pub learner: Vec<LearnerKind>,

    /// How many recipes to try, beside the one to start from
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub trials: usize,

    /// Try all on a part of the rows first, and only the better third on three times as many, until
    /// all rows are used
    #[arg(long)]
    pub halving: bool,

    /// Where random numbers begin
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,

    /// Write the best recipe there, for --recipe
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
    /// The database, if one is named.
    pub(crate) async fn open_database(&self, context: &Context) -> Result<Option<Database>> {
        let Some(url) = &self.database else { return Ok(None) };
        context.check_lasting(url)?;
        let url = self
            .database_password
            .as_ref()
            .map_or_else(|| url.clone(), |password| url.with_password(password));
        let database = Database::connect(&url).await?;
        if self.create_tables {
            database.create_tables().await?;
        }
        Ok(Some(database))
    }
}

impl GateArgs {
    pub(crate) fn policy(&self) -> GatePolicy {
        GatePolicy {
            margin_auc: self.margin_auc,
            margin_log_loss: self.margin_log_loss,
            ..GatePolicy::default()
        }
    }
}
