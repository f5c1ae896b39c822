use std::collections::HashMap;

use futures_util::stream::BoxStream;
use jiff::Timestamp;
use mlops_core::address::{Address, AddressError, DatabaseUrl};
use mlops_core::etl::{Batch, Commit, EtlStore, Lease, PartitionState, Settled, Watermark};
use mlops_core::etl::{ObjectId, Totals};
use mlops_core::outcomes::Outcome;
use mlops_core::ports::{
    LogStore, LoggedRequest, ModelRecord, ModelStore, OutcomeStore, Release, RetrainHistory,
    RetrainRequest, RetrainStatus, RetrainStore, StandingRequest, StoreError, StoreErrorKind,
};
use mlops_core::record::Fingerprint;
use mlops_core::record::LogRecord;
use mlops_core::table::Table;
use mlops_core::window::Window;
use mlops_detect::store::{ConceptRun, PerformanceRun, ShiftRun, VerdictStore};
use mlops_rules::{
    AlertStore, KeptAlert, MessageLimit, MessageOutcome, MetricStore, OutboxMessage, Taken,
    WaitingMessage,
};
use mlops_rules::{EtlDay, Histogram, Measure, Measured, MonitorVerdict};

use crate::mysql::MySql;
use crate::rollup::RollupStatements;
use crate::select::{Bind, Row};
use crate::sqlite::Sqlite;

/// The tables in the database that an address names.
#[derive(Debug, Clone)]
pub struct Database(Driver);

#[derive(Debug, Clone)]
enum Driver {
    MySql(MySql),
    Sqlite(Sqlite),
}

/// Calls the same method of whichever driver it is.
macro_rules! of_driver {
    ($self:ident, $driver:ident => $call:expr) => {
        match &$self.0 {
            Driver::MySql($driver) => $call,
            Driver::Sqlite($driver) => $call,
        }
    };
}

fn unreadable(error: &AddressError) -> StoreError {
    StoreError::new(StoreErrorKind::Configuration, error.to_string())
}

impl Database {
    /// Connects. A SQLite file is made, with its tables, where there is none.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::Configuration`] for an address that is none, and what the server says.
    pub async fn connect(url: &DatabaseUrl) -> Result<Self, StoreError> {
        match url.address().map_err(unreadable)? {
            Address::MySql(address) => Ok(Self(Driver::MySql(MySql::connect(url, address).await?))),
            Address::Sqlite(text) => Ok(Self(Driver::Sqlite(Sqlite::open(url, text).await?))),
        }
    }

    /// Connects so that nothing can be written. A SQLite file has to be there, and keeps the tables
    /// that it has.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    pub async fn connect_to_read(url: &DatabaseUrl) -> Result<Self, StoreError> {
        match url.address().map_err(unreadable)? {
            Address::MySql(address) => {
                Ok(Self(Driver::MySql(MySql::connect_to_read(url, address).await?)))
            }
            Address::Sqlite(text) => {
                Ok(Self(Driver::Sqlite(Sqlite::open_to_read(url, text).await?)))
            }
        }
    }

    /// Makes the tables that are missing and brings the others up to date.
    ///
    /// # Errors
    ///
    /// What the server says; [`StoreErrorKind::Denied`] where the user may not create tables.
    pub async fn create_tables(&self) -> Result<(), StoreError> {
        match &self.0 {
            Driver::MySql(database) => database.create_tables().await,
            // Done when the file was opened.
            Driver::Sqlite(_) => Ok(()),
        }
    }

    /// The rows of a query. What a column is, its type says; in SQLite, which has none, its values
    /// do.
    ///
    /// # Errors
    ///
    /// What the server says of the query, and a column that is neither numbers, times nor text.
    pub async fn query(&self, query: &str) -> Result<Table, StoreError> {
        of_driver!(self, driver => driver.query(query).await)
    }

    /// The rows of a statement with these values in the places of its `?`.
    pub(crate) async fn select(
        &self,
        doing: &str,
        statement: &str,
        binds: &[Bind<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        of_driver!(self, driver => driver.select(doing, statement, binds).await)
    }

    /// Carries statements out in one transaction.
    pub(crate) async fn execute(
        &self,
        doing: &str,
        statements: &[(&str, &[Bind<'_>])],
    ) -> Result<(), StoreError> {
        of_driver!(self, driver => driver.execute(doing, statements).await)
    }

    pub(crate) fn rollup_statements(&self) -> RollupStatements {
        match &self.0 {
            Driver::MySql(_) => MySql::ROLLUP,
            Driver::Sqlite(_) => Sqlite::ROLLUP,
        }
    }

    /// The query for all rows of a table, which may be written as `DATABASE.TABLE`.
    pub fn select_all(&self, table: &str) -> String {
        let quote = match &self.0 {
            Driver::MySql(_) => '`',
            Driver::Sqlite(_) => '"',
        };
        let quoted = |name: &str| {
            format!("{quote}{}{quote}", name.replace(quote, &format!("{quote}{quote}")))
        };
        format!("SELECT * FROM {}", table.split('.').map(quoted).collect::<Vec<String>>().join("."))
    }
}

impl LogStore for Database {
    fn requests(&self, window: Window) -> BoxStream<'_, Result<LoggedRequest, StoreError>> {
        of_driver!(self, driver => driver.requests(window))
    }
}

impl OutcomeStore for Database {
    fn outcomes(&self) -> BoxStream<'_, Result<Outcome, StoreError>> {
        of_driver!(self, driver => driver.outcomes())
    }

    fn lifetime_values(&self) -> BoxStream<'_, Result<(String, f64), StoreError>> {
        of_driver!(self, driver => driver.lifetime_values())
    }
}

