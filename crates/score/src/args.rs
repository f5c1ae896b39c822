#![expect(clippy::doc_markdown, reason = "the doc comments are the text of --help")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::BoolishValueParser;
use clap::{Parser, Subcommand};
use jiff::SignedDuration;
use mlops_core::address::{DatabaseUrl, Password};
use mlops_job::{CommonArgs, EXIT_CODES_HELP, JobArgs, Output, Spec, UsageError, share, span};
use mlops_monitor::ReadingArgs;
use mlops_objects::Location;

use crate::demand::Demand;
use crate::ship::ObjectLayout;
use crate::spec::SPEC;

const EXAMPLES: &str = "\
Examples:
  A local model, with logs in a folder:
    score --model-file models/model.pkl --logs logs
    curl localhost:8080/predict -H 'content-type: application/json' -d '{\"client_id\": \"1963820\", \"activity_score\": 0.73}'

  In production: requests are synced to the disk before the answer, and a new model.pkl is reloaded:
    score --model-file s3://acme-models/churn/model.pkl --watch --logs s3://acme-logs/churn --durable

  Settings from a table, such as a control group of 10% for a heuristic:
    score --database mysql://… --config-table prod_config --logs s3://acme-logs/churn

  A file, row by row:
    score predict --model-file models/model.pkl --data customers.csv --output csv";

/// Answer requests with a model, and log each of them
///
/// POST /predict takes one request or an array of requests, as JSON. GET / is a page to try it, and
/// GET /openapi.json describes the API.
///
/// Each answered request is first written to a spool on this machine, and then sent to --logs and
/// the database, also after they were unreachable. After SIGTERM, requests in flight are answered
/// and the rest of the log is sent.
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

/// The command.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Answer requests (also without a command)
    Serve,
    /// Check the health of the service at --listen on this machine; for containers
    Health,
    /// Predict the probability of each row of a file
    Predict {
        /// Rows to predict: CSV or Parquet, a path or s3://BUCKET/KEY
        #[arg(long, env = "SCORE_DATA", value_name = "FILE")]
        data: Location,

        #[command(flatten)]
        reading: ReadingArgs,
    },
}

/// The model that answers.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Model")]
pub struct ModelArgs {
    /// Model written by `retrain`: a path or s3://BUCKET/KEY
    #[arg(
        long,
        global = true,
        env = "SCORE_MODEL",
        value_name = "FILE",
        default_value = "/app/model.pkl"
    )]
    pub model_file: Location,

    /// Reload the model when the file changes; a bad file is refused and the current model stays
    #[arg(long, global = true, env = "SCORE_WATCH", value_parser = BoolishValueParser::new())]
    pub watch: bool,

    /// Interval between two checks of --watch
    #[arg(long, global = true, env = "SCORE_WATCH_EVERY", value_name = "SPAN", default_value = "10s", value_parser = span, hide_short_help = true)]
    pub watch_every: SignedDuration,

    /// Golden requests that a model must answer within their bounds before it serves: CSV or
    /// Parquet
    #[arg(long, global = true, env = "SCORE_GOLDEN", value_name = "FILE", hide_short_help = true)]
    pub golden: Option<Location>,

    /// Let --watch load a model with another target or with other features
    #[arg(long, global = true, env = "SCORE_ALLOW_NEW_SCHEMA", value_parser = BoolishValueParser::new(), hide_short_help = true)]
    pub allow_new_schema: bool,

    /// Refuse a request that lacks any feature of the model [default: one that lacks more than half
    /// of them]
    #[arg(long, global = true, env = "SCORE_STRICT", value_parser = BoolishValueParser::new(), conflicts_with = "lenient", hide_short_help = true)]
    pub strict: bool,

    /// Answer a request whatever features it lacks
    #[arg(long, global = true, env = "SCORE_LENIENT", value_parser = BoolishValueParser::new(), hide_short_help = true)]
    pub lenient: bool,
}

impl ModelArgs {
    pub(crate) fn demand(&self) -> Demand {
        match (self.strict, self.lenient) {
            (true, _) => Demand::All,
            (_, true) => Demand::None,
            _ => Demand::Half,
        }
    }
}

/// Access control and concurrency limits.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Service")]
pub struct ServiceArgs {
    /// Address and port to listen on; port 0 takes a free port, which the log names
    #[arg(
        long,
        global = true,
        env = "SCORE_LISTEN",
        value_name = "ADDRESS",
        default_value = "0.0.0.0:8080"
    )]
    pub listen: SocketAddr,

    /// Bearer token that clients must send; health, readiness, metrics and description stay open
    #[arg(long, global = true, env = "SCORE_TOKEN", value_name = "TOKEN", hide_env_values = true, value_parser = secret)]
    pub token: Option<String>,

    /// User and password that clients may send by basic authentication
    #[arg(long, global = true, env = "SCORE_BASIC_AUTH", value_name = "USER:PASSWORD", hide_env_values = true, value_parser = login, hide_short_help = true)]
    pub basic_auth: Option<String>,

    /// Maximum size of a request body in bytes; up to 15 MiB
    #[arg(long, global = true, env = "SCORE_MAX_BODY_BYTES", value_name = "BYTES", default_value = "1048576", value_parser = clap::value_parser!(u32).range(1..=15 << 20), hide_short_help = true)]
    pub max_body_bytes: u32,

    /// Maximum number of rows in a request
    #[arg(long, global = true, env = "SCORE_MAX_ROWS", value_name = "N", default_value = "1000", value_parser = clap::value_parser!(u32).range(1..), hide_short_help = true)]
    pub max_rows: u32,

    /// Maximum number of requests in flight; more are answered with 503
    #[arg(long, global = true, env = "SCORE_MAX_IN_FLIGHT", value_name = "N", default_value = "1024", value_parser = clap::value_parser!(u32).range(1..=1 << 20), hide_short_help = true)]
    pub max_in_flight: u32,

    /// Time after which an idle connection is closed; above the idle timeout of a load balancer
    /// (AWS: 60s)
    #[arg(long, global = true, env = "SCORE_KEEP_ALIVE", value_name = "SPAN", default_value = "75s", value_parser = span, hide_short_help = true)]
    pub keep_alive: SignedDuration,

    /// Timeout of a request, from its head to its answer
    #[arg(long, global = true, env = "SCORE_TIMEOUT", value_name = "SPAN", default_value = "10s", value_parser = span, hide_short_help = true)]
    pub timeout: SignedDuration,
}

