#![expect(clippy::doc_markdown, reason = "the doc comments are the text of --help")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::BoolishValueParser;
use clap::{Parser, Subcommand};
use jiff::SignedDuration;
use mlops_core::address::{DatabaseUrl, Password};
use mlops_job::{CommonArgs, EXIT_CODES_HELP, JobArgs, Output, Spec, UsageError, share, span};
use mlops_objects::Location;

use crate::ship::ObjectLayout;
use crate::spec::SPEC;

const EXAMPLES: &str = "\
Examples:
  A model on this machine, logged into a folder:
    score --model models/model.pkl --logs logs
    curl localhost:8080/predict -H 'content-type: application/json' -d '{\"client_id\": \"1963820\", \"activity_score\": 0.73}'

  In production: each answered request is on the disk before its answer, then in S3; a new model.pkl is taken up by itself:
    score --model s3://acme-models/churn/model.pkl --watch --logs s3://acme-logs/churn --durable

  A tenth of the clients decided on by a rule, all of it set in a table:
    score --database mysql://… --config-table prod_config --logs s3://acme-logs/churn

  A file, row by row:
    score predict --model models/model.pkl --data customers.csv --output csv";

/// Answer requests with a model, and log each of them
///
/// POST /predict takes one request or an array of them, as JSON; GET / is a page to try one, GET
/// /openapi.json the description. What is answered is written to a spool on this machine first, and
/// sent on from there to --logs and the database, in whatever state these are. SIGTERM lets calls
/// under way be answered, and sends away what is left of the log.
#[derive(Debug, Clone, Parser)]
#[command(name = "score", version, after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES_HELP}"))]
pub struct Args {
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    pub model: ModelArgs,

    #[command(flatten)]
    pub service: ServiceArgs,

    #[command(flatten)]
    pub settings: SettingsArgs,

    #[command(flatten)]
    pub log: LogArgs,

    #[command(flatten)]
    pub common: CommonArgs,
}

/// What to do.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Answer requests (also without a command)
    Serve,
    /// Ask the service at --listen of this machine whether it is well; the health check of a
    /// container
    Health,
    /// Give the probability of each row of a file
    Predict {
        /// The rows: CSV or Parquet, a path or s3://BUCKET/KEY
        #[arg(long, env = "SCORE_DATA", value_name = "FILE")]
        data: Location,
    },
}

/// What answers.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Model")]
pub struct ModelArgs {
    /// The model that `retrain` made: a path or s3://BUCKET/KEY
    #[arg(
        long,
        global = true,
        env = "SCORE_MODEL",
        value_name = "FILE",
        default_value = "/app/model.pkl"
    )]
    pub model: Location,

    /// Take up another model when the file changes; a bad one is not taken
    #[arg(long, global = true, env = "SCORE_WATCH", value_parser = BoolishValueParser::new())]
    pub watch: bool,

    /// How often to look whether it has changed
    #[arg(long, global = true, env = "SCORE_WATCH_EVERY", value_name = "SPAN", default_value = "10s", value_parser = span)]
    pub watch_every: SignedDuration,

    /// Rows that a model must answer as they say before it answers anybody, as for `retrain
    /// --golden`: CSV or Parquet
    #[arg(long, global = true, env = "SCORE_GOLDEN", value_name = "FILE")]
    pub golden: Option<Location>,
}

/// Whom it answers, and how much of it at once.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Service")]
pub struct ServiceArgs {
    /// Where to listen; port 0 takes a free one and says which in the log
    #[arg(
        long,
        global = true,
        env = "SCORE_LISTEN",
        value_name = "ADDRESS",
        default_value = "0.0.0.0:8080"
    )]
    pub listen: SocketAddr,

    /// Answer only who sends this bearer token; health, readiness, metrics and description stay
    /// open
    #[arg(long, global = true, env = "SCORE_TOKEN", value_name = "TOKEN", hide_env_values = true, value_parser = secret)]
    pub token: Option<String>,

    /// Answer also who sends this user and password by basic authentication
    #[arg(long, global = true, env = "SCORE_BASIC_AUTH", value_name = "USER:PASSWORD", hide_env_values = true, value_parser = login)]
    pub basic_auth: Option<String>,

    /// The longest body of a call, at most 15 MiB: the ETL takes records of 16
    #[arg(long, global = true, env = "SCORE_MAX_BODY_BYTES", value_name = "BYTES", default_value = "1048576", value_parser = clap::value_parser!(u32).range(1..=15 << 20))]
    pub max_body_bytes: u32,

    /// The most rows of a call
    #[arg(long, global = true, env = "SCORE_MAX_ROWS", value_name = "N", default_value = "1000", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_rows: u32,

    /// The most calls at once; more are answered with 503
    #[arg(long, global = true, env = "SCORE_MAX_IN_FLIGHT", value_name = "N", default_value = "1024", value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    pub max_in_flight: u32,

    /// Close a connection that sends no whole request head for this long; above the idle timeout of
    /// a load balancer in front (AWS: 60s)
    #[arg(long, global = true, env = "SCORE_KEEP_ALIVE", value_name = "SPAN", default_value = "75s", value_parser = span)]
    pub keep_alive: SignedDuration,

    /// A call has so long, from its head to its answer
    #[arg(long, global = true, env = "SCORE_TIMEOUT", value_name = "SPAN", default_value = "10s", value_parser = span)]
    pub timeout: SignedDuration,
}

