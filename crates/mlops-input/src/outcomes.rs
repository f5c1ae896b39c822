#![expect(clippy::doc_markdown, reason = "the doc comments are the text of --help")]

use anyhow::{Context as _, Result};
use clap::Args;
use futures_util::TryStreamExt;
use jiff::{SignedDuration, Timestamp};
use mlops_core::outcomes::{Outcome, Outcomes};
use mlops_core::ports::OutcomeStore;
use mlops_job::{UsageError, duration};
use mlops_objects::Location;

use crate::read_table;

/// What every job takes that joins requests with outcomes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Outcomes")]
pub struct OutcomeArgs {
    /// What became of the customers: a file with the columns client_id, outcome_timestamp and outcome; without it the table client_outcomes of
    /// --database
    #[arg(long, env = "MLOPS_OUTCOMES", value_name = "FILE")]
    pub outcomes: Option<Location>,

    /// How long after a request an outcome still answers it; younger requests wait
    #[arg(long, env = "MLOPS_HORIZON", value_name = "SPAN", default_value = "30d", value_parser = duration)]
    pub horizon: SignedDuration,

    /// The outcome of requests that none came for within the horizon, such as no; without it they are left out
    #[arg(long, env = "MLOPS_ABSENT_OUTCOME", value_name = "OUTCOME")]
    pub absent_outcome: Option<String>,
}

/// The outcomes of the file that the arguments name, or else of the database.
///
/// # Errors
///
/// [`UsageError`] where neither is named, and for a file without the columns or with a cell that does not read; the failures of the stores.
pub async fn read_outcomes(args: &OutcomeArgs, database: Option<&impl OutcomeStore>) -> Result<Outcomes> {
    let outcomes: Vec<Outcome> = match (&args.outcomes, database) {
        (Some(file), _) => of_file(file).await.with_context(|| format!("reading --outcomes {file}"))?,
        (None, Some(database)) => database.outcomes().try_collect().await?,
        (None, None) => {
            let message = "the outcomes are missing: name a file with --outcomes, or a database that has client_outcomes with --database";
            return Err(UsageError::new(message).into());
        }
    };
    Ok(Outcomes::new(outcomes, args.horizon))
}

async fn of_file(file: &Location) -> Result<Vec<Outcome>> {
    let table = read_table(file).await?;
    let column = |name: &str| {
        let missing = || {
            UsageError::new(format!(
                "the file has no column `{name}`; it needs client_id, outcome_timestamp and outcome"
            ))
        };
        table.column(name).ok_or_else(missing)
    };
    let (clients, times, outcomes) = (column("client_id")?, column("outcome_timestamp")?, column("outcome")?);
    let rows = clients.names().into_iter().zip(times.times()).zip(outcomes.names()).enumerate();
    rows.map(|(row, ((client_id, time), outcome))| {
        let time = time.and_then(|time| Timestamp::from_microsecond(time).ok());
        match (client_id, time, outcome) {
            (Some(client_id), Some(outcome_timestamp), Some(outcome)) => {
                Ok(Outcome { client_id, outcome_timestamp, outcome })
            }
            _ => {
                let message = format!(
                    "row {} lacks a client_id, an outcome_timestamp that reads as a time, or an outcome",
                    row + 1
                );
                Err(UsageError::new(message).into())
            }
        }
    })
    .collect()
}
