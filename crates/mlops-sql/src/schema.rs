//! The tables, as the migrations make them.

use sqlx::migrate::Migrator;

pub(crate) static MYSQL: Migrator = sqlx::migrate!("migrations/mysql");
pub(crate) static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");

/// Returns the MySQL statements that make one table and bring it up to date, one a line; nothing
/// for a table that is not ours.
pub(crate) fn mysql_statements(table: &str) -> Vec<String> {
    let of_table = |statement: &String| {
        ["CREATE TABLE IF NOT EXISTS", "ALTER TABLE", "INSERT IGNORE INTO"].iter().any(|verb| {
            statement.strip_prefix(verb).is_some_and(|rest| {
                rest.strip_prefix(' ')
                    .and_then(|rest| rest.strip_prefix(table))
                    .is_some_and(|rest| rest.starts_with(' '))
            })
        })
    };
    MYSQL.iter().flat_map(|migration| statements(migration.sql.as_str())).filter(of_table).collect()
}

/// The statements of a migration without comments, each on one line.
fn statements(migration: &str) -> Vec<String> {
    let lines = migration.lines().filter(|line| !line.trim_start().starts_with("--"));
    let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
    let text = words.join(" ");
    let statements = text.split(';').map(str::trim).filter(|statement| !statement.is_empty());
    statements.map(|statement| format!("{statement};")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_table_has_its_statements_to_the_newest_column() {
        let data_shift = mysql_statements("data_shift").join("\n");
        for part in
            ["CREATE TABLE IF NOT EXISTS data_shift (", "ADD COLUMN state", "ADD COLUMN picture"]
        {
            assert!(data_shift.contains(part), "{part}: {data_shift}");
        }
        assert_eq!(mysql_statements("retrain_gate").len(), 2, "the table, and its one row");
        assert_eq!(mysql_statements("data"), Vec::<String>::new());
    }

    #[test]
    fn no_table_has_more_statements_than_a_message_has_lines() {
        let all = MYSQL.iter().flat_map(|migration| statements(migration.sql.as_str()));
        for statement in all.collect::<Vec<String>>() {
            let table = statement.split(" (").next().unwrap().rsplit(' ').next().unwrap();
            assert!(mysql_statements(table).len() < 9, "{table}");
        }
    }
}
