use jiff::Timestamp;
use mlops_core::address::DatabaseUrl;
use mlops_core::model_name::ModelName;
use mlops_core::ports::StoreError;

use crate::Database;
use crate::connection::Connection;
use crate::row::Row;
use crate::statement::Statement;

/// Questions to the database that change nothing.
#[derive(Debug, Clone)]
pub struct Reader(pub(super) Database);

/// The window, the model and the segment of a query.
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
    /// Connects so that nothing can be written. A SQLite file must exist, and keeps the tables that
    /// it has.
    ///
    /// # Errors
    ///
    /// As [`Database::connect`].
    pub async fn connect(url: &DatabaseUrl) -> Result<Self, StoreError> {
        Connection::open_to_read(url).await.map(|connection| Self(Database::new(connection)))
    }

    /// Returns the same database as this model sees it.
    #[must_use]
    pub fn of_model(&self, model: &ModelName) -> Self {
        Self(self.0.of_model(model))
    }

    /// Returns the models that have requests, in order.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub async fn models_there(&self) -> Result<Vec<ModelName>, StoreError> {
        self.0.models_there().await
    }

    /// Returns the rows of a statement, each read by `of`.
    pub(super) async fn read<T>(
        &self,
        statement: Statement<'_>,
        of: impl Fn(&Row) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        self.0.connection.fetch(statement).await?.iter().map(of).collect()
    }
}

impl Scope {
    /// `column` between the scope's ends, and the model if there is one.
    pub(super) fn condition(&self, time: &str) -> String {
        let of_model = if self.model_uid.is_some() { " AND model_uid = ?" } else { "" };
        format!("model_name = :model AND {time} >= ? AND {time} < ?{of_model}")
    }

    /// Adds the values of [`condition`](Self::condition).
    pub(super) fn bind<'s>(&'s self, statement: Statement<'s>) -> Statement<'s> {
        self.bind_span(statement).bind_all(self.model_uid.as_deref())
    }

    /// Adds the scope's ends.
    pub(super) fn bind_span<'s>(&self, statement: Statement<'s>) -> Statement<'s> {
        statement.bind(self.from).bind(self.to)
    }
}