impl VerdictStore for Database {
    async fn write_data_shift(&self, run: ShiftRun<'_>) -> Result<(), StoreError> {
        of_driver!(self, driver => driver.write_data_shift(run).await)
    }

    async fn write_concept_shift(&self, run: ConceptRun<'_>) -> Result<(), StoreError> {
        of_driver!(self, driver => driver.write_concept_shift(run).await)
    }

    async fn write_performance(&self, run: PerformanceRun<'_>) -> Result<(), StoreError> {
        of_driver!(self, driver => driver.write_performance(run).await)
    }
}

impl ModelStore for Database {
    async fn write_model(&self, record: ModelRecord<'_>) -> Result<(), StoreError> {
        of_driver!(self, driver => driver.write_model(record).await)
    }

    async fn models(&self) -> Result<Vec<(String, bool)>, StoreError> {
        of_driver!(self, driver => driver.models().await)
    }

    async fn write_release(&self, release: &Release) -> Result<(), StoreError> {
        of_driver!(self, driver => driver.write_release(release).await)
    }

    async fn releases(&self) -> Result<Vec<Release>, StoreError> {
        of_driver!(self, driver => driver.releases().await)
    }
}

impl RetrainStore for Database {
    async fn standing_request(
        &self,
        since: Timestamp,
        own: &str,
    ) -> Result<Option<StandingRequest>, StoreError> {
        of_driver!(self, driver => driver.standing_request(since, own).await)
    }

    async fn retrain_history(
        &self,
        since: Timestamp,
        own: &str,
    ) -> Result<RetrainHistory, StoreError> {
        of_driver!(self, driver => driver.retrain_history(since, own).await)
    }

    async fn note_question(
        &self,
        question: RetrainRequest<'_>,
        status: RetrainStatus,
    ) -> Result<(), StoreError> {
        of_driver!(self, driver => driver.note_question(question, status).await)
    }

    async fn claim_retrain(
        &self,
        request: RetrainRequest<'_>,
        since: Timestamp,
    ) -> Result<Option<StandingRequest>, StoreError> {
        of_driver!(self, driver => driver.claim_retrain(request, since).await)
    }

    async fn settle_retrain(
        &self,
        request_uid: &str,
        status: RetrainStatus,
        batch_job_id: Option<&str>,
    ) -> Result<(), StoreError> {
        of_driver!(self, driver => driver.settle_retrain(request_uid, status, batch_job_id).await)
    }

    async fn finish_retrain(
        &self,
        request_uid: &str,
        status: RetrainStatus,
        model_uid: Option<&str>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        of_driver!(self, driver => driver.finish_retrain(request_uid, status, model_uid, at).await)
    }
}

impl AlertStore for Database {
    async fn alerts(&self, rules: &[String]) -> Result<Vec<KeptAlert>, StoreError> {
        of_driver!(self, driver => driver.alerts(rules).await)
    }

    async fn advance_alert(
        &self,
        next: &KeptAlert,
        messages: &[OutboxMessage],
    ) -> Result<bool, StoreError> {
        of_driver!(self, driver => driver.advance_alert(next, messages).await)
    }

    async fn enqueue(&self, messages: &[OutboxMessage]) -> Result<u64, StoreError> {
        of_driver!(self, driver => driver.enqueue(messages).await)
    }

    async fn waiting(&self, channel: &str) -> Result<Vec<WaitingMessage>, StoreError> {
        of_driver!(self, driver => driver.waiting(channel).await)
    }

    async fn take(
        &self,
        message: &WaitingMessage,
        run_uid: &str,
        at: Timestamp,
        limit: Option<MessageLimit>,
    ) -> Result<Taken, StoreError> {
        of_driver!(self, driver => driver.take(message, run_uid, at, limit).await)
    }

