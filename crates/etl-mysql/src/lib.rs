#![doc = include_str!("../README.md")]

mod args;
mod spec;

use anyhow::Result;
use mlops_etl::Outcome;
use mlops_job::Context;
use mlops_sql::Database;

pub use args::Args;

/// Carries out the command of the arguments; see the crate's documentation for what a second run
/// does.
///
/// # Errors
///
/// [`mlops_job::UsageError`] for arguments that do not go together, and the failures of the stores.
pub async fn run(args: Args, context: Context) -> Result<Outcome> {
    context.check_lasting(&args.store.database)?;
    let open = async || {
        let database = Database::connect(&args.store.url()).await?;
        if args.store.create_tables {
            database.create_tables().await?;
        }
        Ok(database)
    };
    mlops_etl::execute(&args.etl, args.command, open, context).await
}
