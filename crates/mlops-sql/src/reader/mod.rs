//! What a page over all tables asks, read-only. A table that an older database lacks is an error of
//! the kind [`NotFound`](mlops_core::ports::StoreErrorKind::NotFound), of that question alone.

mod operations;
mod performance;
mod traffic;
mod verdicts;

use jiff::Timestamp;
use mlops_core::address::DatabaseUrl;
use mlops_core::ports::StoreError;

pub use operations::{
    AlertMessage, AlertRow, BadPartition, EtlDay, LastRun, Model, PipelineRow, RequestRow,
};
pub use performance::{ImpactPeriod, PerformancePeriod};
pub use traffic::{Bucket, TrafficRow};
pub use verdicts::{ConceptDetail, ConceptRow, DatedRun, ShiftFinding, ShiftRow};

use crate::Database;
use crate::select::{Bind, Row};

/// Questions to the database that change nothing.
#[derive(Debug, Clone)]
pub struct Reader(Database);

/// What a question is about.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The first moment.
    pub from: Timestamp,
    /// The first moment after.
    pub to: Timestamp,
    /// The one model that it is about; none: all.
    pub model_uid: Option<String>,
}

impl Reader {
    /// Connects; see [`Database::connect_to_read`].
    ///
    /// # Errors
    ///
    /// As [`Database::connect`].
    pub async fn connect(url: &DatabaseUrl) -> Result<Self, StoreError> {
        Database::connect_to_read(url).await.map(Self)
    }

    async fn select(
        &self,
        table: &str,
        statement: &str,
        binds: &[Bind<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        self.0.select(&format!("reading {table}"), statement, binds).await
    }
}

impl Scope {
    /// `column` between the scope's ends, and the model if there is one.
    fn condition(&self, time: &str) -> String {
        let of_model = if self.model_uid.is_some() { " AND model_uid = ?" } else { "" };
        format!("{time} >= ? AND {time} < ?{of_model}")
    }

    fn binds(&self) -> Vec<Bind<'_>> {
        let span = [Bind::Time(self.from), Bind::Time(self.to)];
        span.into_iter().chain(self.model_uid.as_deref().map(Bind::Text)).collect()
    }
}
