use anyhow::{Context as _, Result};
use bytes::Bytes;
use futures_util::TryStreamExt;
use mlops_core::model_name::ModelName;
use mlops_core::ports::{ObjectStore, StoreError, StoreErrorKind};
use mlops_core::table::{Rules, Table};
use mlops_job::UsageError;
use mlops_model::artifact::{ModelFile, Training};
use mlops_objects::{LocalCopy, Location, Objects, local_copy};
use mlops_stats::profile::Profiles;
use mlops_table::{TableFile, read_profiles};
use sha2::{Digest, Sha256};

/// Key of the current model. Its upload starts the pipeline.
pub(crate) const MODEL: &str = "model.pkl";

/// Name of the profile of the training data.
pub(crate) const REFERENCE: &str = "reference.profile";

/// Name of the training data: the rows of the evaluated model, then the rows that it was refitted to.
pub(crate) const TRAINING: &str = "training.parquet";

/// Name of the model as it was evaluated, before it was refitted to all rows.
pub(crate) const EVALUATED: &str = "evaluated.pkl";

/// Why a stored file is of no use.
#[derive(Debug, Clone)]
pub(crate) struct Unusable(pub(crate) String);

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
    pub(crate) async fn open(location: Option<&Location>, model: &ModelName) -> Result<Self> {
        let missing = || {
            UsageError::new(
                "--models (MLOPS_MODELS) is missing: name the location of model.pkl, a folder or s3://BUCKET/PREFIX",
            )
        };
        let location = location.ok_or_else(missing)?.of_model(model);
        Ok(Self { store: Objects::open(&location).await, location })
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
        match self.copy(model_uid, REFERENCE).await? {
            Ok(copy) => Ok(read_profiles(copy.as_ref())?),
            Err(_) => Ok(None),
        }
    }

    /// Reads the training data of a model, as they were when it was trained.
    pub(crate) async fn training_data(
        &self,
        model_uid: &str,
        training: &Training,
    ) -> Result<Result<Table, Unusable>> {
        let copy = match self.copy(model_uid, TRAINING).await? {
            Ok(copy) => copy,
            Err(missing) => return Ok(Err(missing)),
        };
        let key = version_key(model_uid, TRAINING);
        let bytes =
            tokio::fs::read(copy.as_ref()).await.with_context(|| format!("reading {key}"))?;
        if hex::encode(Sha256::digest(&bytes)) != training.data_sha256 {
            let why = format!("{key} is not the file of the training; its SHA-256 digest differs");
            return Ok(Err(Unusable(why)));
        }
        let read = tokio::task::spawn_blocking(move || {
            TableFile::open(copy.as_ref(), &Rules::of_types()).and_then(|file| file.read_all())
        });
        let wanted = training.refitted_rows.unwrap_or(training.rows);
        Ok(match read.await? {
            Ok(table) if table.rows() as u64 == wanted => Ok(table),
            Ok(table) => {
                Err(Unusable(format!("{key} has {} rows instead of {wanted}", table.rows())))
            }
            Err(error) => Err(Unusable(format!("{key} cannot be read: {error}"))),
        })
    }

    /// Reads a model in `versions/<model_uid>/`.
    pub(crate) async fn model(
        &self,
        model_uid: &str,
        name: &str,
    ) -> Result<Result<ModelFile, Unusable>> {
        let copy = match self.copy(model_uid, name).await? {
            Ok(copy) => copy,
            Err(missing) => return Ok(Err(missing)),
        };
        let key = version_key(model_uid, name);
        let bytes =
            tokio::fs::read(copy.as_ref()).await.with_context(|| format!("reading {key}"))?;
        Ok(match ModelFile::from_pickle(&bytes) {
            Ok(file) if file.model_uid == model_uid => Ok(file),
            Ok(file) => Err(Unusable(format!("{key} is of the model {}", file.model_uid))),
            Err(error) => Err(Unusable(format!("{key} cannot be read: {error}"))),
        })
    }

    /// Copies a file in `versions/<model_uid>/`, if there is one.
    async fn copy(&self, model_uid: &str, name: &str) -> Result<Result<LocalCopy, Unusable>> {
        let key = version_key(model_uid, name);
        let location: Location =
            format!("{}/{key}", self.location.to_string().trim_end_matches('/')).parse()?;
        match local_copy(&location).await {
            Ok(copy) => Ok(Ok(copy)),
            Err(error) if error.kind == StoreErrorKind::NotFound => {
                Ok(Err(Unusable(format!("there is no {key}"))))
            }
            Err(error) => Err(error.into()),
        }
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
