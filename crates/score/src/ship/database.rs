use std::collections::HashSet;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use mlops_core::address::DatabaseUrl;
use mlops_core::etl::EtlStore;
use mlops_core::etl::insert_new;
use mlops_core::model_name::ModelName;
use mlops_core::ports::{StoreError, StoreErrorKind};
use mlops_core::record::LogRecord;
use mlops_record::{BadRecord, DEFAULT_MAX_RECORD_BYTES, Naming, Origin, RecordReader, RecordSink};
use mlops_sql::Database;

/// Rows of one transaction.
const ROWS: usize = 1000;

/// The table `model_logs`, as the ETL fills it.
pub(crate) struct DatabaseSink {
    url: DatabaseUrl,
    create_tables: bool,
    /// The folder of records that the table refuses.
    refused: PathBuf,
    /// The model of records that name none.
    model: ModelName,
    database: Option<Database>,
}

impl DatabaseSink {
    pub(crate) fn new(
        url: DatabaseUrl,
        create_tables: bool,
        refused: PathBuf,
        model: ModelName,
    ) -> Self {
        Self { url, create_tables, refused, model, database: None }
    }

    /// Inserts what is not there.
    pub(super) async fn send(&mut self, records: &[&[u8]]) -> Result<()> {
        // Taken out, so that one that fails is opened anew, which fails at once where nobody
        // answers; its pool would wait.
        let database = match self.database.take() {
            Some(database) => database,
            None => self.open().await?,
        };
        for chunk in records.chunks(ROWS) {
            let inserted = self.insert(&database, chunk).await;
            inserted.with_context(|| format!("writing the log to {}", self.url))?;
        }
        self.database = Some(database);
        Ok(())
    }

    async fn open(&self) -> Result<Database> {
        let database = Database::connect(&self.url).await?;
        if self.create_tables {
            database.create_tables().await?;
        }
        Ok(database)
    }

    async fn insert(&self, database: &Database, records: &[&[u8]]) -> Result<(), StoreError> {
        let mut rows = Rows::default();
        let mut reader = RecordReader::new(Naming::none(), DEFAULT_MAX_RECORD_BYTES)
            .of_model(self.model.clone());
        reader.push(&records.join(&b'\n'), &mut rows);
        reader.finish(&mut rows);
        for (raw, reason) in &rows.bad {
            set_aside(&self.refused, raw, reason)?;
        }
        let mut fitting: Vec<LogRecord> = Vec::with_capacity(rows.good.len());
        for row in rows.good {
            match database.refuses(&row) {
                Some(why) => set_aside(&self.refused, row.payload.as_bytes(), &why)?,
                None => fitting.push(row),
            }
        }
        let conflicts = async |indices: &[usize]| {
            let why = "a record with this uid and other content exists and is kept";
            for index in indices {
                set_aside(&self.refused, fitting[*index].payload.as_bytes(), why)?;
            }
            Ok(HashSet::new())
        };
        insert_new(database, "score", &fitting, &[], &conflicts).await.map(drop)
    }
}

/// The records of a segment as rows.
#[derive(Default)]
struct Rows {
    good: Vec<LogRecord>,
    /// With the reason.
    bad: Vec<(Vec<u8>, String)>,
}

impl RecordSink for Rows {
    fn record(&mut self, _origin: Origin, record: LogRecord) {
        self.good.push(record);
    }

    fn bad(&mut self, bad: BadRecord) {
        self.bad.push((bad.raw, bad.reason.to_string()));
    }
}

/// Keeps a record that the table cannot take in a file beside the segments, so that it is not lost.
/// It may stand there twice.
fn set_aside(path: &Path, record: &[u8], why: &str) -> Result<(), StoreError> {
    let file = path.display();
    tracing::error!("the database refused a record, which is stored in {file}: {why}");
    let append = || {
        let mut file = File::options().create(true).append(true).open(path)?;
        file.write_all(&[record, b"\n"].concat())?;
        file.sync_data()
    };
    append().map_err(|error| {
        StoreError::caused(StoreErrorKind::Other, format!("writing {file}"), error)
    })
}
