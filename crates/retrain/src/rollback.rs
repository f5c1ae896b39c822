use anyhow::{Context as _, Result};
use mlops_core::model::artifact::ModelFile;
use mlops_job::UsageError;
use mlops_objects::Location;

use crate::Outcome;
use crate::models::{Models, version_key};
use crate::report::RollbackReport;

/// Puts an earlier model back in its place.
pub(crate) async fn run(location: Option<&Location>, model_uid: &str) -> Result<Outcome> {
    if model_uid.is_empty() || model_uid.contains(['/', '\\']) {
        let message =
            format!("`{model_uid}` is no model_uid; name a folder of versions/, such as 20261123T120000Z-1a2b3c4d");
        return Err(UsageError::new(message).into());
    }
    let models = Models::open(location).await?;
    let bytes = models.get(&version_key(model_uid, "model.pkl")).await;
    let bytes = bytes.with_context(|| format!("there is no version {model_uid} to go back to"))?;
    let file = ModelFile::from_pickle(&bytes).map_err(UsageError::because)?;
    let replaced = models.present().await?;
    let (replaced, known) = replaced.map(|present| (present.file.model_uid, present.version)).unzip();
    if replaced.as_deref() != Some(model_uid) {
        models.replace(bytes, known.as_deref()).await?;
    }
    Ok(Outcome::RolledBack(RollbackReport { model_uid: file.model_uid, replaced }))
}
