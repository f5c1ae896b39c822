use anyhow::{Context as _, Result};
use mlops_job::{Context, UsageError};
use mlops_model::artifact::ModelFile;

use crate::Outcome;
use crate::args::StoreArgs;
use crate::models::{Models, version_key};
use crate::release::write_release;
use crate::report::RollbackReport;

/// Makes an earlier model `model.pkl` again. A second run changes nothing.
pub(crate) async fn run(store: &StoreArgs, model_uid: &str, context: &Context) -> Result<Outcome> {
    if model_uid.is_empty() || model_uid.contains(['/', '\\']) {
        let message = format!(
            "`{model_uid}` is no model_uid: use the name of a folder in versions/, such as 20261123T120000Z-1a2b3c4d"
        );
        return Err(UsageError::new(message).into());
    }
    let models = Models::open(store.models.as_ref(), &context.model).await?;
    let database = store.open_database(context).await?;
    let bytes = models.get(&version_key(model_uid, "model.pkl")).await;
    let bytes = bytes.with_context(|| {
        format!("cannot roll back to {model_uid}: versions/{model_uid}/model.pkl cannot be read")
    })?;
    let file = ModelFile::from_pickle(&bytes).map_err(UsageError::because)?;
    let replaced = models.present().await?;
    let (replaced, known) =
        replaced.map(|present| (present.file.model_uid, present.version)).unzip();
    if replaced.as_deref() != Some(model_uid) {
        models.replace(bytes, known.as_deref()).await?;
        write_release(database.as_ref(), model_uid, replaced.clone(), "rollback", None, context)
            .await?;
    }
    Ok(Outcome::RolledBack(RollbackReport { model_uid: file.model_uid, replaced }))
}
