#![expect(clippy::doc_markdown, reason = "the doc comments are the text of --help")]

use clap::Parser;
use mlops_core::record::DEFAULT_MAX_RECORD_BYTES;
use mlops_job::{CommonArgs, DatabaseArgs, EXIT_CODES_HELP, JobArgs};
use mlops_objects::Location;

const EXAMPLES: &str = "\
Examples:
  A folder of logs into a local SQLite file:
    etl-mysql --logs logs/ --database sqlite://mlops.db

  A bucket into MySQL, with the password in the environment:
    MLOPS_DATABASE='mysql://etl:…@db.internal/mlops' etl-mysql --logs s3://acme-logs/churn --create-tables

  One day only, the result as JSON:
    etl-mysql --logs s3://acme-logs/churn --prefix dt=2026-11-23/ --output json";

/// Load request logs from S3 or a folder into model_logs of MySQL or SQLite
///
/// Reads every object below --logs: JSON or Python dicts, one record an object or one a line, plain, gzip or zstd. Each
/// record becomes one row, keyed by its uid. A uid that is there already is left as it is, so the job may run at any
/// time, any number of times. A bad record is set aside with its reason and bytes, and stops nothing.
#[derive(Debug, Clone, Parser)]
#[command(name = "etl-mysql", version, after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES_HELP}"))]
pub struct Args {
    /// Where the logs are: s3://BUCKET/PREFIX or a folder
    #[arg(long, env = "MLOPS_LOGS", value_name = "LOCATION")]
    pub logs: Location,

    /// Load only objects whose key below --logs starts with this
    #[arg(long, env = "MLOPS_LOGS_PREFIX", value_name = "PREFIX", default_value = "")]
    pub prefix: String,

    #[command(flatten)]
    pub store: DatabaseArgs,

    /// Where bad records go [default: beside --logs, with `-dead-letters` after its name]
    #[arg(long, env = "MLOPS_DEAD_LETTERS", value_name = "LOCATION")]
    pub dead_letters: Option<Location>,

    /// End with exit code 65 if more than this share of the records is bad
    #[arg(long, env = "MLOPS_MAX_BAD_RATIO", value_name = "SHARE", default_value = "0.05", value_parser = share)]
    pub max_bad_ratio: f64,

    /// How many objects to read at once
    #[arg(long, env = "ETL_CONCURRENCY", value_name = "N", default_value = "32", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub concurrency: u16,

    /// The longest record, in bytes; a longer one is bad
    #[arg(long, env = "ETL_MAX_RECORD_BYTES", value_name = "BYTES", default_value_t = DEFAULT_MAX_RECORD_BYTES, value_parser = record_bytes)]
    pub max_record_bytes: usize,

    #[command(flatten)]
    pub common: CommonArgs,
}

impl JobArgs for Args {
    fn common(&self) -> &CommonArgs {
        &self.common
    }
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("must be a share between 0 and 1, such as 0.05".to_owned()),
    }
}

fn record_bytes(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(bytes) if (1024..=1 << 30).contains(&bytes) => Ok(bytes),
        _ => Err("must be a number of bytes from 1024 to 1073741824".to_owned()),
    }
}
