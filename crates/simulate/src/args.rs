#![expect(clippy::doc_markdown, reason = "the doc comments are the text of --help")]

use clap::{Parser, Subcommand, ValueEnum};
use jiff::Timestamp;
use mlops_core::timestamp::parse_utc;
use mlops_job::{CommonArgs, EXIT_CODES_HELP, JobArgs, Spec};
use mlops_objects::Location;

use crate::case_study::CaseStudyArgs;
use crate::demo::DemoArgs;
use crate::dials::Drift;
use crate::share::share;
use crate::spec::SPEC;

const EXAMPLES: &str = "\
Examples:
  Training data, and a day of requests in which two features drift:
    simulate customers --rows 20000 --to train.csv
    simulate traffic --rows 5000 --to logs/ --drift 'activity_score:×0.9' --drift 'device_type:level_1→level_2@30%'

  Replay your own table to a bucket, 100 requests per object:
    simulate traffic --table churn.csv --target churn --id customer --to s3://acme-logs/churn --per-object 100

  Measure the effect of drift on the model in production, on held-out rows:
    simulate case-study --models s3://acme-models/churn --data newest.parquet --report case-study.html";

/// Create synthetic customers, and replay rows as logged requests with a chosen drift
#[derive(Debug, Clone, Parser)]
#[command(name = "simulate", version, after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES_HELP}"))]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,

    #[command(flatten)]
    pub common: CommonArgs,
}

#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Write a synthetic churn table with a known relation of the target to the features
    Customers(CustomersArgs),
    /// Replay rows as logged requests
    Traffic(Box<TrafficArgs>),
    /// Case study: how much drift hurts a model, and which drift the monitors find
    CaseStudy(Box<CaseStudyArgs>),
    /// Demo: a year of a model on this machine, with all programs
    Demo(DemoArgs),
}

#[derive(Debug, Clone, clap::Args)]
pub struct CustomersArgs {
    /// Number of customers
    #[arg(long, env = "SIMULATE_ROWS", value_name = "N", default_value_t = 20_000)]
    pub rows: u64,

    /// Random seed; the same seed gives the same bytes
    #[arg(long, env = "SIMULATE_SEED", value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// CSV file to write: a path or s3://BUCKET/KEY
    #[arg(long, env = "SIMULATE_TO", value_name = "FILE", default_value = "customers.csv")]
    pub to: Location,
}

#[derive(Debug, Clone, clap::Args)]
pub struct TrafficArgs {
    /// Rows to replay: a CSV file, a path or s3://BUCKET/KEY [default: synthetic customers]
    #[arg(long, env = "SIMULATE_TABLE", value_name = "FILE")]
    pub table: Option<Location>,

    /// Number of requests [default: the rows of --table, else 10000]; more than rows start over
    #[arg(long, env = "SIMULATE_ROWS", value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub rows: Option<u64>,

    /// Random seed; for synthetic customers another seed than the training data's
    #[arg(long, env = "SIMULATE_SEED", value_name = "N", default_value_t = 2)]
    pub seed: u64,

    /// Location of the logs: s3://BUCKET/PREFIX or a folder
    #[arg(long, env = "MLOPS_LOGS", value_name = "LOCATION")]
    pub to: Location,

    /// Column with the customer ID; it is logged as `client_id`
    #[arg(long, env = "SIMULATE_ID", value_name = "COLUMN")]
    pub id: Option<String>,

    /// Target column; it is not logged
    #[arg(long, env = "SIMULATE_TARGET", value_name = "COLUMN")]
    pub target: Option<String>,

    /// Column with the prediction, logged as the output [default: synthetic customers' true one]
    #[arg(long, env = "SIMULATE_PREDICTION", value_name = "COLUMN")]
    pub prediction: Option<String>,

    /// Time of the first request, in UTC
    #[arg(long, env = "SIMULATE_FROM", value_name = "TIME", value_parser = time, default_value = "2026-01-01")]
    pub from: Timestamp,

    /// End of the requests, exclusive, in UTC; the requests are spread evenly
    #[arg(long, env = "SIMULATE_UNTIL", value_name = "TIME", value_parser = time, default_value = "2026-01-02")]
    pub until: Timestamp,

    /// Layout of the keys: dt=YYYY-MM-DD/hh=HH/… or {uid}.json in one folder
    #[arg(long, env = "SIMULATE_LAYOUT", value_name = "LAYOUT", default_value = "hourly")]
    pub layout: LayoutArg,

    /// Requests in an object: 1 is one JSON object, more are NDJSON
    #[arg(long, env = "SIMULATE_PER_OBJECT", value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub per_object: u32,

    /// Compression of the objects
    #[arg(long, env = "SIMULATE_COMPRESS", value_name = "FORMAT", default_value = "none")]
    pub compress: Compress,

    /// Change a feature: FEATURE:×1.05, FEATURE:+0.3sd, or FEATURE:LEVEL→LEVEL@20% (also x and ->)
    #[arg(long, env = "SIMULATE_DRIFT", value_name = "DRIFT", value_delimiter = ';')]
    pub drift: Vec<Drift>,

    /// Share of requests that arrive up to a day late, in the folder of their arrival
    #[arg(long, env = "SIMULATE_LATE", value_name = "SHARE", default_value = "0", value_parser = share)]
    pub late: f64,

    /// Share of requests that are logged twice, in an object of their own
    #[arg(long, env = "SIMULATE_DUPLICATES", value_name = "SHARE", default_value = "0", value_parser = share)]
    pub duplicates: f64,

    /// Share of requests whose log is damaged: truncated, not UTF-8, without a time, or no JSON
    #[arg(long, env = "SIMULATE_BAD", value_name = "SHARE", default_value = "0", value_parser = share)]
    pub bad: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LayoutArg {
    /// dt=YYYY-MM-DD/hh=HH/
    Hourly,
    /// No folders
    Flat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Compress {
    /// Plain text
    None,
    /// gzip
    Gz,
    /// Zstandard
    Zst,
}

impl JobArgs for Args {
    const SPEC: Spec = SPEC;
    const FORMER_LOCATION: Option<&str> = Some("--models");

    fn common(&self) -> &CommonArgs {
        &self.common
    }
}

fn time(text: &str) -> Result<Timestamp, String> {
    parse_utc(text)
        .ok_or_else(|| "write a time such as 2026-11-23 or 2026-11-23T05:30:00 (UTC)".to_owned())
}
