//! Brings the tables up to date, also while another process does so, and after an interrupted
//! attempt.

use sqlx::migrate::{Migrate, MigrateError, Migration};
use sqlx::mysql::{MySqlConnection, MySqlDatabaseError, MySqlPool};
use sqlx::sqlite::SqlitePool;
use sqlx::{AssertSqlSafe, Error};

use crate::schema::{MYSQL, SQLITE, statements};

/// The table in which sqlx keeps the migrations.
const APPLIED: &str = "_sqlx_migrations";

/// MySQL's errors for what an earlier attempt has done: the table, the column or the key exists, or
/// is gone.
const DONE_BEFORE: [u16; 4] = [1050, 1060, 1061, 1091];

/// Migrates a SQLite file in one transaction. Other processes wait for it.
pub(crate) async fn sqlite(pool: &SqlitePool) -> Result<(), Error> {
    if is_current(pool).await {
        return Ok(());
    }
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    SQLITE.run_direct(None, &mut *transaction, false).await?;
    transaction.commit().await
}

/// Returns whether there is nothing to migrate, without a lock.
async fn is_current(pool: &SqlitePool) -> bool {
    let applied = sqlx::query_scalar("SELECT COUNT(*) FROM _sqlx_migrations WHERE success");
    let applied: Result<i64, Error> = applied.fetch_one(pool).await;
    applied.is_ok_and(|applied| usize::try_from(applied) == Ok(SQLITE.iter().count()))
}

/// Migrates a MySQL database. MySQL cannot take a table back, so that a migration that was killed
/// half way is done again, statement by statement.
pub(crate) async fn mysql(pool: &MySqlPool) -> Result<(), Error> {
    let mut connection = pool.acquire().await?;
    // It holds a lock, which ends with the connection.
    connection.close_on_drop();
    connection.lock().await?;
    connection.ensure_migrations_table(APPLIED).await?;
    while let Some(version) = connection.dirty_version(APPLIED).await? {
        let migration = MYSQL.iter().find(|migration| migration.version == version);
        let migration = migration.ok_or(MigrateError::VersionMissing(version))?;
        complete(&mut connection, migration).await?;
    }
    MYSQL.run_direct(None, &mut *connection, false).await?;
    Ok(())
}

async fn complete(connection: &mut MySqlConnection, migration: &Migration) -> Result<(), Error> {
    tracing::warn!(
        migration.version = migration.version,
        "completing a migration that was interrupted"
    );
    for statement in statements(migration.sql.as_str()) {
        match sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *connection).await {
            Err(Error::Database(error))
                if error
                    .try_downcast_ref::<MySqlDatabaseError>()
                    .is_some_and(|error| DONE_BEFORE.contains(&error.number())) => {}
            Err(error) => return Err(error),
            Ok(_) => {}
        }
    }
    let done = sqlx::query("UPDATE _sqlx_migrations SET success = TRUE WHERE version = ?");
    done.bind(migration.version).execute(connection).await.map(drop)
}
