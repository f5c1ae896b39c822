use anyhow::{Context as _, Result};
use bytes::Bytes;
use futures_util::TryStreamExt;
use mlops_core::ports::{ObjectStore, StoreError, StoreErrorKind};
use mlops_job::UsageError;
use mlops_model::artifact::ModelFile;
use mlops_objects::{Location, Objects, local_copy};
use mlops_stats::profile::Profiles;
use mlops_table::read_profiles;

/// The present model; its upload starts the pipeline.
pub(crate) const MODEL: &str = "model.pkl";

/// The profile of what a model was trained on.
pub(crate) const REFERENCE: &str = "reference.profile";

/// A place with models.
pub(crate) struct Models {
    location: Location,
    store: Objects,
}

/// The present model, as it was found.
pub(crate) struct Present {
    pub(crate) file: ModelFile,
    pub(crate) version: String,
}

/// What stands under `versions/<model_uid>/`.
pub(crate) fn version_key(model_uid: &str, name: &str) -> String {
    format!("versions/{model_uid}/{name}")
}

impl Models {
    pub(crate) async fn open(location: Option<&Location>) -> Result<Self> {
        let missing = || {
            UsageError::new(
                "--models (MLOPS_MODELS) is missing: name the folder or s3://BUCKET/PREFIX of model.pkl",
            )
        };
        let location = location.ok_or_else(missing)?;
        Ok(Self { location: location.clone(), store: Objects::open(location).await })
    }

    /// The present model, if there is one.
    pub(crate) async fn present(&self) -> Result<Option<Present>> {
        let doing = || format!("reading the present model in {}", self.location);
        let Some(version) = self.version().await.with_context(doing)? else { return Ok(None) };
        let bytes = self.get(MODEL).await.with_context(doing)?;
        let file =
            ModelFile::from_pickle(&bytes).map_err(UsageError::because).with_context(doing)?;
        Ok(Some(Present { file, version }))
    }

    /// What a model was trained on, if that was kept with it.
    pub(crate) async fn profiles(&self, model_uid: &str) -> Result<Option<Profiles>> {
        let key = version_key(model_uid, REFERENCE);
        let place: Location =
            format!("{}/{key}", self.location.to_string().trim_end_matches('/')).parse()?;
        let copy = match local_copy(&place).await {
            Ok(copy) => copy,
            Err(error) if error.kind == StoreErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        Ok(read_profiles(copy.as_ref())?)
    }

    /// What tells the present `model.pkl` from another.
    pub(crate) async fn version(&self) -> Result<Option<String>, StoreError> {
        let mut found =
            self.store.list(MODEL).try_filter(|object| std::future::ready(object.key == MODEL));
        match found.try_next().await {
            Ok(object) => Ok(object.map(|object| object.version)),
            // The first model makes the folder.
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

    /// The last step: the model takes its place in one go, unless another one has meanwhile.
    pub(crate) async fn replace(&self, bytes: Vec<u8>, known: Option<&str>) -> Result<()> {
        let doing = || format!("writing {MODEL} to {}", self.location);
        let bytes = Bytes::from(bytes);
        // Where an answer was lost, the second attempt meets what the first one has written.
        if self.store.put_if(MODEL, bytes.clone(), known).await.with_context(doing)?
            || self.get(MODEL).await.with_context(doing)? == bytes
        {
            return Ok(());
        }
        let message = format!(
            "{MODEL} in {} was changed by somebody else while this model was made, and stays as it is; run again to compare with it",
            self.location
        );
        Err(StoreError::new(StoreErrorKind::Temporary, message).into())
    }
}
