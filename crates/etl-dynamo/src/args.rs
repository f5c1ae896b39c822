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
  A bucket into a table, which is made with its watermark table:
    etl-dynamo --logs s3://acme-logs/churn --table dynamodb://model_logs --create-tables

  What that would take and cost, before it is done:
    etl-dynamo plan --logs s3://acme-logs/churn

  How far it is:
    etl-dynamo status --logs s3://acme-logs/churn";

/// Load request logs from S3 or a folder into a DynamoDB table
///
/// Reads what is new below --logs: JSON or Python dicts, one record an object or one a line, plain,
/// gzip or zstd. Each record becomes one item, keyed by its uid, exactly once: the job may be
/// killed, repeated, or run twice at a time. A bad record is set aside with its reason and bytes,
/// and stops nothing.
#[derive(Debug, Clone, Parser)]
#[command(name = "etl-dynamo", version, after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES_HELP}"))]
pub struct Args {
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    pub etl: EtlArgs,

    /// The table: dynamodb://NAME
    #[arg(
        long,
        global = true,
        env = "MLOPS_TABLE",
        value_name = "TABLE",
        default_value = "dynamodb://model_logs"
    )]
    pub table: TableName,

    /// The table of the job's own books [default: the name of --table with `_watermark` after it]
    #[arg(long, global = true, env = "ETL_WATERMARK_TABLE", value_name = "TABLE")]
    pub watermark_table: Option<TableName>,

    /// Let DynamoDB delete an item this long after its logging timestamp
    #[arg(long, global = true, env = "ETL_TTL", value_name = "SPAN", value_parser = span)]
    pub ttl: Option<SignedDuration>,

    /// Create both tables, billed on demand, if they are missing
    #[arg(long, global = true, env = "MLOPS_CREATE_TABLES", value_parser = BoolishValueParser::new())]
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
