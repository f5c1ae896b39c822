#![expect(clippy::doc_markdown, reason = "the doc comments are the text of --help")]

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};
use jiff::SignedDuration;
use mlops_core::address::{DatabaseUrl, Password};
use mlops_core::model_name::ModelName;

use crate::{Spec, UsageError, span};

/// The last part of every job's `--help`.
pub const EXIT_CODES_HELP: &str = "\
Exit codes:
    0  done, or nothing to do
    1  failed; trying again will not help
    2  wrong arguments or configuration
   10  a verdict against the model, with --fail-on-verdict
   65  more bad input than allowed
   75  temporary failure; try again
   76  the job's own deadline came with work left; try again
  143  stopped by SIGTERM, work in flight committed; try again

Settings come from the argument, else its environment variable, else mlops.toml, else the default.
In mlops.toml a job's arguments stand in a table of the job's name, without the dashes; `database`,
`logs`, `dead-letters`, `model`, `output` and `log-level` may also stand at the top, for all jobs.

With --spec alone the program prints what it needs of AWS, as JSON.";

/// The arguments of every job.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output and logging")]
pub struct CommonArgs {
    /// Model of this installation, such as churn-eu, if it has several [default: default]
    ///
    /// Each model has its own requests, outcomes, findings, versions and alerts. a-z, 0-9 and
    /// hyphens, at most 64 characters.
    #[arg(
        long,
        global = true,
        env = "MLOPS_MODEL",
        value_name = "NAME",
        help_heading = "Model",
        hide_short_help = true
    )]
    pub model: Option<ModelName>,

    /// Format of the result on stdout
    #[arg(
        long,
        global = true,
        env = "MLOPS_OUTPUT",
        value_name = "FORMAT",
        default_value = "human"
    )]
    pub output: Output,

    /// Log filter for stderr: error, warn, info, debug, or such as `info,sqlx=debug`
    #[arg(
        long,
        global = true,
        env = "MLOPS_LOG_LEVEL",
        value_name = "FILTER",
        default_value = "info",
        hide_short_help = true
    )]
    pub log_level: String,

    /// Also write CloudWatch metrics to stderr, in the embedded metric format
    #[arg(long, global = true, env = "MLOPS_METRICS", value_parser = BoolishValueParser::new(), hide_short_help = true)]
    pub metrics: bool,

    /// Settings file [default: mlops.toml in the working directory, if it exists]
    #[arg(long, global = true, env = "MLOPS_CONFIG", value_name = "FILE", hide_short_help = true)]
    pub config: Option<PathBuf>,
}

/// The arguments of every job with a database.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Database")]
pub struct DatabaseArgs {
    /// Database URL: mysql://USER:PASSWORD@HOST/DATABASE or sqlite://PATH
    #[arg(
        long,
        global = true,
        env = "MLOPS_DATABASE",
        value_name = "URL",
        default_value = "sqlite://mlops.db",
        hide_env_values = true
    )]
    pub database: DatabaseUrl,

    /// Password of --database, if the URL has none; for a secret of AWS Batch
    #[arg(
        long,
        global = true,
        env = "MLOPS_DATABASE_PASSWORD",
        value_name = "PASSWORD",
        hide_env_values = true,
        hide_short_help = true
    )]
    pub database_password: Option<Password>,

    /// Create missing tables in MySQL and upgrade older ones; SQLite always does
    #[arg(long, global = true, env = "MLOPS_CREATE_TABLES", value_parser = BoolishValueParser::new(), hide_short_help = true)]
    pub create_tables: bool,

    /// Time limit for a statement in MySQL, such as 10m for a long --query
    #[arg(long, global = true, env = "MLOPS_STATEMENT_TIMEOUT", value_name = "SPAN", default_value = "55s", value_parser = span, hide_short_help = true)]
    pub statement_timeout: SignedDuration,
}

impl DatabaseArgs {
    /// The address with its password, wherever that came from, and with the limit for a statement.
    pub fn url(&self) -> DatabaseUrl {
        let url = self.database_password.as_ref().map_or_else(
            || self.database.clone(),
            |password| self.database.with_password(password),
        );
        url.with_statement_timeout(self.statement_timeout.unsigned_abs())
    }
}

/// How a result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Table for people
    Human,
    /// One JSON document.
    Json,
    /// One row a line, where the result is rows.
    Csv,
}

/// A program's argument list.
pub trait JobArgs: clap::Parser {
    /// The AWS requirements of the program, printed by `--spec`.
    const SPEC: Spec;

    /// The argument that was `--model LOCATION` in earlier releases.
    const FORMER_LOCATION: Option<&str> = None;

    /// The arguments that it shares with every other job.
    fn common(&self) -> &CommonArgs;

    /// Refuses a form of output that this job does not have.
    ///
    /// # Errors
    ///
    /// [`UsageError`].
    fn check_output(&self) -> Result<(), UsageError> {
        match self.common().output {
            Output::Csv => Err(UsageError::new(
                "this command does not support --output csv; use human or json",
            )),
            Output::Human | Output::Json => Ok(()),
        }
    }
}
