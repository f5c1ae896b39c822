//! A server that a test kills.

use mlops_testkit::PrivateMySql;
use sqlx::{Connection, MySqlConnection};

async fn count(database: &str) -> i64 {
    let mut connection = MySqlConnection::connect(database).await.unwrap();
    sqlx::query_scalar("SELECT COUNT(*) FROM numbers").fetch_one(&mut connection).await.unwrap()
}

#[tokio::test]
async fn a_killed_server_starts_again_with_what_was_committed() {
    let mut server = PrivateMySql::new().await;
    let database = server.database().await;
    let mut connection = MySqlConnection::connect(&database).await.unwrap();
    sqlx::raw_sql("CREATE TABLE numbers (n INT); INSERT INTO numbers VALUES (1), (2)")
        .execute(&mut connection)
        .await
        .unwrap();
    let mut uncommitted = connection.begin().await.unwrap();
    sqlx::query("INSERT INTO numbers VALUES (3)").execute(&mut *uncommitted).await.unwrap();

    server.kill();
    assert!(sqlx::query("SELECT 1").execute(&mut *uncommitted).await.is_err());
    assert!(MySqlConnection::connect(&database).await.is_err());

    server.start().await;
    assert_eq!(count(&database).await, 2);
    server.kill();
    server.start().await;
    assert_eq!(count(&database).await, 2);

    drop(server);
    assert!(MySqlConnection::connect(&database).await.is_err());
}
