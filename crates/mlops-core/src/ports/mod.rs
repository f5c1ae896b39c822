//! The ports: what the jobs ask of the world outside. Adapters implement them; nothing here does
//! any IO. A port whose types belong to one subject stands beside that subject: [`crate::etl`] has
//! that of the ETL, `mlops-detect` that of verdicts, `mlops-rules` those of alerts.

mod error;
mod logs;
mod models;
mod objects;
mod outcomes;
mod retrain;

pub use error::{StoreError, StoreErrorKind};
pub use logs::{LogStore, LoggedRequest};
pub use models::{ModelRecord, ModelStore, Release};
pub use objects::{ByteStream, Entry, NameRange, ObjectMeta, ObjectStore};
pub use outcomes::OutcomeStore;
pub use retrain::{RetrainHistory, RetrainRequest, RetrainStatus, RetrainStore, StandingRequest};
