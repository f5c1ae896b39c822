//! The tables, as the migrations make them.

use std::borrow::Cow;
use std::sync::LazyLock;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, SqlSafeStr};

pub(crate) static MYSQL: LazyLock<Migrator> = LazyLock::new(|| {
    migrator(&[
        ("0001_model_logs", include_str!("../migrations/mysql/0001_model_logs.sql")),
        ("0002_data_shift", include_str!("../migrations/mysql/0002_data_shift.sql")),
        ("0003_etl", include_str!("../migrations/mysql/0003_etl.sql")),
        ("0004_shift_state", include_str!("../migrations/mysql/0004_shift_state.sql")),
        ("0005_shift_segments", include_str!("../migrations/mysql/0005_shift_segments.sql")),
        ("0006_retrain_request", include_str!("../migrations/mysql/0006_retrain_request.sql")),
        ("0007_models", include_str!("../migrations/mysql/0007_models.sql")),
        ("0008_outcomes", include_str!("../migrations/mysql/0008_outcomes.sql")),
        ("0009_concept_shift", include_str!("../migrations/mysql/0009_concept_shift.sql")),
        ("0010_performance", include_str!("../migrations/mysql/0010_performance.sql")),
        ("0011_alerts", include_str!("../migrations/mysql/0011_alerts.sql")),
        ("0012_config", include_str!("../migrations/mysql/0012_config.sql")),
        ("0013_dashboard", include_str!("../migrations/mysql/0013_dashboard.sql")),
        ("0014_unreadable", include_str!("../migrations/mysql/0014_unreadable.sql")),
        ("0015_model_name", include_str!("../migrations/mysql/0015_model_name.sql")),
    ])
});

pub(crate) static SQLITE: LazyLock<Migrator> = LazyLock::new(|| {
    migrator(&[
        ("0001_model_logs", include_str!("../migrations/sqlite/0001_model_logs.sql")),
        ("0002_data_shift", include_str!("../migrations/sqlite/0002_data_shift.sql")),
        ("0003_etl", include_str!("../migrations/sqlite/0003_etl.sql")),
        ("0004_shift_state", include_str!("../migrations/sqlite/0004_shift_state.sql")),
        ("0005_shift_segments", include_str!("../migrations/sqlite/0005_shift_segments.sql")),
        ("0006_retrain_request", include_str!("../migrations/sqlite/0006_retrain_request.sql")),
        ("0007_models", include_str!("../migrations/sqlite/0007_models.sql")),
        ("0008_outcomes", include_str!("../migrations/sqlite/0008_outcomes.sql")),
        ("0009_concept_shift", include_str!("../migrations/sqlite/0009_concept_shift.sql")),
        ("0010_performance", include_str!("../migrations/sqlite/0010_performance.sql")),
        ("0011_alerts", include_str!("../migrations/sqlite/0011_alerts.sql")),
        ("0012_config", include_str!("../migrations/sqlite/0012_config.sql")),
        ("0013_dashboard", include_str!("../migrations/sqlite/0013_dashboard.sql")),
        ("0014_unreadable", include_str!("../migrations/sqlite/0014_unreadable.sql")),
        ("0015_model_name", include_str!("../migrations/sqlite/0015_model_name.sql")),
    ])
});

/// Returns the migrations of these files, which are named `NUMBER_DESCRIPTION`. sqlx's own macro
/// would compile SQLite and the drivers a second time, for the compiler.
fn migrator(files: &[(&'static str, &'static str)]) -> Migrator {
    let migrations = files.iter().map(|(name, sql)| {
        let (number, description) = name.split_once('_').expect("files have a number and a name");
        let version = number.parse().expect("files begin with a number");
        let description = Cow::Owned(description.replace('_', " "));
        let sql = AssertSqlSafe(*sql).into_sql_str();
        Migration::new(version, description, MigrationType::Simple, sql, false)
    });
    Migrator { migrations: migrations.collect(), ..Migrator::DEFAULT }
}

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

/// Returns the statements of a migration without comments, each on one line.
pub(crate) fn statements(migration: &str) -> Vec<String> {
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
    fn every_file_is_a_migration() {
        for (folder, migrator) in [("mysql", &MYSQL), ("sqlite", &SQLITE)] {
            let path = format!("{}/migrations/{folder}", env!("CARGO_MANIFEST_DIR"));
            let files = std::fs::read_dir(path).unwrap().count();
            assert_eq!(migrator.iter().count(), files, "{folder}");
        }
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
