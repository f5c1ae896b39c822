use std::ffi::OsString;
use std::future::Future;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use mlops_core::address::DatabaseUrl;
use mlops_core::model_name::ModelName;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::clock::now;
use crate::spec::Document;
use crate::{
    CommonArgs, Exit, JobArgs, Metrics, Output, Progress, Shard, UsageError, config, logs, shutdown,
};
use mlops_core::text::chain;

/// The context of a run, beside its arguments.
#[derive(Debug, Clone)]
pub struct Context {
    /// Names this run; the same for every attempt of one AWS Batch job.
    pub run_uid: String,
    /// The model that it works for.
    pub model: ModelName,
    /// Whether the model was named.
    pub names_model: bool,
    /// When it started.
    pub started: Timestamp,
    /// Cancelled when the job is to stop taking work.
    pub shutdown: CancellationToken,
    /// Draws progress.
    pub progress: Progress,
    /// The part that AWS Batch gave this child of an array job.
    pub array_shard: Option<Shard>,
    on_batch: bool,
}

impl Context {
    /// The time of day, for a job that runs on; what it does once, it does as of
    /// [`Context::started`].
    pub fn now(&self) -> Timestamp {
        now()
    }

    /// A program of this workspace, which stands beside this one.
    ///
    /// # Errors
    ///
    /// [`UsageError`] where it does not.
    pub fn program(&self, name: &str) -> Result<PathBuf> {
        let own = std::env::current_exe().context("finding the programs")?;
        let program = own.with_file_name(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        if !program.is_file() {
            let message = format!(
                "{} does not exist; build it with `cargo build --workspace --bins`",
                program.display()
            );
            return Err(UsageError::new(message).into());
        }
        Ok(program)
    }

    /// Refuses a database that a container takes with it when it ends, if this run is a job of AWS
    /// Batch.
    ///
    /// # Errors
    ///
    /// [`UsageError`].
    pub fn check_lasting(&self, database: &DatabaseUrl) -> Result<(), UsageError> {
        if database.is_local() && self.on_batch {
            let message = "--database (MLOPS_DATABASE) is a local file, which is lost when this container ends; \
                           name a database server";
            return Err(UsageError::new(message));
        }
        Ok(())
    }
}

/// The output of a job. Serialized, it is the JSON document of `--output json`.
pub trait Report: Serialize {
    /// The same for people, without a last newline.
    fn human(&self) -> String;

    /// The same as CSV, for those whose [`JobArgs::check_output`] lets it be asked for.
    fn csv(&self) -> String {
        String::new()
    }

    /// Its figures for CloudWatch; none for most commands.
    fn metrics(&self) -> Vec<Metrics> {
        Vec::new()
    }

