//! Tables that several jobs make at once, or that were made half way.

use std::time::Duration;

use mlops_testkit::{end, mysql};
use sqlx::{Connection, MySqlConnection};

use super::world::{Destination, World, line};
use crate::programs::job;

#[tokio::test]
async fn several_jobs_at_once_make_one_new_file() {
    for _ in 0..5 {
        let world = World::local();
        for i in 0..40 {
            world.put(&format!("{i}.json"), line(i)).await;
        }
        let Destination::Sql(url) = &world.destination else { unreachable!("it is a file") };
        let mut children = Vec::new();
        for i in 0..4 {
            children.push(world.command("run").args(["--pipeline", &format!("p{i}")]).start());
            let refresh = job("dashboard").args(["refresh", "--database", url]);
            children.push(refresh.env("MLOPS_OUTPUT", "json").start());
        }
        for child in children {
            end(child).json(0);
        }
        assert_eq!(world.uids().await.len(), 40);
    }
}

#[tokio::test]
async fn tables_that_were_made_half_way_are_completed() {
    for wait in [20, 40, 60, 80, 120, 160, 240, 320] {
        let world = World::from_folder(Destination::mysql().await);
        world.put("a.json", line("a")).await;
        let mut child = world.command("run").start();
        std::thread::sleep(Duration::from_millis(wait));
        child.kill().unwrap();
        child.wait().unwrap();
        world.run_with(&["--lease", "1s"]);
        assert_eq!(world.uids().await, ["a"]);
    }
}

#[tokio::test]
async fn a_migration_that_is_marked_as_unfinished_is_done_again() {
    let url = mysql().database().await;
    let world = World::from_folder(Destination::Sql(url.clone()));
    world.run();
    let mut connection = MySqlConnection::connect(&url).await.unwrap();
    for statement in [
        "DROP TABLE etl_audit",
        "ALTER TABLE data_shift DROP COLUMN state",
        "UPDATE _sqlx_migrations SET success = FALSE WHERE version IN (4, 14)",
    ] {
        sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
    }
    world.run();
    let columns = "SELECT COUNT(state) FROM data_shift";
    let rows: i64 = sqlx::query_scalar(columns).fetch_one(&mut connection).await.unwrap();
    assert_eq!(rows, 0);
}
