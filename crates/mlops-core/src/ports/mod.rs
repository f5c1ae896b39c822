//! The ports: what the jobs ask of the world outside. Adapters implement them; nothing here does
//! any IO.

mod alerts;
mod error;
mod etl;
mod logs;
mod models;
mod objects;
mod outcomes;
mod retrain;
mod verdicts;

pub use alerts::{
    AlertStore, KeptAlert, MessageLimit, MessageOutcome, MessageStatus, MetricStore, OutboxMessage,
    Taken, WaitingMessage,
};
pub use error::{StoreError, StoreErrorKind};
pub use etl::{
    Batch, Claim, Commit, EndedObject, EtlStore, Lease, PartitionState, Settled, Watermark,
};
pub use logs::{LogStore, LoggedRequest, Window};
pub use models::{ModelRecord, ModelStore, Release};
pub use objects::{ByteStream, Entry, ObjectMeta, ObjectStore};
pub use outcomes::OutcomeStore;
pub use retrain::{RetrainHistory, RetrainRequest, RetrainStatus, RetrainStore, StandingRequest};
pub use verdicts::{
    ConceptFinding, ConceptRun, ImpactRows, PerformanceRow, PerformanceRun, ShiftRun, VerdictStore,
};
