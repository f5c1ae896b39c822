use anyhow::{Context as _, Result};
use mlops_core::ports::StoreError;
use mlops_detect::shift::RetrainAdvice;
use mlops_job::{Context, DatabaseArgs};
use mlops_objects::{Location, write_file};
use mlops_sql::Database;

use crate::{OutcomeArgs, Requester, RetrainReport, Trigger, open_database};

/// The steps that the runs of all monitors share, around what each monitor measures.
///
/// A monitor that reads files has no database: it keeps no findings and requests no retrain.
pub struct MonitorRun<'a> {
    job: &'static str,
    context: &'a Context,
    store: &'a DatabaseArgs,
    database: Option<Database>,
}

impl<'a> MonitorRun<'a> {
    /// Opens the database if the production data are in it.
    ///
    /// # Errors
    ///
    /// As [`open_database`].
    pub async fn open(
        job: &'static str,
        store: &'a DatabaseArgs,
        reads_database: bool,
        context: &'a Context,
    ) -> Result<Self> {
        let database =
            if reads_database { Some(open_database(store, context).await?) } else { None };
        Ok(Self { job, context, store, database })
    }

    /// Returns the run with the outcomes that the arguments ask for.
    #[must_use]
    pub fn with_outcomes(self, outcomes: &OutcomeArgs) -> Self {
        let database = self.database.map(|database| outcomes.in_database(database));
        Self { database, ..self }
    }

    /// Returns the database with the production data.
    pub fn database(&self) -> Option<&Database> {
        self.database.as_ref()
    }

    /// Returns the ID under which the findings are kept.
    pub fn run_uid(&self) -> Option<String> {
        self.database.as_ref().map(|_| self.context.run_uid.clone())
    }

    /// Writes the report page to the location of `--report`.
    ///
    /// # Errors
    ///
    /// The failures of the location.
    pub async fn write_page(
        &self,
        location: Option<&Location>,
        page: impl FnOnce() -> String,
    ) -> Result<()> {
        let Some(location) = location else { return Ok(()) };
        let written = write_file(location, page().into_bytes()).await;
        written.with_context(|| format!("writing the report {location}"))
    }

    /// Keeps the findings by `write`, and then lets the trigger decide on the advice, if the
    /// monitor may request a retrain.
    ///
    /// # Errors
    ///
    /// The failures of the database, and those of [`Trigger::submit`].
    pub async fn keep(
        &self,
        write: impl AsyncFnOnce(&Database) -> Result<(), StoreError>,
        request: Option<(&Trigger, RetrainAdvice)>,
    ) -> Result<Option<RetrainReport>> {
        let Some(database) = &self.database else { return Ok(None) };
        let written = write(database).await;
        written.with_context(|| format!("writing the findings to {}", self.store.database))?;
        let Some((trigger, advice)) = request else { return Ok(None) };
        let requester = Requester {
            run_uid: &self.context.run_uid,
            run_timestamp: self.context.started,
            job: self.job,
        };
        let submitted = trigger.submit(database, requester, advice).await;
        submitted.context("requesting a retrain").map(Some)
    }
}
