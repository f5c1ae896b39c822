#![expect(clippy::doc_markdown, reason = "the doc comments are the text of --help")]

use std::collections::HashSet;
use std::path::Path;
use std::time::Instant;

use clap::builder::{BoolishValueParser, PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use jiff::SignedDuration;
use mlops_core::etl::DatePattern;
use mlops_job::{Shard, UsageError, duration, share, span};
use mlops_objects::Location;
use mlops_record::{DEFAULT_MAX_RECORD_BYTES, UidFrom};

use crate::Globs;
use crate::own_files::plain;

/// The arguments of every ETL job.
#[derive(Debug, Clone, Args)]
pub struct EtlArgs {
    /// Location of the logs: s3://BUCKET/PREFIX or a folder
    #[arg(
        long,
        global = true,
        env = "MLOPS_LOGS",
        value_name = "LOCATION",
        help_heading = "Input"
    )]
    pub logs: Option<Location>,

    /// Folder below --logs to read, such as dt=2026-11-23/ [default: all]
    #[arg(long, global = true, env = "MLOPS_LOGS_PREFIX", value_name = "FOLDER", default_value = "", value_parser = folder, help_heading = "Input")]
    pub prefix: String,

    /// Load only objects whose key matches; `*` stops at `/`, `**` does not. Repeatable
    ///
    /// Keys are relative to --logs. Hidden files, _SUCCESS, _temporary/, *.crc, S3 inventories, and
    /// the job's own dead letters and database are left out. A glob that asks for hidden files or
    /// the like by name, such as '**/.spool/*', loads them; '**' does not.
    #[arg(
        long,
        global = true,
        env = "ETL_INCLUDE",
        value_name = "GLOB",
        help_heading = "Input",
        hide_short_help = true
    )]
    pub include: Vec<Globs>,

    /// Leave out objects whose key matches, such as 'tmp/**'; wins over --include. Repeatable
    #[arg(
        long,
        global = true,
        env = "ETL_EXCLUDE",
        value_name = "GLOB",
        help_heading = "Input",
        hide_short_help = true
    )]
    pub exclude: Vec<Globs>,

    /// Location of the dead letters [default: beside --logs, with the suffix `-dead-letters`]
    #[arg(
        long,
        global = true,
        env = "MLOPS_DEAD_LETTERS",
        value_name = "LOCATION",
        help_heading = "Output"
    )]
    pub dead_letters: Option<Location>,

    /// Exit with code 65 if more than this share of the records is bad
    #[arg(long, global = true, env = "MLOPS_MAX_BAD_RATIO", value_name = "SHARE", default_value = "0.05", value_parser = share, help_heading = "Output")]
    pub max_bad_ratio: f64,

    /// Exit with code 65 if more objects than this are unreadable
    #[arg(
        long,
        global = true,
        env = "ETL_MAX_UNREADABLE",
        value_name = "N",
        default_value_t = 0,
        hide_short_help = true,
        help_heading = "Output"
    )]
    pub max_unreadable: u64,

    /// Folders that name a time, such as '{*}/%Y%m%d/%H' [default: dt=…, year=…, YYYY/MM/DD]
    ///
    /// The pattern is relative to --logs; {*} is any one folder. With a pattern, no other folder
    /// names a time. Without one, these do: dt=, date= or day= with a whole day, year=/month=/day=,
    /// YYYY/MM/DD with an optional /HH, a bare YYYY-MM-DD, and hh= or hour= below one of these.
    #[arg(
        long,
        global = true,
        env = "ETL_PARTITION_BY",
        value_name = "PATTERN",
        help_heading = "Input",
        hide_short_help = true
    )]
    pub partition_by: Option<DatePattern>,

    /// The uid of an object's only record without `input.uid`: file-name (without .json, .gz, …) or key
    #[arg(long, global = true, env = "ETL_UID_FROM", value_name = "NAME", default_value = "file-name", value_parser = uid_from(), help_heading = "Input", hide_short_help = true)]
    pub uid_from: UidFrom,

    /// Maximum size of a record in bytes; a longer record is bad
    #[arg(long, global = true, env = "ETL_MAX_RECORD_BYTES", value_name = "BYTES", default_value_t = DEFAULT_MAX_RECORD_BYTES, value_parser = record_bytes, hide_short_help = true, help_heading = "Input")]
    pub max_record_bytes: usize,

    /// Number of objects read at once; large objects count as several
    #[arg(long, global = true, env = "ETL_CONCURRENCY", value_name = "N", default_value = "128", value_parser = clap::value_parser!(u16).range(1..=1024), help_heading = "Run", hide_short_help = true)]
    pub concurrency: u16,

    /// Name of this load in the watermark table [default: the URL of --logs]
    #[arg(
        long,
        global = true,
        env = "ETL_PIPELINE",
        value_name = "NAME",
        help_heading = "Progress",
        hide_short_help = true
    )]
    pub pipeline: Option<String>,

    /// Lookback window: how long after its time a partition is still read
    #[arg(long, global = true, env = "ETL_LOOKBACK", value_name = "SPAN", default_value = "48h", value_parser = duration, help_heading = "Progress")]
    pub lookback: SignedDuration,

    /// Settle time: younger objects are left to the next run; for files that grow in place
    #[arg(long, global = true, env = "ETL_SETTLE", value_name = "SPAN", default_value = "0", value_parser = duration, help_heading = "Progress")]
    pub settle: SignedDuration,

    /// Also check sealed partitions, for objects later than --lookback
    #[arg(long, global = true, env = "ETL_AUDIT", value_parser = BoolishValueParser::new(), help_heading = "Progress", hide_short_help = true)]
    pub audit: bool,

    /// Interval of automatic audits; 0: never
    #[arg(long, global = true, env = "ETL_AUDIT_EVERY", value_name = "SPAN", default_value = "7d", value_parser = duration, help_heading = "Progress", hide_short_help = true)]
    pub audit_every: SignedDuration,

    /// Part of the work, such as 0/4 [default: the index of an AWS Batch array job, else all]
    #[arg(
        long,
        global = true,
        env = "ETL_SHARD",
        value_name = "I/N",
        hide_short_help = true,
        help_heading = "Run"
    )]
    pub shard: Option<Shard>,

    /// Time without a heartbeat after which another run may take over
    #[arg(long, global = true, env = "ETL_LEASE", value_name = "SPAN", default_value = "30s", value_parser = span, hide_short_help = true, help_heading = "Run")]
    pub lease: SignedDuration,

    /// Total time of retries while S3 or the database fail temporarily
    #[arg(long, global = true, env = "ETL_RETRY_FOR", value_name = "SPAN", default_value = "2m", value_parser = duration, hide_short_help = true, help_heading = "Run")]
    pub retry_for: SignedDuration,

    /// Stop taking work after this time and exit with code 76; below the job timeout
    #[arg(long, global = true, env = "ETL_DEADLINE", value_name = "SPAN", value_parser = span, help_heading = "Run")]
    pub deadline: Option<SignedDuration>,
}

