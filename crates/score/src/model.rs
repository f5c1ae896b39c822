//! The model in service, and its replacement at run time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use arc_swap::ArcSwap;
use bytes::Bytes;
use futures_util::TryStreamExt;
use jiff::Timestamp;
use mlops_core::ports::{ObjectStore, StoreError, StoreErrorKind};
use mlops_core::table::{Cell, Column, Kind, Table};
use mlops_job::{Context, UsageError};
use mlops_model::artifact::ModelFile;
use mlops_model::{Feature, FeatureKind, golden_failures};
use mlops_objects::{Location, Objects};

use crate::json::push_string;
use crate::metrics::Metrics;

/// A model, ready to answer.
pub(crate) struct ServedModel {
    pub(crate) file: ModelFile,
    pub(crate) loaded_at: Timestamp,
    /// Its uid as JSON.
    pub(crate) uid_json: Vec<u8>,
    indices: HashMap<String, usize>,
}

impl ServedModel {
    /// Checks a file before it answers anybody: that it is a model, that it answers a request
    /// without values, and the golden ones.
    ///
    /// # Errors
    ///
    /// [`UsageError`], with what is wrong.
    pub(crate) fn read(
        bytes: &[u8],
        golden: Option<&Table>,
        now: Timestamp,
    ) -> Result<Self, UsageError> {
        let file = ModelFile::from_pickle(bytes).map_err(UsageError::because)?;
        let features = file.model.schema.features.iter();
        let indices =
            features.enumerate().map(|(index, feature)| (feature.name.clone(), index)).collect();
        let mut uid_json = Vec::new();
        push_string(&mut uid_json, &file.model_uid);
        let model = Self { file, loaded_at: now, uid_json, indices };
        let empty = model.table(1, |_, _| Cell::Missing);
        let probabilities = model.file.model.predict(&empty).map_err(UsageError::because)?;
        if !probabilities.iter().all(|probability| (0.0..=1.0).contains(probability)) {
            return Err(UsageError::new(format!(
                "the model gives {probabilities:?} for a request without values"
            )));
        }
        if let Some(golden) = golden {
            let failures =
                golden_failures(&model.file.model, golden).map_err(UsageError::because)?;
            if let [first, others @ ..] = failures.as_slice() {
                return Err(UsageError::new(format!("{first}, and {} others", others.len())));
            }
        }
        Ok(model)
    }

    pub(crate) fn features(&self) -> &[Feature] {
        &self.file.model.schema.features
    }

    /// Returns the index and the kind of the feature of that name.
    pub(crate) fn feature(&self, name: &str) -> Option<(usize, &FeatureKind)> {
        let index = *self.indices.get(name)?;
        Some((index, &self.features()[index].kind))
    }

    /// A table as the model takes it; `cell` is asked by row and feature.
    pub(crate) fn table<'c>(&self, rows: usize, cell: impl Fn(usize, usize) -> Cell<'c>) -> Table {
        let column = |(index, feature): (usize, &Feature)| {
            let kind = match feature.kind {
                FeatureKind::Numeric => Kind::Numeric,
                FeatureKind::Categorical { .. } => Kind::Categorical,
                FeatureKind::Date => Kind::Date,
            };
            let mut column = Column::new(feature.name.as_str(), kind);
            (0..rows).for_each(|row| column.push(cell(row, index)));
            column
        };
        Table { columns: self.features().iter().enumerate().map(column).collect() }
    }
}

/// The model in service. A call keeps its model; later calls get the reloaded model.
pub(crate) struct LiveModel {
    live: ArcSwap<ServedModel>,
    source: ModelSource,
    loaded_version: String,
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
        Ok(Self { live: ArcSwap::from_pointee(model), source, loaded_version: version })
    }

    pub(crate) fn get(&self) -> Arc<ServedModel> {
        self.live.load_full()
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
                    self.take(loaded, metrics);
                }
                Err(error) => {
                    tracing::warn!(
                        "cannot check for a new model; the current model stays in service: {error:#}"
                    )
                }
            }
        }
    }

    fn take(&self, loaded: Result<ServedModel>, metrics: &Metrics) {
        let location = &self.source.location;
        match loaded {
            Ok(model) => {
                let (old, new) = (&self.get().file.model_uid, model.file.model_uid.clone());
                tracing::info!(model.uid = new, model.replaced = old, "a new model is in service");
                self.live.store(Arc::new(model));
                metrics.model_loads.add(1);
            }
            Err(error) => {
                metrics.model_refusals.add(1);
                let error = format!("{error:#}");
                tracing::error!(
                    error,
                    "the new model at {location} could not be loaded; the current model stays in service"
                );
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
