//! The read-only queries of a page over all tables. A query fails with the server's error, or with a
//! value that its column should not have. A table that an older database lacks is an error of the
//! kind [`NotFound`](mlops_core::ports::StoreErrorKind::NotFound), of that query alone.

mod operations;
mod performance;
mod scope;
mod traffic;
mod verdicts;

pub use operations::{AlertMessage, BadPartition, EtlDay, LastRun, Model, PipelineRow, RequestRow};
pub use performance::{ImpactPeriod, PerformancePeriod};
pub use scope::{Reader, Scope};
pub use traffic::{Bucket, TrafficRow};
pub use verdicts::{ConceptDetail, ConceptRow, DatedRun, ShiftFinding, ShiftRow};
