//! Errors of the drivers, with what was done and a remedy of a few lines.

use mlops_core::ports::{StoreError, StoreErrorKind};
use sqlx::Error;
use sqlx::error::DatabaseError;
use sqlx::mysql::MySqlDatabaseError;

use crate::schema;

/// The error of something that is about no table.
pub(crate) fn failed(doing: impl Into<String>, error: Error) -> StoreError {
    failed_on("", doing.into(), error)
}

/// The error of a statement about a table.
pub(crate) fn failed_on(table: &str, doing: String, error: Error) -> StoreError {
    let (kind, remedy) = match &error {
        Error::Database(error) => match mysql_number(error.as_ref()) {
            Some(number) => classify_mysql(number, table, error.message()),
            None => classify_sqlite(error.as_ref()),
        },
        other => classify(other),
    };
    let message = format!("{doing}{remedy}");
    match remedy.contains('\n') {
        // The driver's message would stand behind the statements, and says the same.
        true => StoreError::new(kind, message),
        false => StoreError::caused(kind, message, error),
    }
}

/// Whether the same transaction may succeed at once: another's row came first, or its lock did.
pub(crate) fn is_conflict(error: &StoreError) -> bool {
    driver_error(error).is_some_and(|error| {
        error.is_unique_violation() || matches!(mysql_number(error), Some(1205 | 1213))
    })
}

