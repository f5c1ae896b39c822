#![expect(clippy::doc_markdown, reason = "the doc comments are the text of --help")]

use clap::builder::BoolishValueParser;
use clap::{Parser, Subcommand};
use mlops_core::address::DatabaseUrl;
use mlops_core::model::gate::GatePolicy;
use mlops_job::{CommonArgs, EXIT_CODES_HELP, JobArgs};
use mlops_objects::Location;

const EXAMPLES: &str = "\
Examples:
  A first model from a file, into a folder:
    retrain --data train.csv --id client_id --target churn --models models

  A new model of the same recipe, judged by the newest quarter of the rows, into S3, where its upload starts the pipeline:
    retrain --data s3://acme-data/train.parquet --target churn --time signup_date --models s3://acme-models/churn

  What is in a model, and how Python reads it:
    retrain inspect models/model.pkl
    retrain inspect models/model.pkl --python

  An earlier model back in its place:
    retrain rollback 20261123T120000Z-1a2b3c4d --models s3://acme-models/churn";

/// Refit the model on new data, refuse a bad one, and publish model.pkl
///
/// Fits a model of the present one's recipe to the older rows of --data, and judges it by the newest ones (or by random ones): it must
/// not be worse than the present model, must be calibrated, and must beat the base rate. A model that passes is written to
/// --models, with all that is known of it under versions/<model_uid>/ and model.pkl last; one that does not leaves everything as it was.
#[derive(Debug, Clone, Parser)]
#[command(name = "retrain", version, after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES_HELP}"), args_conflicts_with_subcommands = false)]
pub struct Args {
    #[command(subcommand)]
    pub command: Option<Command>,

    /// The training data, with outcomes: CSV or Parquet, as a path or s3://BUCKET/KEY (several of the same columns: A,B)
    #[arg(long, env = "RETRAIN_DATA", value_name = "FILE", value_delimiter = ',')]
    pub data: Vec<Location>,

    /// The column that holds the outcome, such as yes and no; rows without one are left out
    #[arg(long, env = "RETRAIN_TARGET", value_name = "COLUMN")]
    pub target: Option<String>,

    /// Columns that name rows or customers; no features (several: A,B)
    #[arg(long, env = "RETRAIN_ID", value_name = "COLUMN", value_delimiter = ',')]
    pub id: Vec<String>,

    /// The column with the time of a row, by which the newest rows are held out; no feature. Without it rows are held out at random, the same ones in every run
    #[arg(long, env = "RETRAIN_TIME", value_name = "COLUMN")]
    pub time: Option<String>,

    /// Where model.pkl and versions/ are: a folder or s3://BUCKET/PREFIX
    #[arg(long, global = true, env = "MLOPS_MODELS", value_name = "PLACE")]
    pub models: Option<Location>,

    /// How the model is made, as TOML; without it as the present one was, and the first one by gradient boosting
    #[arg(long, env = "RETRAIN_RECIPE", value_name = "FILE")]
    pub recipe: Option<Location>,

    /// Let the columns differ from those of the present model
    #[arg(long, env = "RETRAIN_NEW_SCHEMA", value_parser = BoolishValueParser::new())]
    pub new_schema: bool,

    #[command(flatten)]
    pub gate: GateArgs,

    /// Judge the model and publish nothing
    #[arg(long, env = "MLOPS_DRY_RUN", value_parser = BoolishValueParser::new())]
    pub dry_run: bool,

    /// Write a page about the model there: a path or s3://BUCKET/KEY
    #[arg(long, env = "RETRAIN_REPORT", value_name = "FILE")]
    pub report: Option<Location>,

    /// End with exit code 10 if the model is refused
    #[arg(long, env = "MLOPS_FAIL_ON_VERDICT", value_parser = BoolishValueParser::new())]
    pub fail_on_verdict: bool,

    /// Write down the model, accepted or refused, in model_metadata and model_score of this database: mysql://USER:PASSWORD@HOST/DATABASE
    /// or sqlite://PATH
    #[arg(long, env = "MLOPS_DATABASE", value_name = "URL", hide_env_values = true)]
    pub database: Option<DatabaseUrl>,

    /// Create missing tables in MySQL and bring older ones up to date (in SQLite this is always done)
    #[arg(long, env = "MLOPS_CREATE_TABLES", value_parser = BoolishValueParser::new())]
    pub create_tables: bool,

    #[command(flatten)]
    pub common: CommonArgs,
}

/// When a model may be published.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Gate")]
pub struct GateArgs {
    /// The share of the rows that the model is judged by, and not fitted to
    #[arg(long, env = "RETRAIN_TEST_SHARE", value_name = "SHARE", default_value_t = 0.25, value_parser = mlops_job::share)]
    pub test_share: f64,

    /// How much area under the ROC curve the new model may lose
    #[arg(long, env = "RETRAIN_MARGIN_AUC", value_name = "AUC", default_value_t = 0.005)]
    pub margin_auc: f64,

    /// How much log loss the new model may gain
    #[arg(long, env = "RETRAIN_MARGIN_LOG_LOSS", value_name = "NATS", default_value_t = 0.005)]
    pub margin_log_loss: f64,

    /// The model must hold within each value of this column too
    #[arg(long, env = "RETRAIN_SEGMENT", value_name = "COLUMN")]
    pub segment: Option<String>,

    /// The fewest rows with an outcome that a model is fitted to
    #[arg(long, env = "RETRAIN_MIN_ROWS", value_name = "N", default_value_t = 200)]
    pub min_rows: usize,
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
    },
    /// Put an earlier model back in its place
    Rollback {
        /// Which one: the name of a folder in versions/
        #[arg(value_name = "MODEL_UID")]
        model_uid: String,
    },
}

impl JobArgs for Args {
    fn common(&self) -> &CommonArgs {
        &self.common
    }
}

impl GateArgs {
    pub(crate) fn policy(&self) -> GatePolicy {
        GatePolicy { margin_auc: self.margin_auc, margin_log_loss: self.margin_log_loss, ..GatePolicy::default() }
    }
}
