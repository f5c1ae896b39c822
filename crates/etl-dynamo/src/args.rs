#![expect(clippy::doc_markdown, reason = "the doc comments are the text of --help")]

use std::fmt;
use std::str::FromStr;

use clap::Parser;
use clap::builder::BoolishValueParser;
use jiff::SignedDuration;
use mlops_etl::{Command, EtlArgs};
use mlops_job::{CommonArgs, EXIT_CODES_HELP, JobArgs, Spec, span};

use crate::spec::SPEC;

const EXAMPLES: &str = "\
Examples:
  A bucket into a table, which is created with its watermark table:
    etl-dynamo --logs s3://acme-logs/churn --table dynamodb://model_logs --create-tables

  The time and cost of a run, before it starts:
    etl-dynamo plan --logs s3://acme-logs/churn

  The progress of a load:
    etl-dynamo status --logs s3://acme-logs/churn";

/// Load request logs from S3 or a folder into a DynamoDB table
///
/// Loads new objects below --logs: JSON or Python dicts in any layout, in the envelopes of log
/// shippers, and compressed, all recognized by content. Each record becomes one item, keyed by its uid, exactly once. The job can be
/// killed, repeated, or run twice at a time. A bad record becomes a dead letter with its reason and
/// bytes, and stops no other record.
#[derive(Debug, Clone, Parser)]
#[command(name = "etl-dynamo", version, after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES_HELP}"))]
pub struct Args {
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    pub etl: EtlArgs,

    /// DynamoDB table: dynamodb://NAME
    #[arg(
        long,
        global = true,
        env = "MLOPS_TABLE",
        value_name = "TABLE",
        default_value = "dynamodb://model_logs",
        help_heading = "Database"
    )]
    pub table: TableName,

    /// Table of the job's progress [default: the name of --table with the suffix `_watermark`]
    #[arg(
        long,
        global = true,
        env = "ETL_WATERMARK_TABLE",
        value_name = "TABLE",
        hide_short_help = true,
        help_heading = "Database"
    )]
    pub watermark_table: Option<TableName>,

    /// Time to live: DynamoDB deletes an item this long after its logging timestamp
    #[arg(long, global = true, env = "ETL_TTL", value_name = "SPAN", value_parser = span, help_heading = "Database")]
    pub ttl: Option<SignedDuration>,

    /// Create both tables if they are missing, billed on demand
    #[arg(long, global = true, env = "MLOPS_CREATE_TABLES", value_parser = BoolishValueParser::new(), help_heading = "Database")]
    pub create_tables: bool,

    #[command(flatten)]
    pub common: CommonArgs,
}

impl JobArgs for Args {
    const SPEC: Spec = SPEC;

    fn common(&self) -> &CommonArgs {
        &self.common
    }
}

/// The name of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableName(String);

impl TableName {
    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn with_suffix(&self, suffix: &str) -> Self {
        Self(format!("{}{suffix}", self.0))
    }
}

impl FromStr for TableName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let name = text.strip_prefix("dynamodb://").unwrap_or(text);
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        if !(3..=255).contains(&name.len()) || !name.bytes().all(is_allowed) {
            return Err(
                "write dynamodb://NAME, where NAME has 3 to 255 letters, digits, `_`, `-` or `.`"
                    .to_owned(),
            );
        }
        Ok(Self(name.to_owned()))
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "dynamodb://{}", self.0)
    }
}