    async fn settle_message(&self, outcome: MessageOutcome<'_>) -> Result<(), StoreError> {
        of_driver!(self, driver => driver.settle_message(outcome).await)
    }
}

impl MetricStore for Database {
    async fn measure(
        &self,
        measure: &Measure,
        window: Window,
        most_groups: u32,
    ) -> Result<Vec<Measured>, StoreError> {
        of_driver!(self, driver => driver.measure(measure, window, most_groups).await)
    }

    async fn histogram(&self, window: Window, parts: u32) -> Result<Histogram, StoreError> {
        of_driver!(self, driver => driver.histogram(window, parts).await)
    }

    async fn verdicts(&self, window: Window) -> Result<Vec<MonitorVerdict>, StoreError> {
        of_driver!(self, driver => driver.verdicts(window).await)
    }

    async fn etl_days(&self, window: Window) -> Result<Vec<EtlDay>, StoreError> {
        of_driver!(self, driver => driver.etl_days(window).await)
    }

    async fn first_request(&self) -> Result<Option<Timestamp>, StoreError> {
        of_driver!(self, driver => driver.first_request().await)
    }

    async fn told(&self, transition: &str, window: Window) -> Result<u64, StoreError> {
        of_driver!(self, driver => driver.told(transition, window).await)
    }
}

impl EtlStore for Database {
    const REFUSES_DUPLICATES: bool = true;

    fn refuses(&self, record: &LogRecord) -> Option<String> {
        of_driver!(self, driver => driver.refuses(record))
    }

    fn fingerprint(&self, record: &LogRecord) -> Fingerprint {
        of_driver!(self, driver => driver.fingerprint(record))
    }

    fn write_units(&self, record: &LogRecord) -> u64 {
        of_driver!(self, driver => driver.write_units(record))
    }

    async fn find(&self, uids: &[&str]) -> Result<HashMap<String, Fingerprint>, StoreError> {
        of_driver!(self, driver => driver.find(uids).await)
    }

    async fn commit(&self, batch: Batch<'_>) -> Result<Commit, StoreError> {
        of_driver!(self, driver => driver.commit(batch).await)
    }

    async fn replace(&self, record: &LogRecord) -> Result<(), StoreError> {
        of_driver!(self, driver => driver.replace(record).await)
    }

    async fn partitions(
        &self,
        pipeline: &str,
        ids: &[String],
    ) -> Result<Vec<PartitionState>, StoreError> {
        of_driver!(self, driver => driver.partitions(pipeline, ids).await)
    }

    async fn open_partitions(&self, pipeline: &str) -> Result<Vec<PartitionState>, StoreError> {
        of_driver!(self, driver => driver.open_partitions(pipeline).await)
    }

    async fn register(&self, pipeline: &str, ids: &[String]) -> Result<(), StoreError> {
        of_driver!(self, driver => driver.register(pipeline, ids).await)
    }

    async fn claim(
        &self,
        pipeline: &str,
        ids: &[String],
        owner: &str,
    ) -> Result<Vec<PartitionState>, StoreError> {
        of_driver!(self, driver => driver.claim(pipeline, ids, owner).await)
    }

    async fn ledger(&self, pipeline: &str, id: &str) -> Result<Vec<ObjectId>, StoreError> {
        of_driver!(self, driver => driver.ledger(pipeline, id).await)
    }

    async fn settle(&self, pipeline: &str, settled: &[Settled]) -> Result<(), StoreError> {
        of_driver!(self, driver => driver.settle(pipeline, settled).await)
    }

    async fn reopen(&self, pipeline: &str, id: &str) -> Result<(), StoreError> {
        of_driver!(self, driver => driver.reopen(pipeline, id).await)
    }

    async fn totals(&self, pipeline: &str) -> Result<Totals, StoreError> {
        of_driver!(self, driver => driver.totals(pipeline).await)
    }

    async fn watermark(&self, pipeline: &str) -> Result<Option<Watermark>, StoreError> {
        of_driver!(self, driver => driver.watermark(pipeline).await)
    }

    async fn advance(&self, pipeline: &str, watermark: &Watermark) -> Result<bool, StoreError> {
        of_driver!(self, driver => driver.advance(pipeline, watermark).await)
    }

    async fn lease(&self, name: &str) -> Result<Option<Lease>, StoreError> {
        of_driver!(self, driver => driver.lease(name).await)
    }

    async fn swap_lease(
        &self,
        name: &str,
        seen: Option<&Lease>,
        next: Option<&Lease>,
    ) -> Result<bool, StoreError> {
        of_driver!(self, driver => driver.swap_lease(name, seen, next).await)
    }
}
