use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result};
use mlops_core::etl::EtlStore;
use mlops_job::{Context, Exit, Metrics, Report};
use serde::Serialize;
use tokio::time::timeout_at;

use crate::engine::Engine;
use crate::ignore::IgnoreReport;
use crate::memory::return_large_blocks;
use crate::plan::PlanReport;
use crate::redrive::RedriveReport;
use crate::report::RunReport;
use crate::run::{GRACE, silent};
use crate::status::StatusReport;
use crate::verify::VerifyReport;
use crate::{Command, EtlArgs};

/// The report of a command.
#[derive(Debug, Serialize)]
#[serde(untagged)]
#[expect(missing_docs, reason = "each is the report of the command of its name")]
pub enum Outcome {
    Run(RunReport),
    Plan(PlanReport),
    Verify(VerifyReport),
    Redrive(RedriveReport),
    Ignore(IgnoreReport),
    Status(StatusReport),
}

impl Outcome {
    fn report(&self) -> &dyn ReportText {
        match self {
            Self::Run(report) => report,
            Self::Plan(report) => report,
            Self::Verify(report) => report,
            Self::Redrive(report) => report,
            Self::Ignore(report) => report,
            Self::Status(report) => report,
        }
    }
}

/// The part of [`Report`] that can be had of any report.
trait ReportText {
    fn text(&self) -> String;
    fn metrics_of(&self) -> Vec<Metrics>;
    fn exit_of(&self) -> Exit;
}

impl<R: Report> ReportText for R {
    fn text(&self) -> String {
        self.human()
    }

    fn metrics_of(&self) -> Vec<Metrics> {
        self.metrics()
    }

    fn exit_of(&self) -> Exit {
        self.exit()
    }
}

impl Report for Outcome {
    fn human(&self) -> String {
        self.report().text()
    }

    fn metrics(&self) -> Vec<Metrics> {
        self.report().metrics_of()
    }

    fn exit(&self) -> Exit {
        self.report().exit_of()
    }
}

/// Carries out a command over the store that `open` opens, once the arguments are found to be
/// right.
///
/// # Errors
///
/// [`mlops_job::UsageError`] for arguments that do not go together, and the failures of the stores.
pub async fn execute<S: EtlStore + 'static>(
    args: &EtlArgs,
    command: Option<Command>,
    open: impl AsyncFnOnce() -> Result<S>,
    context: Context,
) -> Result<Outcome> {
    let began = Instant::now();
    return_large_blocks();
    let command = command.unwrap_or(Command::Run);
    let opening = Engine::new(args, open, context, began);
    // Connecting counts towards the deadline of a run.
    let engine = match args.deadline_from(began).filter(|_| command == Command::Run) {
        Some(deadline) => timeout_at((deadline + GRACE).into(), opening)
            .await
            .map_err(|_| silent("the store of the records does not answer"))?,
        None => opening.await,
    };
    let engine = Arc::new(engine?);
    let location = engine.logs_location.to_string();
    match command {
        Command::Run => {
            engine.run().await.map(Outcome::Run).with_context(|| format!("loading {location}"))
        }
        Command::Plan => engine
            .plan()
            .await
            .map(Outcome::Plan)
            .with_context(|| format!("planning to load {location}")),
        Command::Verify { repair, overwrite } => engine
            .verify(repair, overwrite)
            .await
            .map(Outcome::Verify)
            .with_context(|| format!("verifying {location}")),
        Command::Redrive => engine
            .redrive()
            .await
            .map(Outcome::Redrive)
            .with_context(|| format!("loading bad records of {location} again")),
        Command::Ignore { pattern, reason, by } => engine
            .ignore(&pattern, &reason, by)
            .await
            .map(Outcome::Ignore)
            .context("taking unreadable objects out of the count"),
        Command::Status => {
            engine.status().await.map(Outcome::Status).context("reading the watermark")
        }
    }
}