/// How a probability becomes a decision.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Decision")]
pub struct SettingsArgs {
    /// From this probability on a client is at high risk
    #[arg(long, global = true, env = "SCORE_CUT_OFF", value_name = "P", default_value_t = 0.5, value_parser = share)]
    pub cut_off: f64,

    /// Who is at high risk by the heuristic, such as "activity_score < 0.2 and device_type in
    /// ('level_1', 'level_2')"
    #[arg(long, global = true, env = "SCORE_HEURISTIC", value_name = "RULE")]
    pub heuristic: Option<String>,

    /// The share of clients whom the heuristic decides on instead of the model, always the same
    /// ones
    #[arg(long, global = true, env = "SCORE_HEURISTIC_SHARE", value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    pub heuristic_share: f64,

    /// The name that clients are mixed by; another name mixes them anew
    #[arg(
        long,
        global = true,
        env = "SCORE_EXPERIMENT",
        value_name = "NAME",
        default_value = "score"
    )]
    pub experiment: String,

    /// Read cut_off, heuristic, heuristic_share and experiment from this table of --database, in
    /// place of the arguments: prod_config or stage_config
    #[arg(
        long,
        global = true,
        env = "SCORE_CONFIG_TABLE",
        value_name = "TABLE",
        requires = "database"
    )]
    pub config_table: Option<String>,

    /// How often to read it
    #[arg(long, global = true, env = "SCORE_CONFIG_EVERY", value_name = "SPAN", default_value = "1h", value_parser = span)]
    pub config_every: SignedDuration,

    /// The database: mysql://USER:PASSWORD@HOST/DATABASE or sqlite://PATH
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

/// Where requests and answers are kept.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Log")]
pub struct LogArgs {
    /// Where to log to: s3://BUCKET/PREFIX or a folder; keys are dt=…/hh=…/…
    #[arg(long, global = true, env = "MLOPS_LOGS", value_name = "LOCATION")]
    pub logs: Option<Location>,

    /// How requests become objects: many in one, one a line, or one each
    #[arg(
        long,
        global = true,
        env = "SCORE_LOG_OBJECTS",
        value_name = "LAYOUT",
        default_value = "batch"
    )]
    pub log_objects: ObjectLayout,

    /// Send requests away after this time at the latest [default: 30s, or 1s with --log-objects
    /// single]
    #[arg(long, global = true, env = "SCORE_LOG_EVERY", value_name = "SPAN", value_parser = span)]
    pub log_every: Option<SignedDuration>,

    /// Send requests away when they are so many bytes
    #[arg(long, global = true, env = "SCORE_LOG_BATCH_BYTES", value_name = "BYTES", default_value = "4194304", value_parser = clap::value_parser!(u64).range(4096..=1 << 30))]
    pub log_batch_bytes: u64,

    /// Write requests into model_logs of --database too, without an ETL
    #[arg(long, global = true, env = "SCORE_LOG_DATABASE", requires = "database", value_parser = BoolishValueParser::new())]
    pub log_database: bool,

    /// Keep requests in this folder until they are sent away; each process needs its own
    #[arg(
        long,
        global = true,
        env = "SCORE_SPOOL",
        value_name = "FOLDER",
        default_value = "score-spool"
    )]
    pub spool: PathBuf,

    /// Answer with 503 when the spool has so many bytes
    #[arg(long, global = true, env = "SCORE_SPOOL_MAX_BYTES", value_name = "BYTES", default_value = "4294967296", value_parser = clap::value_parser!(u64).range(65536..))]
    pub spool_max_bytes: u64,

    /// Answer only when the request is on the disk for good, rather than with the operating system
    #[arg(long, global = true, env = "SCORE_DURABLE", value_parser = BoolishValueParser::new())]
    pub durable: bool,
}

impl JobArgs for Args {
    const SPEC: Spec = SPEC;

    fn common(&self) -> &CommonArgs {
        &self.common
    }

    fn check_output(&self) -> Result<(), UsageError> {
        let is_rows = matches!(self.command, Some(Command::Predict { .. }));
        match self.common.output {
            Output::Csv if !is_rows => {
                Err(UsageError::new("--output csv is for `score predict`; write human or json"))
            }
            _ => Ok(()),
        }
    }
}

impl SettingsArgs {
    /// The database with its password, wherever that came from.
    pub(crate) fn database(&self) -> Option<DatabaseUrl> {
        let url = self.database.as_ref()?;
        Some(
            self.database_password
                .as_ref()
                .map_or_else(|| url.clone(), |password| url.with_password(password)),
        )
    }
}

impl LogArgs {
    /// How long a segment is written to.
    pub(crate) fn segment_age(&self) -> Duration {
        let default = match self.log_objects {
            ObjectLayout::Batch => Duration::from_secs(30),
            ObjectLayout::Single => Duration::from_secs(1),
        };
        self.log_every.map_or(default, SignedDuration::unsigned_abs)
    }
}

fn secret(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("must not be empty".to_owned()),
        token => Ok(token.to_owned()),
    }
}

fn login(text: &str) -> Result<String, String> {
    match text.split_once(':') {
        Some((user, password)) if !user.is_empty() && !password.is_empty() => Ok(text.to_owned()),
        _ => Err("write USER:PASSWORD".to_owned()),
    }
}