/// How a probability becomes a decision.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Decision")]
pub struct SettingsArgs {
    /// Probability from which a client is at high risk
    #[arg(long, global = true, env = "SCORE_CUT_OFF", value_name = "P", default_value_t = 0.5, value_parser = share, hide_short_help = true)]
    pub cut_off: f64,

    /// Condition of the heuristic for high risk: "activity_score < 0.2 and device_type in
    /// ('level_1')"
    #[arg(long, global = true, env = "SCORE_HEURISTIC", value_name = "RULE")]
    pub heuristic: Option<String>,

    /// Share of clients in the control group, on which the heuristic decides; always the same
    /// clients
    #[arg(long, global = true, env = "SCORE_HEURISTIC_SHARE", value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    pub heuristic_share: f64,

    /// Name of the experiment; another name assigns the clients to new groups
    #[arg(
        long,
        global = true,
        env = "SCORE_EXPERIMENT",
        value_name = "NAME",
        default_value = "score",
        hide_short_help = true
    )]
    pub experiment: String,

    /// Table of --database with cut_off, heuristic, heuristic_share, experiment: prod_config or
    /// stage_config
    #[arg(
        long,
        global = true,
        env = "SCORE_CONFIG_TABLE",
        value_name = "TABLE",
        requires = "database",
        hide_short_help = true
    )]
    pub config_table: Option<String>,

    /// Interval between two reads of --config-table
    #[arg(long, global = true, env = "SCORE_CONFIG_EVERY", value_name = "SPAN", default_value = "1h", value_parser = span, hide_short_help = true)]
    pub config_every: SignedDuration,

    /// Database URL: mysql://USER:PASSWORD@HOST/DATABASE or sqlite://PATH
    #[arg(long, global = true, env = "MLOPS_DATABASE", value_name = "URL", hide_env_values = true)]
    pub database: Option<DatabaseUrl>,

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
}

/// The log of requests and answers.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Log")]
pub struct LogArgs {
    /// Location of the logs: s3://BUCKET/PREFIX or a folder; keys are dt=…/hh=…/…
    #[arg(long, global = true, env = "MLOPS_LOGS", value_name = "LOCATION")]
    pub logs: Option<Location>,

    /// Layout of the log objects: many requests in one object (NDJSON), or one each
    #[arg(
        long,
        global = true,
        env = "SCORE_LOG_OBJECTS",
        value_name = "LAYOUT",
        default_value = "batch",
        hide_short_help = true
    )]
    pub log_objects: ObjectLayout,

    /// Maximum time before requests are sent [default: 30s; 1s with --log-objects single]
    #[arg(long, global = true, env = "SCORE_LOG_EVERY", value_name = "SPAN", value_parser = span, hide_short_help = true)]
    pub log_every: Option<SignedDuration>,

    /// Size in bytes at which requests are sent
    #[arg(long, global = true, env = "SCORE_LOG_BATCH_BYTES", value_name = "BYTES", default_value = "4194304", value_parser = clap::value_parser!(u64).range(4096..=1 << 30), hide_short_help = true)]
    pub log_batch_bytes: u64,

    /// Also write requests into model_logs of --database, without an ETL
    #[arg(long, global = true, env = "SCORE_LOG_DATABASE", requires = "database", value_parser = BoolishValueParser::new())]
    pub log_database: bool,

    /// Folder that keeps requests until they are sent; one for each process
    #[arg(
        long,
        global = true,
        env = "SCORE_SPOOL",
        value_name = "FOLDER",
        default_value = "score-spool"
    )]
    pub spool: PathBuf,

    /// Maximum size of the spool in bytes; a full spool answers 503
    #[arg(long, global = true, env = "SCORE_SPOOL_MAX_BYTES", value_name = "BYTES", default_value = "4294967296", value_parser = clap::value_parser!(u64).range(65536..), hide_short_help = true)]
    pub spool_max_bytes: u64,

    /// Answer only after the request is synced to the disk (fdatasync)
    #[arg(long, global = true, env = "SCORE_DURABLE", value_parser = BoolishValueParser::new(), hide_short_help = true)]
    pub durable: bool,
}

impl JobArgs for Args {
    const SPEC: Spec = SPEC;
    const FORMER_LOCATION: Option<&str> = Some("--model-file");

    fn common(&self) -> &CommonArgs {
        &self.common
    }

    fn check_output(&self) -> Result<(), UsageError> {
        let is_rows = matches!(self.command, Some(Command::Predict { .. }));
        match self.common.output {
            Output::Csv if !is_rows => Err(UsageError::new(
                "--output csv is supported by `score predict` only; use human or json",
            )),
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