/// Whether a conditional statement found its row as expected. A row that another inserted first is
/// not as expected.
pub(crate) fn changed_one(changed: Result<u64, StoreError>) -> Result<bool, StoreError> {
    match changed {
        Ok(rows) => Ok(rows > 0),
        Err(error) if driver_error(&error).is_some_and(DatabaseError::is_unique_violation) => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Returns whether another process holds a SQLite file.
pub(crate) fn is_busy(error: &Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    let code = code.and_then(|code| code.parse::<i64>().ok()).map(|code| code & 0xFF);
    matches!(code, Some(5 | 6))
}

fn driver_error(error: &StoreError) -> Option<&dyn DatabaseError> {
    error.source.as_ref()?.downcast_ref::<Error>()?.as_database_error()
}

fn mysql_number(error: &dyn DatabaseError) -> Option<u16> {
    error.try_downcast_ref::<MySqlDatabaseError>().map(MySqlDatabaseError::number)
}

fn classify(error: &Error) -> (StoreErrorKind, String) {
    use StoreErrorKind::{Configuration, Other, Temporary};
    let (kind, remedy) = match error {
        Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => (
            Temporary,
            "; check the server and the network and try again; \
             raise --statement-timeout if the statement takes longer",
        ),
        Error::Io(_) | Error::PoolTimedOut | Error::PoolClosed | Error::WorkerCrashed => {
            (Temporary, "; the database is unreachable")
        }
        Error::Tls(_) => (
            Configuration,
            "; TLS is required for other machines: install a certificate on the server, \
             or add ?ssl-mode=DISABLED to the address if you must",
        ),
        Error::Configuration(_) => {
            (Configuration, "; write mysql://USER:PASSWORD@HOST:PORT/DATABASE or sqlite://PATH")
        }
        _ => (Other, ""),
    };
    (kind, remedy.to_owned())
}

fn classify_mysql(number: u16, table: &str, message: &str) -> (StoreErrorKind, String) {
    use StoreErrorKind::{Configuration, Denied, NotFound, Other, Temporary};
    match number {
        // Too many connections, another's row or lock, deadlock, gone away, lost connection,
        // shutting down, read-only during failover, limits of a user, offline mode.
        1203 | 1226 | 3032 | 1040 | 1062 | 1205 | 1213 | 2006 | 2013 | 1053 | 1077 | 1079
        | 1290 | 1836 => (Temporary, String::new()),
        1044 | 1045 | 1130 | 1142 | 1143 | 1227 | 1698 => {
            (Denied, "; check the user, the password and the grants".to_owned())
        }
        3118 | 3955 | 4151 => {
            (Denied, "; the user is locked: ALTER USER … ACCOUNT UNLOCK".to_owned())
        }
        1820 | 1862 => {
            (Denied, "; the password has expired: set a new one with ALTER USER".to_owned())
        }
        1129 => (
            Configuration,
            "; the server has blocked this machine: TRUNCATE performance_schema.host_cache there"
                .to_owned(),
        ),
        1251 | 3159 => (Configuration, "; the server wants TLS or another login".to_owned()),
        1049 => (NotFound, "; create the database".to_owned()),
        1054 => (NotFound, missing_column(table, message)),
        1146 => (NotFound, missing_table(message)),
        1153 => (Other, "; raise max_allowed_packet on the server".to_owned()),
        _ => (Other, String::new()),
    }
}

/// The name in the first quotes of a message of MySQL, without its database or table.
fn named(message: &str) -> &str {
    message.split('\'').nth(1).and_then(|name| name.rsplit('.').next()).unwrap_or_default()
}

fn missing_table(message: &str) -> String {
    let table = named(message);
    let statements = schema::mysql_statements(table);
    if statements.is_empty() {
        return format!("; the table {table} is missing. Check its name in the query");
    }
    format!(
        "; the table {table} is missing. Run the job once with --create-tables, \
         or run these statements yourself:\n{}",
        statements.join("\n")
    )
}

fn missing_column(table: &str, message: &str) -> String {
    let column = named(message);
    let mut statements = schema::mysql_statements(table);
    statements.retain(|statement| {
        statement.starts_with("ALTER") && statement.contains(&format!(" {column} "))
    });
    if statements.is_empty() {
        return format!("; {table} has no column {column}. Check its name in the query");
    }
    format!(
        "; the table {table} is older than the job: the column {column} is missing. \
         Run the job once with --create-tables, or run these statements yourself:\n{}",
        statements.join("\n")
    )
}

/// SQLite's extended codes carry the primary one in their low byte.
fn classify_sqlite(error: &dyn DatabaseError) -> (StoreErrorKind, String) {
    use StoreErrorKind::{Configuration, NotFound, Other, Temporary};
    let code = error.code().and_then(|code| code.parse::<i64>().ok()).map(|code| code & 0xFF);
    let missing = |what| error.message().strip_prefix(what).map(str::trim);
    match code {
        Some(5 | 6) => (Temporary, "; another process has locked the file".to_owned()),
        Some(8 | 14) => (Configuration, "; the file cannot be opened for writing".to_owned()),
        Some(26) => (Configuration, "; the file is not a SQLite database".to_owned()),
        Some(1) => match (missing("no such table:"), missing("no such column:")) {
            (Some(table), _) if schema::mysql_statements(table).is_empty() => {
                (NotFound, format!("; the table {table} is missing. Check its name in the query"))
            }
            (Some(table), _) => (NotFound, format!("; the table {table} is missing. {UPDATE}")),
            (_, Some(column)) => {
                let remedy = format!(
                    "; the column {column} is missing. Check its name in the query. \
                     In a file of an older release: {UPDATE}"
                );
                (NotFound, remedy)
            }
            _ => (Other, String::new()),
        },
        _ => (Other, String::new()),
    }
}

/// The remedy for outdated tables of a SQLite file.
const UPDATE: &str = "A job that writes to the file creates all tables: run etl-mysql on it once";

#[cfg(test)]
mod tests {
    use StoreErrorKind::{Configuration, Denied, NotFound, Temporary};

    use super::*;

    #[test]
    fn errors_of_mysql_are_the_callers_or_temporary() {
        for (kind, numbers) in [
            (Temporary, &[1040, 1053, 1203, 1205, 1213, 1226, 2013, 3032][..]),
            (Denied, &[1044, 1045, 1130, 1820, 1862, 3118, 3955, 4151]),
            (Configuration, &[1129, 1251, 3159]),
            (NotFound, &[1049]),
        ] {
            for &number in numbers {
                assert_eq!(classify_mysql(number, "", "").0, kind, "{number}");
            }
        }
    }
}
