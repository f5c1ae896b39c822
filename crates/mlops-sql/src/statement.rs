//! One statement: its text, and the values for its `?`.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use mlops_core::ports::StoreError;
use mlops_core::timestamp::to_sql_text;
use mlops_core::window::Window;
use sqlx::mysql::MySqlArguments;
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, MySql, Sqlite};
use time::{OffsetDateTime, PrimitiveDateTime};

use crate::error::failed_on;

/// A value for a `?` of a statement. JSON is text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'a> {
    Null,
    Integer(i64),
    Float(f64),
    Text(Cow<'a, str>),
    Bytes(Cow<'a, [u8]>),
    Time(Timestamp),
}

/// Tables whose rows are each of one model. `alert_outbox` has them too, but is emptied for all.
const TABLES_OF_MODELS: [&str; 14] = [
    "model_logs",
    "data_shift",
    "concept_shift",
    "performance",
    "business_impact",
    "retrain_request",
    "model_metadata",
    "model_score",
    "model_release",
    "client_outcomes",
    "client_ltv",
    "alert_state",
    "log_rollup",
    "log_rollup_state",
];

/// A statement for either database.
#[derive(Debug, Clone)]
pub(crate) struct Statement<'a> {
    text: Cow<'static, str>,
    values: Vec<Value<'a>>,
}

/// Makes a statement, which still needs a value for each of its `?`.
pub(crate) fn sql<'a>(text: impl Into<Cow<'static, str>>) -> Statement<'a> {
    Statement { text: text.into(), values: Vec::new() }
}

impl<'a> Statement<'a> {
    /// Adds the value of the next `?`.
    pub(crate) fn bind(mut self, value: impl Into<Value<'a>>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Adds the values of the next `?`s.
    pub(crate) fn bind_all<V: Into<Value<'a>>>(
        mut self,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        self.values.extend(values.into_iter().map(Into::into));
        self
    }

    /// Adds the two ends of a window, as the next two `?`s.
    pub(crate) fn bind_window(self, window: Window) -> Self {
        self.bind(window.from.unwrap_or(Timestamp::UNIX_EPOCH))
            .bind(window.to.unwrap_or(Timestamp::MAX))
    }

    #[cfg(test)]
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Returns whether a statement over rows of models says of which model.
    pub(crate) fn names_its_model(&self) -> bool {
        let mut words = self.text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        self.text.contains("model_name") || !words.any(|word| TABLES_OF_MODELS.contains(&word))
    }

    pub(crate) fn mysql(&self) -> Query<'static, MySql, MySqlArguments> {
        let query = sqlx::query(AssertSqlSafe(self.text.clone()));
        self.values.iter().fold(query, |query, value| match value {
            Value::Null => query.bind(None::<&str>),
            Value::Integer(integer) => query.bind(*integer),
            Value::Float(float) => query.bind(*float),
            Value::Text(text) => query.bind(&**text),
            Value::Bytes(bytes) => query.bind(&**bytes),
            Value::Time(time) => query.bind(datetime(*time)),
        })
    }

    pub(crate) fn sqlite(&self) -> Query<'static, Sqlite, SqliteArguments> {
        let query = sqlx::query(AssertSqlSafe(self.text.clone()));
        self.values.iter().fold(query, |query, value| match value {
            Value::Null => query.bind(None::<&str>),
            Value::Integer(integer) => query.bind(*integer),
            Value::Float(float) => query.bind(*float),
            Value::Text(text) => query.bind(&**text),
            Value::Bytes(bytes) => query.bind(&**bytes),
            Value::Time(time) => query.bind(to_sql_text(*time)),
        })
    }

    /// Returns the first table that the text names.
    pub(crate) fn table(&self) -> Arc<str> {
        let mut words = self.text.split_whitespace();
        while let Some(word) = words.next() {
            if ["FROM", "INTO", "UPDATE"].iter().any(|before| word.eq_ignore_ascii_case(before)) {
                let name = words.clone().next().unwrap_or_default();
                if !name.starts_with('(') {
                    return name.trim_matches(['`', '"', ',', ')', ';']).into();
                }
            }
        }
        "the query".into()
    }

    /// Returns the error of a statement that failed, which names its table.
    pub(crate) fn failed(&self, error: sqlx::Error) -> StoreError {
        let table = self.table();
        let is_read = self.text.trim_start().to_ascii_uppercase().starts_with("SELECT");
        let doing = if is_read { "reading" } else { "writing to" };
        failed_on(&table, format!("{doing} {table}"), error)
    }
}

/// `DATETIME(6)` in UTC, which is the session's time zone.
fn datetime(timestamp: Timestamp) -> PrimitiveDateTime {
    let utc = OffsetDateTime::from_unix_timestamp_nanos(timestamp.as_nanosecond())
        .expect("a jiff timestamp is within the years that time has");
    PrimitiveDateTime::new(utc.date(), utc.time())
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.into())
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl<'a> From<&'a [u8; 16]> for Value<'a> {
    fn from(bytes: &'a [u8; 16]) -> Self {
        Self::Bytes(bytes.as_slice().into())
    }
}

impl From<[u8; 16]> for Value<'_> {
    fn from(bytes: [u8; 16]) -> Self {
        Self::Bytes(bytes.to_vec().into())
    }
}

impl From<u64> for Value<'_> {
    fn from(count: u64) -> Self {
        Self::Integer(count as i64)
    }
}

impl From<bool> for Value<'_> {
    fn from(is: bool) -> Self {
        Self::Integer(is.into())
    }
}

impl From<f64> for Value<'_> {
    fn from(float: f64) -> Self {
        Self::Float(float)
    }
}

impl From<Timestamp> for Value<'_> {
    fn from(time: Timestamp) -> Self {
        Self::Time(time)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::sql;

    #[test]
    fn a_statement_names_its_table() {
        let tables = [
            ("SELECT v FROM (SELECT v FROM model_logs WHERE v > ?) AS r", "model_logs"),
            ("INSERT INTO etl_ledger (a) VALUES (?) ON DUPLICATE KEY UPDATE a = a", "etl_ledger"),
            ("UPDATE etl_lease SET beat = ?", "etl_lease"),
            ("DELETE FROM data_shift", "data_shift"),
            ("REPLACE INTO log_rollup (a) SELECT a FROM model_logs", "log_rollup"),
            ("select * from `churn_data`;", "churn_data"),
            ("SELECT 1", "the query"),
        ];
        for (text, table) in tables {
            assert_eq!(&*sql(text).table(), table, "{text}");
        }
    }
}
