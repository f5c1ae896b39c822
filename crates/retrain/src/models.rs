use anyhow::{Context as _, Result};
use bytes::Bytes;
use futures_util::TryStreamExt;
use mlops_core::ports::{ObjectStore, StoreError, StoreErrorKind};
use mlops_job::UsageError;
use mlops_model::artifact::ModelFile;
use mlops_objects::{Location, Objects, local_copy};
use mlops_stats::profile::Profiles;
use mlops_table::read_profiles;

/// Key of the current model. Its upload starts the pipeline.
pub(crate) const MODEL: &str = "model.pkl";

/// Name of the profile of the training data.
pub(crate) const REFERENCE: &str = "reference.profile";

/// A storage location of models.
pub(crate) struct Models {
    location: Location,
    store: Objects,
}

/// The current model, with the version of its object.
pub(crate) struct Present {
    pub(crate) file: ModelFile,
    pub(crate) version: String,
}

/// Returns the key of a file in `versions/<model_uid>/`.
pub(crate) fn version_key(model_uid: &str, name: &str) -> String {
    format!("versions/{model_uid}/{name}")
}

impl Models {
    pub(crate) async fn open(location: Option<&Location>) -> Result<Self> {
        let missing = || {
            UsageError::new(
                "--models (MLOPS_MODELS) is missing: name the location of model.pkl, a folder or s3://BUCKET/PREFIX",
            )
        };
        let location = location.ok_or_else(missing)?;
        Ok(Self { location: location.clone(), store: Objects::open(location).await })
    }

    /// Reads the current model, if there is one.
    pub(crate) async fn present(&self) -> Result<Option<Present>> {
        let doing = || format!("reading the current model in {}", self.location);
        let Some(version) = self.version().await.with_context(doing)? else { return Ok(None) };
        let bytes = self.get(MODEL).await.with_context(doing)?;
        let file =
            ModelFile::from_pickle(&bytes).map_err(UsageError::because).with_context(doing)?;
        Ok(Some(Present { file, version }))
    }

    /// Reads the profile of the training data of a model, if it was stored.
    pub(crate) async fn profiles(&self, model_uid: &str) -> Result<Option<Profiles>> {
        let key = version_key(model_uid, REFERENCE);
        let location: Location =
            format!("{}/{key}", self.location.to_string().trim_end_matches('/')).parse()?;
        let copy = match local_copy(&location).await {
            Ok(copy) => copy,
            Err(error) if error.kind == StoreErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        Ok(read_profiles(copy.as_ref())?)
    }

    /// Returns the version of the object `model.pkl`, if there is one.
    pub(crate) async fn version(&self) -> Result<Option<String>, StoreError> {
        let mut found =
            self.store.list(MODEL).try_filter(|object| std::future::ready(object.key == MODEL));
        match found.try_next().await {
            Ok(object) => Ok(object.map(|object| object.version)),
            // The folder is created with the first model.
            Err(error)
                if error.kind == StoreErrorKind::NotFound
                    && matches!(self.location, Location::Folder(_)) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn get(&self, key: &str) -> Result<Vec<u8>, StoreError> {
        let chunks: Vec<Bytes> = self.store.get(key).await?.try_collect().await?;
        Ok(chunks.concat())
    }

    pub(crate) async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<()> {
        self.store
            .put(key, bytes.into())
            .await
            .with_context(|| format!("writing {key} to {}", self.location))
    }

    /// Replaces `model.pkl` atomically, unless its version has changed from `known` in the meantime.
    pub(crate) async fn replace(&self, bytes: Vec<u8>, known: Option<&str>) -> Result<()> {
        let doing = || format!("writing {MODEL} to {}", self.location);
        let bytes = Bytes::from(bytes);
        // If the response of a first attempt was lost, a retry finds the bytes of that attempt.
        if self.store.put_if(MODEL, bytes.clone(), known).await.with_context(doing)?
            || self.get(MODEL).await.with_context(doing)? == bytes
        {
            return Ok(());
        }
        let message = format!(
            "{MODEL} in {} was changed by another process during this run, and was not replaced; run again to compare with it",
            self.location
        );
        Err(StoreError::new(StoreErrorKind::Temporary, message).into())
    }
}
