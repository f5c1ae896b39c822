use mlops_core::address::DatabaseUrl;
use mlops_core::model_name::ModelName;
use mlops_core::ports::StoreError;
use mlops_core::table::{Rules, Table};

use crate::connection::Connection;
use crate::error::failed;
use crate::statement::{Statement, sql};
use crate::{migrate, query};

/// The tables in the database that an address names, as one model of the installation sees them.
#[derive(Debug, Clone)]
pub struct Database {
    pub(crate) connection: Connection,
    pub(crate) model: ModelName,
    /// The model under whose name the outcomes stand.
    pub(crate) outcomes_model: ModelName,
}

impl Database {
    /// Connects. A SQLite file is created, with its tables, if it does not exist.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::Configuration`](mlops_core::ports::StoreErrorKind::Configuration) for an
    /// address that is none, and what the server says.
    pub async fn connect(url: &DatabaseUrl) -> Result<Self, StoreError> {
        Connection::open(url).await.map(Self::new)
    }

    pub(crate) fn new(connection: Connection) -> Self {
        Self { connection, model: ModelName::default(), outcomes_model: ModelName::default() }
    }

    /// Returns the same database as this model sees it, with the outcomes of this model.
    #[must_use]
    pub fn of_model(&self, model: &ModelName) -> Self {
        Self { outcomes_model: model.clone(), model: model.clone(), ..self.clone() }
    }

    /// Returns the same database with the outcomes that stand under another model's name.
    #[must_use]
    pub fn with_outcomes_of(&self, model: &ModelName) -> Self {
        Self { outcomes_model: model.clone(), ..self.clone() }
    }

    /// Returns the models that have requests, in order.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub async fn models_there(&self) -> Result<Vec<ModelName>, StoreError> {
        // One step in the index for each model, whatever the number of rows.
        let select = "WITH RECURSIVE names (model_name) AS (SELECT MIN(model_name) FROM model_logs UNION ALL \
                      SELECT (SELECT MIN(model_name) FROM model_logs WHERE model_logs.model_name > names.model_name) \
                      FROM names WHERE names.model_name IS NOT NULL) \
                      SELECT model_name FROM names WHERE model_name IS NOT NULL";
        let rows = self.connection.fetch(sql(select)).await?;
        rows.iter().map(|row| row.get("model_name")).collect()
    }

    /// Makes a statement over the tables of this model, whose name stands for each `:model`.
    pub(crate) fn sql<'s>(&self, text: &str) -> Statement<'s> {
        // The characters of a name need no quoting.
        sql(text.replace(":model", &format!("'{}'", self.model)))
    }

    /// Creates the tables that are missing and brings the others up to date. In SQLite this is
    /// already done when the file is opened.
    ///
    /// # Errors
    ///
    /// What the server says; [`StoreErrorKind::Denied`](mlops_core::ports::StoreErrorKind::Denied)
    /// where the user may not create tables.
    pub async fn create_tables(&self) -> Result<(), StoreError> {
        let Connection::MySql { pool, limit, .. } = &self.connection else { return Ok(()) };
        let run = limit.while_it_lives(pool).keep(migrate::mysql(pool)).await;
        run.map_err(|error| failed("creating the tables", error))
    }

    /// Returns the same database for statements that may take hours. They end early only where the
    /// server answers nothing else either.
    #[must_use]
    pub fn for_long_statements(&self) -> Self {
        Self { connection: self.connection.while_it_lives(), ..self.clone() }
    }

    /// Returns the rows of a query. MySQL's columns have a type; in SQLite, a column has the type of
    /// its values. Texts are read by `rules`.
    ///
    /// # Errors
    ///
    /// What the server says of the query, and a column that is neither numbers, times nor text.
    pub async fn query(&self, query: &str, rules: &Rules) -> Result<Table, StoreError> {
        query::table_of(&self.connection, query, rules).await
    }

    /// Returns the query for all rows of a table, which may be written as `DATABASE.TABLE`.
    pub fn select_all(&self, table: &str) -> String {
        format!("SELECT * FROM {}", self.connection.dialect().quoted(table))
    }
}
