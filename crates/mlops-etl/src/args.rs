#![expect(clippy::doc_markdown, reason = "the doc comments are the text of --help")]

use clap::builder::BoolishValueParser;
use clap::{Args, Subcommand};
use jiff::SignedDuration;
use mlops_job::{Shard, UsageError, duration, share, span};
use mlops_objects::Location;
use mlops_record::DEFAULT_MAX_RECORD_BYTES;

/// What every ETL job takes, whatever it loads into.
#[derive(Debug, Clone, Args)]
pub struct EtlArgs {
    /// Where the logs are: s3://BUCKET/PREFIX or a folder
    #[arg(long, global = true, env = "MLOPS_LOGS", value_name = "LOCATION")]
    pub logs: Option<Location>,

    /// Look only into this folder below --logs, such as dt=2026-11-23/
    #[arg(long, global = true, env = "MLOPS_LOGS_PREFIX", value_name = "FOLDER", default_value = "", value_parser = folder)]
    pub prefix: String,

    /// Where bad records go [default: beside --logs, with `-dead-letters` after its name]
    #[arg(long, global = true, env = "MLOPS_DEAD_LETTERS", value_name = "LOCATION")]
    pub dead_letters: Option<Location>,

    /// End with exit code 65 if more than this share of the records is bad
    #[arg(long, global = true, env = "MLOPS_MAX_BAD_RATIO", value_name = "SHARE", default_value = "0.05", value_parser = share)]
    pub max_bad_ratio: f64,

    /// The longest record, in bytes; a longer one is bad
    #[arg(long, global = true, env = "ETL_MAX_RECORD_BYTES", value_name = "BYTES", default_value_t = DEFAULT_MAX_RECORD_BYTES, value_parser = record_bytes)]
    pub max_record_bytes: usize,

    /// How many objects to read at once; large ones count for several
    #[arg(long, global = true, env = "ETL_CONCURRENCY", value_name = "N", default_value = "128", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub concurrency: u16,

    /// Name the books that this load keeps in its watermark table [default: the address of --logs]
    #[arg(
        long,
        global = true,
        env = "ETL_PIPELINE",
        value_name = "NAME",
        help_heading = "Progress"
    )]
    pub pipeline: Option<String>,

    /// Keep looking into a partition for this long after its time
    #[arg(long, global = true, env = "ETL_LOOKBACK", value_name = "SPAN", default_value = "48h", value_parser = duration, help_heading = "Progress")]
    pub lookback: SignedDuration,

    /// Leave objects younger than this to the next run; for folders whose files grow in place
    #[arg(long, global = true, env = "ETL_SETTLE", value_name = "SPAN", default_value = "0", value_parser = duration, help_heading = "Progress")]
    pub settle: SignedDuration,

    /// Look into sealed partitions too, for objects that came later than --lookback
    #[arg(long, global = true, env = "ETL_AUDIT", value_parser = BoolishValueParser::new(), help_heading = "Progress")]
    pub audit: bool,

    /// Do so by itself if the last time was this long ago; 0 for never
    #[arg(long, global = true, env = "ETL_AUDIT_EVERY", value_name = "SPAN", default_value = "7d", value_parser = duration, help_heading = "Progress")]
    pub audit_every: SignedDuration,

    /// Do one part of the work, such as 0/4 [default: what AWS Batch tells an array job's child,
    /// else all]
    #[arg(long, global = true, env = "ETL_SHARD", value_name = "I/N", help_heading = "Running")]
    pub shard: Option<Shard>,

    /// How long a run may be silent before another takes its place
    #[arg(long, global = true, env = "ETL_LEASE", value_name = "SPAN", default_value = "30s", value_parser = span, help_heading = "Running")]
    pub lease: SignedDuration,

    /// Try again this long while S3 or the database fail for a time
    #[arg(long, global = true, env = "ETL_RETRY_FOR", value_name = "SPAN", default_value = "2m", value_parser = duration, help_heading = "Running")]
    pub retry_for: SignedDuration,

    /// Take no more work after this, end with exit code 76, and let the next run go on; keep it
    /// under the job's timeout
    #[arg(long, global = true, env = "ETL_DEADLINE", value_name = "SPAN", value_parser = span, help_heading = "Running")]
    pub deadline: Option<SignedDuration>,
}

/// What an ETL job can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Load what is new (also without a command)
    Run,
    /// Say what a run would do, take and cost; writes nothing
    Plan,
    /// Read everything again and compare it with what was loaded, partition by partition
    ///
    /// Ends with exit code 1 if something is missing or different.
    Verify {
        /// Load what is missing
        #[arg(long)]
        repair: bool,
        /// With --repair: write the source's content over rows that differ from it
        #[arg(long, requires = "repair")]
        overwrite: bool,
    },
    /// Load bad records again, after their cause is mended
    Redrive,
    /// Show the watermark, the lag, the counts, and who is at work
    Status,
}

impl EtlArgs {
    /// Where the logs are.
    pub(crate) fn logs(&self) -> Result<&Location, UsageError> {
        let message = "--logs (MLOPS_LOGS) is missing; write s3://BUCKET/PREFIX or a folder";
        self.logs.as_ref().ok_or_else(|| UsageError::new(message))
    }

    /// Where bad records go: as the arguments say, or beside the logs, but never among them.
    pub(crate) fn dead_letters(&self) -> Result<Location, UsageError> {
        let logs = self.logs()?;
        let Some(place) = self.dead_letters.clone().or_else(|| logs.sibling("-dead-letters"))
        else {
            let message = format!(
                "--logs {logs} has no name to put bad records beside; say where with --dead-letters"
            );
            return Err(UsageError::new(message));
        };
        if logs.contains(&place) {
            let message = format!(
                "--dead-letters {place} lies in --logs, where the next run would load it; choose another place"
            );
            return Err(UsageError::new(message));
        }
        Ok(place)
    }

    /// The name of the books.
    pub(crate) fn pipeline(&self) -> Result<String, UsageError> {
        const MAX_CHARS: usize = 255;
        let name = match &self.pipeline {
            Some(name) => name.clone(),
            None => match self.logs()? {
                Location::Folder(path) => {
                    std::path::absolute(path).map_err(UsageError::because)?.display().to_string()
                }
                location @ Location::S3 { .. } => location.to_string(),
            },
        };
        if name.is_empty() || name.chars().count() > MAX_CHARS {
            let message = format!(
                "the pipeline's name must have 1 to {MAX_CHARS} characters; give one with --pipeline"
            );
            return Err(UsageError::new(message));
        }
        Ok(name)
    }
}

fn folder(text: &str) -> Result<String, String> {
    let name = text.trim_matches('/');
    Ok(if name.is_empty() { String::new() } else { format!("{name}/") })
}

fn record_bytes(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(bytes) if (1024..=1 << 30).contains(&bytes) => Ok(bytes),
        _ => Err("must be a number of bytes from 1024 to 1073741824".to_owned()),
    }
}
