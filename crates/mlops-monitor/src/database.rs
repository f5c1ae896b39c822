use anyhow::Result;
use mlops_core::model_name::ModelName;
use mlops_core::ports::StoreErrorKind;
use mlops_job::{Context, DatabaseArgs, UsageError};
use mlops_sql::Database;

/// The database that the arguments name, as the run's model sees it, with its tables if they are to
/// be made.
///
/// # Errors
///
/// A [`UsageError`] for a database that would go with the container, and for one that has only named
/// models where the run names none; and the failures of the database.
pub async fn open_database(args: &DatabaseArgs, context: &Context) -> Result<Database> {
    context.check_lasting(&args.database)?;
    let database = Database::connect(&args.url()).await?;
    if args.create_tables {
        database.create_tables().await?;
    }
    if !context.names_model {
        match database.models_there().await {
            Ok(there) => check_model(&there)?,
            // The run may need no request; if it does, its own statement says what is missing.
            Err(error)
                if matches!(error.kind, StoreErrorKind::NotFound | StoreErrorKind::Denied) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(database.of_model(&context.model))
}

/// Refuses a run without `--model` where that would look at nothing.
fn check_model(there: &[ModelName]) -> Result<(), UsageError> {
    if there.is_empty() || there.contains(&ModelName::default()) {
        return Ok(());
    }
    let names: Vec<&str> = there.iter().map(ModelName::as_str).collect();
    let message = format!(
        "--model (MLOPS_MODEL) is missing: the database has {}; name one of them",
        names.join(", ")
    );
    Err(UsageError::new(message))
}
