use anyhow::Result;
use mlops_job::{Context, DatabaseArgs};
use mlops_sql::Database;

/// The database that the arguments name, with its tables if they are to be made.
///
/// # Errors
///
/// A [`UsageError`](mlops_job::UsageError) for a database that would go with the container, and the
/// failures of the database.
pub async fn open_database(args: &DatabaseArgs, context: &Context) -> Result<Database> {
    context.check_lasting(&args.database)?;
    let database = Database::connect(&args.url()).await?;
    if args.create_tables {
        database.create_tables().await?;
    }
    Ok(database)
}
