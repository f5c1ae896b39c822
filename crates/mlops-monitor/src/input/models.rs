use anyhow::{Context as _, Result};
use mlops_job::UsageError;
use mlops_model::artifact::ModelFile;
use mlops_objects::{Location, local_copy};

/// A model from the folder of `retrain`, with the locations of its files.
#[derive(Debug, Clone)]
pub struct PublishedModel {
    /// The content of its file.
    pub file: ModelFile,
    models: Location,
}

impl PublishedModel {
    /// The present model, or the one that is named.
    ///
    /// # Errors
    ///
    /// [`UsageError`] where the file is no model, and the failures of the store.
    pub async fn read(models: &Location, model_uid: Option<&str>) -> Result<Self> {
        let file = match model_uid {
            Some(model_uid) => below(models, &version(model_uid, "model.pkl"))?,
            None => below(models, "model.pkl")?,
        };
        let read = async || {
            let copy = local_copy(&file).await?;
            let bytes = tokio::fs::read(&copy).await?;
            Ok::<_, anyhow::Error>(ModelFile::from_pickle(&bytes).map_err(UsageError::because)?)
        };
        let read = read().await.with_context(|| format!("reading the model {file}"))?;
        Ok(Self { file: read, models: models.clone() })
    }

    /// Returns the location of one of its files, such as `training.parquet`.
    ///
    /// # Errors
    ///
    /// [`UsageError`] if the name does not give a valid location.
    pub fn part(&self, name: &str) -> Result<Location> {
        below(&self.models, &version(&self.file.model_uid, name))
    }
}

fn version(model_uid: &str, name: &str) -> String {
    format!("versions/{model_uid}/{name}")
}

fn below(models: &Location, key: &str) -> Result<Location> {
    let text = models.to_string();
    Ok(format!("{}/{key}", text.trim_end_matches('/')).parse().map_err(UsageError::because)?)
}
