#![doc = include_str!("../README.md")]

mod args;
mod attribute;
mod batches;
mod books;
mod error;
mod partitions;
mod spec;
mod store;
mod tables;
mod unreadable;

use anyhow::Result;
use mlops_etl::Outcome;
use mlops_job::Context;

pub use args::{Args, TableName};
pub use store::Dynamo;

/// Carries out the command of the arguments; see the crate's documentation for what a second run
/// does.
///
/// # Errors
///
/// [`mlops_job::UsageError`] for arguments that do not go together, and the failures of the stores.
pub async fn run(args: Args, context: Context) -> Result<Outcome> {
    let open = async || {
        let books =
            args.watermark_table.clone().unwrap_or_else(|| args.table.with_suffix("_watermark"));
        let store = Dynamo::new(&mlops_aws::config().await, args.table.clone(), books, args.ttl);
        if args.create_tables {
            store.create_tables().await?;
        }
        Ok(store)
    };
    mlops_etl::execute(&args.etl, args.command, open, context).await
}
