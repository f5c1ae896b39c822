use anyhow::{Context as _, Result};
use mlops_core::ports::{ModelStore, Release};
use mlops_job::Context;
use mlops_sql::Database;

/// Records in table `model_release` that this model is now `model.pkl`.
pub(crate) async fn write_release(
    database: Option<&Database>,
    model_uid: &str,
    replaced_model_uid: Option<String>,
    action: &str,
    request_uid: Option<String>,
    context: &Context,
) -> Result<()> {
    let Some(database) = database else { return Ok(()) };
    let release = Release {
        released_at: context.started,
        model_uid: model_uid.to_owned(),
        replaced_model_uid,
        action: action.to_owned(),
        request_uid,
    };
    let written = database.write_release(&release).await;
    written
        .with_context(|| format!("{model_uid} is now model.pkl, but this could not be recorded in table model_release of --database"))
}