    /// How the process ends.
    fn exit(&self) -> Exit {
        Exit::Done
    }
}

/// Runs a job from its arguments to its exit code: the whole of a binary's `main`.
pub fn main<A, R, F>(run: impl FnOnce(A, Context) -> F) -> ExitCode
where
    A: JobArgs,
    R: Report,
    F: Future<Output = Result<R>>,
{
    let mut arguments: Vec<OsString> = std::env::args_os().collect();
    if let Some(argument) = A::FORMER_LOCATION {
        rename_location(&mut arguments, argument);
    }
    if arguments.len() == 2 && arguments[1] == "--spec" {
        return ExitCode::from(print_spec::<A>().unwrap_or_else(|error| fail(&error)).code());
    }
    let exit = match config::apply(A::command(), &arguments) {
        Ok(command) => {
            let matches = command.get_matches_from(arguments);
            // The matches come from this very command; a failure is a fault in its definition.
            let parsed = A::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
            start(parsed, run)
        }
        Err(error) => fail(&error),
    };
    ExitCode::from(exit.code())
}

/// Gives `--model` its new name where its value is a location, as in earlier releases.
fn rename_location(arguments: &mut [OsString], new: &str) {
    let is_name = |value: &str| value.parse::<ModelName>().is_ok() && !Path::new(value).exists();
    for index in 0..arguments.len() {
        let argument = arguments[index].to_string_lossy().into_owned();
        let next = arguments.get(index + 1).map(|next| next.to_string_lossy());
        match argument.strip_prefix("--model") {
            Some("") if next.is_some_and(|next| !is_name(&next)) => arguments[index] = new.into(),
            Some(value) if value.strip_prefix('=').is_some_and(|value| !is_name(value)) => {
                arguments[index] = format!("{new}{value}").into();
            }
            _ => {}
        }
    }
}

fn start<A, R, F>(arguments: A, run: impl FnOnce(A, Context) -> F) -> Exit
where
    A: JobArgs,
    R: Report,
    F: Future<Output = Result<R>>,
{
    let CommonArgs { output, metrics, model, .. } = arguments.common().clone();
    let progress = Progress::new();
    let outcome = logs::start(&arguments.common().log_level, progress.bars()).and_then(|()| {
        arguments.check_output()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .context("starting the runtime")?;
        runtime.block_on(async {
            let batch_job = batch_job();
            let context = Context {
                on_batch: batch_job.is_some(),
                names_model: model.is_some(),
                model: model.clone().unwrap_or_default(),
                run_uid: batch_job.unwrap_or_else(|| run_uid(A::command().get_name())),
                started: now(),
                shutdown: shutdown::watch().context("listening for signals")?,
                progress,
                array_shard: array_shard()?,
            };
            let shutdown = context.shutdown.clone();
            let model = context.model.clone();
            let report = run(arguments, context).await?;
            print(&report, output)?;
            let exit = if shutdown.is_cancelled() { Exit::Terminated } else { report.exit() };
            if metrics {
                write_metrics(A::command().get_name(), &model, &report.metrics());
                // An alarm listens for this: a job that is never started tells nobody that it
                // failed.
                if matches!(exit, Exit::Done | Exit::Verdict) {
                    let completed =
                        Metrics { values: vec![("completed", "Count", 1.0)], ..Metrics::default() };
                    write_metrics(A::command().get_name(), &model, &[completed]);
                }
            }
            Ok(exit)
        })
    });
    outcome.unwrap_or_else(|error| fail(&error))
}

fn print_spec<A: JobArgs>() -> Result<Exit> {
    let document = Document::new(&A::command(), A::SPEC);
    write_out(
        &serde_json::to_string_pretty(&document).context("writing the specification as JSON")?,
    )?;
    Ok(Exit::Done)
}

fn print(report: &impl Report, output: Output) -> Result<()> {
    write_out(&match output {
        Output::Human => report.human(),
        Output::Json => serde_json::to_string(report).context("writing the result as JSON")?,
        Output::Csv => report.csv(),
    })
}

fn write_out(text: &str) -> Result<()> {
    match writeln!(std::io::stdout().lock(), "{text}") {
        // A reader such as `head` may leave; the job's work is done all the same.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("writing the result to stdout"),
    }
}

/// Beside the log, not in it: CloudWatch takes a line only if it is nothing but the format.
fn write_metrics(job: &str, model: &ModelName, metrics: &[Metrics]) {
    let mut stderr = std::io::stderr().lock();
    for metrics in metrics {
        // Nothing can be said where stderr is gone.
        drop(writeln!(stderr, "{}", metrics.line(job, model, now())));
    }
}

fn fail(error: &anyhow::Error) -> Exit {
    let exit = Exit::for_error(error);
    let text = chain(error.as_ref());
    if tracing::dispatcher::has_been_set() {
        tracing::error!(exit.code = exit.code(), "{text}");
    } else {
        // Nothing can be said where stderr is gone.
        drop(writeln!(std::io::stderr().lock(), "error: {text}"));
    }
    exit
}

/// AWS Batch gives every attempt of a job the same id, so that a second attempt replaces what the
/// first wrote.
#[expect(
    clippy::disallowed_methods,
    reason = "the only code that reads the variables of AWS Batch"
)]
fn batch_job() -> Option<String> {
    std::env::var("AWS_BATCH_JOB_ID").ok()
}

/// An array job's children are told which they are; a job that is no child is told neither.
#[expect(
    clippy::disallowed_methods,
    reason = "the only code that reads the variables of AWS Batch"
)]
fn array_shard() -> Result<Option<Shard>, UsageError> {
    let (Ok(index), Ok(count)) =
        (std::env::var("AWS_BATCH_JOB_ARRAY_INDEX"), std::env::var("AWS_BATCH_JOB_ARRAY_SIZE"))
    else {
        return Ok(None);
    };
    let shard = format!("{index}/{count}").parse();
    shard.map(Some).map_err(|_| {
        let message =
            format!("AWS_BATCH_JOB_ARRAY_INDEX is {index} and AWS_BATCH_JOB_ARRAY_SIZE is {count}, which is not a child of an array job");
        UsageError::new(message)
    })
}

fn run_uid(job: &str) -> String {
    format!("{job}-{}-{}", now().strftime("%Y%m%dT%H%M%S%.6fZ"), std::process::id())
}