/// The commands of an ETL job.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Load new records (the default)
    Run,
    /// Show the work, time and cost of a run without writing anything
    Plan,
    /// Compare the source with the loaded records, partition by partition
    ///
    /// Exits with code 1 if a record is missing or different.
    Verify {
        /// Load missing records
        #[arg(long)]
        repair: bool,
        /// With --repair: overwrite rows that differ from the source
        #[arg(long, requires = "repair")]
        overwrite: bool,
    },
    /// Load dead letters and unreadable objects again, after their cause is fixed
    Redrive,
    /// Take unreadable objects out of the count, with a reason
    Ignore {
        /// Key relative to --logs, or a pattern: `*` stops at `/`, `**` does not
        #[arg(value_name = "KEY|GLOB")]
        pattern: String,
        /// Why the objects are not needed
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// The person who decides [default: the AWS identity, or the user of this machine]
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
    /// Show the watermark, the lag, the counts, and the running job
    Status,
}

impl EtlArgs {
    /// Returns the location of the logs.
    pub(crate) fn logs(&self) -> Result<&Location, UsageError> {
        let message = "--logs (MLOPS_LOGS) is missing; write s3://BUCKET/PREFIX or a folder";
        self.logs.as_ref().ok_or_else(|| UsageError::new(message))
    }

    /// Returns when a run that began then is to stop.
    pub(crate) fn deadline_from(&self, began: Instant) -> Option<Instant> {
        began.checked_add(self.deadline?.unsigned_abs())
    }

    /// Returns the location of the dead letters: that of the arguments, or one beside the logs.
    pub(crate) fn dead_letters(&self) -> Result<Location, UsageError> {
        let logs = self.logs()?;
        let Some(location) = self.dead_letters.clone().or_else(|| logs.sibling("-dead-letters"))
        else {
            let message = format!(
                "--logs {logs} has no name to put bad records beside; say where with --dead-letters"
            );
            return Err(UsageError::new(message));
        };
        Ok(location)
    }

    /// Returns the name of the pipeline, and after it the names that earlier releases gave it.
    pub(crate) fn pipeline_names(&self) -> Result<Vec<String>, UsageError> {
        const MAX_CHARS: usize = 255;
        let names = match (&self.pipeline, self.logs()?) {
            (Some(name), _) => vec![name.clone()],
            (None, Location::Folder(path)) => folder_names(path)?,
            (None, location @ Location::S3 { .. }) => vec![location.to_string()],
        };
        if names[0].is_empty() || names[0].chars().count() > MAX_CHARS {
            let message = format!(
                "the pipeline's name must have 1 to {MAX_CHARS} characters; give one with --pipeline"
            );
            return Err(UsageError::new(message));
        }
        Ok(names)
    }
}

/// Returns the absolute path of a folder, and other ways to write it.
fn folder_names(path: &Path) -> Result<Vec<String>, UsageError> {
    let absolute = std::path::absolute(path).map_err(UsageError::because)?;
    let plain = plain(path);
    let resolved = plain.canonicalize().unwrap_or_else(|_| plain.clone());
    let mut names = [resolved, plain, absolute].map(|path| path.display().to_string()).to_vec();
    names.extend([format!("{}/", names[0]), format!("{}/", names[1])]);
    let mut known = HashSet::new();
    names.retain(|name| known.insert(name.clone()));
    Ok(names)
}

fn folder(text: &str) -> Result<String, String> {
    let name = text.trim_matches('/');
    Ok(if name.is_empty() { String::new() } else { format!("{name}/") })
}

fn uid_from() -> impl TypedValueParser<Value = UidFrom> {
    PossibleValuesParser::new(["file-name", "key"]).map(|name| match name.as_str() {
        "key" => UidFrom::Key,
        _ => UidFrom::FileName,
    })
}

fn record_bytes(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(bytes) if (1024..=1 << 30).contains(&bytes) => Ok(bytes),
        _ => Err("must be a number of bytes from 1024 to 1073741824".to_owned()),
    }
}
