use mlops_core::ports::{StoreError, StoreErrorKind};
use sqlx::Error;
use sqlx::error::DatabaseError;
use sqlx::mysql::MySqlDatabaseError;

/// The statements that make the tables, for the message that one is missing.
pub(crate) const MYSQL_TABLES: &str = concat!(
    include_str!("../migrations/mysql/0001_model_logs.sql"),
    include_str!("../migrations/mysql/0002_data_shift.sql"),
    include_str!("../migrations/mysql/0003_etl.sql"),
    include_str!("../migrations/mysql/0004_shift_state.sql"),
    include_str!("../migrations/mysql/0005_shift_segments.sql"),
    include_str!("../migrations/mysql/0006_retrain_request.sql"),
    include_str!("../migrations/mysql/0007_models.sql"),
    include_str!("../migrations/mysql/0008_outcomes.sql"),
    include_str!("../migrations/mysql/0009_concept_shift.sql"),
    include_str!("../migrations/mysql/0010_performance.sql"),
    include_str!("../migrations/mysql/0011_alerts.sql"),
    include_str!("../migrations/mysql/0013_dashboard.sql")
);

/// A driver's error, with what was being done and what to do about it.
pub(crate) fn failed(doing: impl Into<String>, error: Error) -> StoreError {
    let (kind, remedy) = classify(&error);
    StoreError::caused(kind, format!("{}{remedy}", doing.into()), error)
}

/// Whether the same transaction may succeed at once: another's row came first, or its lock did.
pub(crate) fn is_conflict(error: &Error) -> bool {
    match error {
        Error::Database(error) if error.is_unique_violation() => true,
        Error::Database(error) => matches!(mysql_number(error.as_ref()), Some(1205 | 1213)),
        _ => false,
    }
}

fn mysql_number(error: &dyn DatabaseError) -> Option<u16> {
    error.try_downcast_ref::<MySqlDatabaseError>().map(MySqlDatabaseError::number)
}

/// SQLite's extended codes carry the primary one in their low byte.
fn sqlite_primary_code(error: &dyn DatabaseError) -> Option<i64> {
    error.code()?.parse::<i64>().ok().map(|code| code & 0xFF)
}

fn classify(error: &Error) -> (StoreErrorKind, String) {
    use StoreErrorKind::{Configuration, Other, Temporary};
    match error {
        Error::Database(error) => match mysql_number(error.as_ref()) {
            Some(number) => classify_mysql(number),
            None => classify_sqlite(error.as_ref()),
        },
        Error::Io(_) | Error::PoolTimedOut | Error::PoolClosed | Error::WorkerCrashed => {
            (Temporary, "; the database cannot be reached".to_owned())
        }
        Error::Tls(_) => {
            let remedy = "; TLS is required off this machine: give the server a certificate, \
                 or add ?ssl-mode=DISABLED to the address if you must";
            (Configuration, remedy.to_owned())
        }
        Error::Configuration(_) => {
            let remedy = "; write mysql://USER:PASSWORD@HOST:PORT/DATABASE or sqlite://PATH";
            (Configuration, remedy.to_owned())
        }
        _ => (Other, String::new()),
    }
}

fn classify_mysql(number: u16) -> (StoreErrorKind, String) {
    use StoreErrorKind::{Denied, NotFound, Other, Temporary};
    match number {
        // Too many connections, another's row or lock, deadlock, gone away, lost connection,
        // shutting down, read-only during failover.
        1040 | 1062 | 1205 | 1213 | 2006 | 2013 | 1053 | 1077 | 1079 | 1290 | 1836 => {
            (Temporary, String::new())
        }
        1044 | 1045 | 1142 | 1143 | 1227 => {
            (Denied, "; check the user, the password and the grants".to_owned())
        }
        1049 => (NotFound, "; create the database".to_owned()),
        1054 | 1146 => (
            NotFound,
            format!(
                "; run with --create-tables, or run these statements yourself:\n{MYSQL_TABLES}"
            ),
        ),
        1153 => (Other, "; raise max_allowed_packet on the server".to_owned()),
        _ => (Other, String::new()),
    }
}

fn classify_sqlite(error: &dyn DatabaseError) -> (StoreErrorKind, String) {
    use StoreErrorKind::{Configuration, NotFound, Other, Temporary};
    match sqlite_primary_code(error) {
        Some(5 | 6) => (Temporary, "; another process holds the file".to_owned()),
        Some(8 | 14) => (Configuration, "; the file cannot be opened for writing".to_owned()),
        Some(26) => (Configuration, "; the file is no SQLite database".to_owned()),
        Some(1) if error.message().starts_with("no such table") => {
            (NotFound, "; the tables are made by etl-mysql, run it first".to_owned())
        }
        _ => (Other, String::new()),
    }
}
