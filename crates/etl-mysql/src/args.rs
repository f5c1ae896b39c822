#![expect(clippy::doc_markdown, reason = "the doc comments are the text of --help")]

use clap::Parser;
use mlops_etl::{Command, EtlArgs};
use mlops_job::{CommonArgs, DatabaseArgs, EXIT_CODES_HELP, JobArgs, Spec};

use crate::spec::SPEC;

const EXAMPLES: &str = "\
Examples:
  A folder of logs into a local SQLite file:
    etl-mysql --logs logs/ --database sqlite://mlops.db

  A bucket into MySQL, with the password in the environment:
    MLOPS_DATABASE='mysql://etl:…@db.internal/mlops' etl-mysql --logs s3://acme-logs/churn --create-tables

  The time and cost of a run, before it starts:
    etl-mysql plan --logs s3://acme-logs/churn

  Verify that all records were loaded, and load missing ones:
    etl-mysql verify --logs s3://acme-logs/churn --repair";

/// Load request logs from S3 or a folder into model_logs of MySQL or SQLite
///
/// Loads new objects below --logs: JSON or Python dicts in any layout, in the envelopes of log
/// shippers, and compressed, all recognized by content. Each record becomes one row, keyed by its uid, exactly once. The job can be
/// killed, repeated, or run twice at a time. A bad record becomes a dead letter with its reason and
/// bytes, and stops no other record.
#[derive(Debug, Clone, Parser)]
#[command(name = "etl-mysql", version, after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES_HELP}"))]
pub struct Args {
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    pub etl: EtlArgs,

    #[command(flatten)]
    pub store: DatabaseArgs,

    #[command(flatten)]
    pub common: CommonArgs,
}

impl JobArgs for Args {
    const SPEC: Spec = SPEC;

    fn common(&self) -> &CommonArgs {
        &self.common
    }
}
