use std::future::Future;

use jiff::Timestamp;

use super::StoreError;

/// A model that was made, for `model_metadata` and `model_score`.
#[derive(Debug, Clone, Copy)]
pub struct ModelRecord<'a> {
    /// Its name.
    pub model_uid: &'a str,
    /// When it was made.
    pub training_timestamp: Timestamp,
    /// Whether the gate accepted the model.
    pub accepted: bool,
    /// Why not, in words.
    pub reasons: &'a str,
    /// The kind of model.
    pub learner: &'a str,
    /// The recipe, as JSON.
    pub recipe: &'a str,
    /// The source of its training data.
    pub source: &'a str,
    /// Their rows.
    pub rows: u64,
    /// The SHA-256 digest of the training copy.
    pub data_sha256: &'a str,
    /// Its figures on the held-out rows, by name.
    pub scores: &'a [(&'static str, f64)],
}

/// Another model became `model.pkl`, for `model_release`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// When.
    pub released_at: Timestamp,
    /// The model.
    pub model_uid: String,
    /// The one before it, if there was one.
    pub replaced_model_uid: Option<String>,
    /// The action that published it: `retrain`, `rollback`, or `release` for a pipeline.
    pub action: String,
    /// The retrain request behind it, if any.
    pub request_uid: Option<String>,
}

/// A store of models and releases.
pub trait ModelStore: Send + Sync {
    /// Writes a model, replacing its earlier row.
    fn write_model(
        &self,
        record: ModelRecord<'_>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The names of the models, the newest first, with whether each was accepted.
    fn models(&self) -> impl Future<Output = Result<Vec<(String, bool)>, StoreError>> + Send;

    /// Writes a release down; one of the same model at the same time that is there already stays.
    fn write_release(
        &self,
        release: &Release,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The releases, the newest first.
    fn releases(&self) -> impl Future<Output = Result<Vec<Release>, StoreError>> + Send;
}
