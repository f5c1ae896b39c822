//! The model in service, and its replacement at run time.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use arc_swap::ArcSwap;
use bytes::Bytes;
use futures_util::TryStreamExt;
use jiff::Timestamp;
use mlops_core::ports::{ObjectStore, StoreError, StoreErrorKind};
use mlops_core::table::Table;
use mlops_core::text::chain;
use mlops_job::{Context, UsageError};
use mlops_objects::{Location, Objects};
use serde::Serialize;

use crate::metrics::Metrics;
use crate::model::ServedModel;

/// The model in service. A call keeps its model; later calls get the reloaded model.
pub(crate) struct LiveModel {
    live: ArcSwap<ServedModel>,
    source: ModelSource,
    loaded_version: String,
    /// A model with another target or other features may take over.
    allow_new_schema: bool,
    refused: ArcSwap<Option<RefusedModel>>,
}

/// The newest file, where the model in service is an older one.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RefusedModel {
    pub(crate) at: String,
    pub(crate) why: String,
}

/// The source of models.
struct ModelSource {
    location: Location,
    store: Objects,
    key: String,
    golden: Option<Table>,
}

impl LiveModel {
    /// Loads the first model.
    ///
    /// # Errors
    ///
    /// [`UsageError`] for a file that is no model or fails its golden requests, and the failures of
    /// the store.
    pub(crate) async fn open(
        location: &Location,
        golden: Option<Table>,
        allow_new_schema: bool,
        now: Timestamp,
    ) -> Result<Self> {
        let (root, key) = location.split_file().map_err(UsageError::because)?;
        let source = ModelSource {
            location: location.clone(),
            store: Objects::open(&root).await,
            key,
            golden,
        };
        let reading = || format!("reading the model {location}");
        let version = source.version().await.with_context(reading)?;
        let model = source.read(now).await.with_context(reading)?;
        Ok(Self {
            live: ArcSwap::from_pointee(model),
            source,
            loaded_version: version,
            allow_new_schema,
            refused: ArcSwap::from_pointee(None),
        })
    }

    pub(crate) fn get(&self) -> Arc<ServedModel> {
        self.live.load_full()
    }

    /// Returns the newest file if it was refused.
    pub(crate) fn refused(&self) -> Arc<Option<RefusedModel>> {
        self.refused.load_full()
    }

    /// Looks again and again whether there is another model, until the service ends. A bad one is
    /// looked at once, and the present one stays.
    pub(crate) async fn watch(&self, every: Duration, context: &Context, metrics: &Metrics) {
        let mut seen = self.loaded_version.clone();
        loop {
            tokio::select! {
                () = tokio::time::sleep(every) => {}
                () = context.shutdown.cancelled() => return,
            }
            match self.source.version().await {
                Ok(version) if version == seen => {}
                Ok(version) => {
                    // A file that is still being written has another version when it is done.
                    seen = version;
                    let loaded = self.source.read(context.now()).await;
                    self.take(loaded, context.now(), metrics);
                }
                Err(error) => {
                    tracing::warn!(
                        "cannot check for a new model; the current model stays in service: {error:#}"
                    )
                }
            }
        }
    }

    fn take(&self, loaded: Result<ServedModel>, now: Timestamp, metrics: &Metrics) {
        let checked = loaded.and_then(|model| match model.refuses_to_replace(&self.get()) {
            Some(why) if !self.allow_new_schema => Err(UsageError::new(format!(
                "{why}; start the service with --allow-new-schema to roll it out"
            ))
            .into()),
            _ => Ok(model),
        });
        match checked {
            Ok(model) => {
                let (old, new) = (&self.get().file.model_uid, model.file.model_uid.clone());
                tracing::info!(model.uid = new, model.replaced = old, "a new model is in service");
                self.live.store(Arc::new(model));
                self.refused.store(Arc::new(None));
                metrics.model_loads.add(1);
            }
            Err(error) => {
                metrics.model_refusals.add(1);
                let (location, error) = (&self.source.location, chain(error.as_ref()));
                tracing::error!(
                    error,
                    "the new model at {location} was refused; the current model stays in service"
                );
                self.refused
                    .store(Arc::new(Some(RefusedModel { at: now.to_string(), why: error })));
            }
        }
    }
}

impl ModelSource {
    /// Returns the version of the file.
    async fn version(&self) -> Result<String, StoreError> {
        let mut found = self
            .store
            .list(&self.key)
            .try_filter(|object| std::future::ready(object.key == self.key));
        let missing =
            || StoreError::new(StoreErrorKind::NotFound, format!("no model at {}", self.location));
        Ok(found.try_next().await?.ok_or_else(missing)?.version)
    }

    async fn read(&self, now: Timestamp) -> Result<ServedModel> {
        let chunks: Vec<Bytes> = self.store.get(&self.key).await?.try_collect().await?;
        let golden = self.golden.clone();
        // A large forest takes a quarter of a second, in which this thread would answer nobody.
        let read = move || ServedModel::read(&chunks.concat(), golden.as_ref(), now);
        Ok(tokio::task::spawn_blocking(read).await.context("reading the model failed")??)
    }
}
