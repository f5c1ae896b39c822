#![expect(clippy::doc_markdown, reason = "the doc comments are the text of --help")]

use std::borrow::Cow;

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};
use futures_util::TryStreamExt;
use jiff::{SignedDuration, Timestamp};
use mlops_core::model_name::ModelName;
use mlops_core::outcomes::{Outcome, Outcomes};
use mlops_core::ports::OutcomeStore;
use mlops_core::table::{Kind, Rules, Table};
use mlops_job::{UsageError, duration};
use mlops_objects::Location;
use mlops_sql::Database;

use super::source::read_table;

/// The arguments of every job that joins requests with outcomes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Outcomes")]
pub struct OutcomeArgs {
    /// Outcomes: a file with the columns client_id, outcome_timestamp and outcome [default: table
    /// client_outcomes]
    #[arg(long, env = "MLOPS_OUTCOMES", value_name = "FILE", hide_short_help = true)]
    pub outcomes: Option<Location>,

    /// Model under whose name the outcomes and lifetime values stand in the database, if several
    /// models share them [default: --model]
    #[arg(long, env = "MLOPS_OUTCOMES_MODEL", value_name = "NAME", hide_short_help = true)]
    pub outcomes_model: Option<ModelName>,

    /// Time after a request within which an outcome answers it; younger requests wait: 30d
    #[arg(long, env = "MLOPS_HORIZON", value_name = "SPAN", default_value = "30d", value_parser = duration, hide_short_help = true)]
    pub horizon: SignedDuration,

    /// Outcome of requests without one within --horizon, such as no [default: such requests are
    /// left out]
    #[arg(long, env = "MLOPS_ABSENT_OUTCOME", value_name = "OUTCOME", hide_short_help = true)]
    pub absent_outcome: Option<String>,

    /// Clients whose outcomes are used: `all`, or `heuristic`, the control group, for which the
    /// application ignored predictions
    #[arg(
        long,
        env = "MLOPS_OUTCOMES_OF",
        value_name = "ARM",
        default_value = "all",
        hide_short_help = true
    )]
    pub outcomes_of: OutcomesOf,
}

impl OutcomeArgs {
    /// Returns a database with the outcomes that the arguments ask for.
    pub fn in_database(&self, database: Database) -> Database {
        self.outcomes_model
            .as_ref()
            .map_or(database.clone(), |name| database.with_outcomes_of(name))
    }
}

/// The column with the group of a client; a missing value means the model.
const DECIDED_BY: &str = "output.model_used";

/// The group of clients whose outcomes are used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum OutcomesOf {
    /// All clients
    #[default]
    All,
    /// Clients of the control group, for which the heuristic decided
    Heuristic,
}

impl OutcomesOf {
    /// Returns the columns that [`LogColumns::outputs`](crate::LogColumns::outputs) needs for
    /// [`keep`](Self::keep).
    pub fn outputs(self) -> Vec<(String, String, Kind)> {
        match self {
            Self::All => Vec::new(),
            Self::Heuristic => {
                vec![("model_used".to_owned(), DECIDED_BY.to_owned(), Kind::Categorical)]
            }
        }
    }

    /// The requests whose outcomes count, without the column that tells them.
    pub fn keep(self, table: &Table) -> Cow<'_, Table> {
        let index = table.columns.iter().position(|column| column.name == DECIDED_BY);
        match (self, index) {
            (Self::All, _) => Cow::Borrowed(table),
            (Self::Heuristic, None) => Cow::Owned(table.take(&[])),
            (Self::Heuristic, Some(index)) => {
                let who = table.columns[index].names().into_iter().enumerate();
                let of_heuristic =
                    who.filter(|(_, who)| who.as_ref().is_some_and(|who| who != "model"));
                let mut kept = table.take(&of_heuristic.map(|(row, _)| row).collect::<Vec<_>>());
                kept.columns.remove(index);
                Cow::Owned(kept)
            }
        }
    }
}

/// The outcomes of the file that the arguments name, or else of the database.
///
/// # Errors
///
/// [`UsageError`] where neither is named, and for a file without the columns or with a cell that
/// does not read; the failures of the stores.
pub async fn read_outcomes(
    args: &OutcomeArgs,
    database: Option<&impl OutcomeStore>,
) -> Result<Outcomes> {
    let outcomes: Vec<Outcome> = match (&args.outcomes, database) {
        (Some(file), _) => {
            of_file(file).await.with_context(|| format!("reading --outcomes {file}"))?
        }
        (None, Some(database)) => database.outcomes().try_collect().await?,
        (None, None) => {
            let message = "the outcomes are missing; name a file with --outcomes, or a database with table client_outcomes with --database";
            return Err(UsageError::new(message).into());
        }
    };
    Ok(Outcomes::new(outcomes, args.horizon))
}

async fn of_file(file: &Location) -> Result<Vec<Outcome>> {
    let texts = ["client_id", "outcome"].map(str::to_owned).to_vec();
    let table = read_table(file, &Rules { texts, ..Rules::default() }).await?;
    let column = |name: &str| {
        let missing = || {
            UsageError::new(format!(
                "the file has no column `{name}`; it needs client_id, outcome_timestamp and outcome"
            ))
        };
        table.column(name).ok_or_else(missing)
    };
    let (clients, times, outcomes) =
        (column("client_id")?, column("outcome_timestamp")?, column("outcome")?);
    let rows = clients.names().into_iter().zip(times.times()).zip(outcomes.names()).enumerate();
    rows.map(|(row, ((client_id, time), outcome))| {
        let time = time.and_then(|time| Timestamp::from_microsecond(time).ok());
        match (client_id, time, outcome) {
            (Some(client_id), Some(outcome_timestamp), Some(outcome)) => {
                Ok(Outcome { client_id, outcome_timestamp, outcome })
            }
            _ => {
                let message = format!(
                    "row {} needs a client_id, a valid outcome_timestamp and an outcome",
                    row + 1
                );
                Err(UsageError::new(message).into())
            }
        }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use mlops_core::table::{Cell, Column};

    use super::*;

    fn requests() -> Table {
        let mut table = Table {
            columns: vec![
                Column::new("age", Kind::Numeric),
                Column::new(DECIDED_BY, Kind::Categorical),
            ],
        };
        for (age, who) in [
            (1.0, Some("model")),
            (2.0, Some("heuristic")),
            (3.0, None),
            (4.0, Some("rule of 2024")),
        ] {
            table.columns[0].push(Cell::Number(age));
            table.columns[1].push(who.map_or(Cell::Missing, Cell::Text));
        }
        table
    }

    #[test]
    fn of_the_heuristic_are_those_on_whom_anything_but_the_model_decided() {
        let kept = OutcomesOf::Heuristic.keep(&requests()).into_owned();
        assert_eq!(kept.columns.len(), 1, "the group is not a feature");
        assert_eq!(kept.columns[0].names(), [Some("2".to_owned()), Some("4".to_owned())]);
        assert_eq!(OutcomesOf::All.keep(&requests()).rows(), 4);
    }

    #[test]
    fn without_a_word_about_who_decided_there_is_no_heuristic() {
        let mut table = requests();
        table.columns.truncate(1);
        assert_eq!(OutcomesOf::Heuristic.keep(&table).rows(), 0);
    }
}
