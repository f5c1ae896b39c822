//! `plan`, `verify` and `status`; and an application that writes to the same table.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;
use sqlx::{Connection, MySqlConnection, SqliteConnection};

use super::world::{Destination, World, line, line_at};

async fn fill(world: &World) {
    for hour in 0..3 {
        for i in 0..10 {
            let lines: String =
                (0..10).map(|part| line(format!("{hour}-{i}-{part}")) + "\n").collect();
            world.put(&format!("dt=2026-01-01/hh={hour:02}/{i}.ndjson"), lines).await;
        }
    }
}

async fn check_plan(world: World, write_units: u64) {
    fill(&world).await;
    let plan = world.command("plan").run().json(0);
    for (field, count) in [
        ("partitions", 3),
        ("objects", 30),
        ("records", 300),
        // The root, the day and three hours.
        ("list_requests", 5),
        ("get_requests", 30),
        ("write_units", write_units),
    ] {
        assert_eq!(plan[field], count, "{field} of {plan}");
    }
    let dollars = (30.0 * 0.4 + 5.0 * 5.0 + write_units as f64 * 0.625) / 1e6;
    assert!((plan["dollars"].as_f64().unwrap() - dollars).abs() < 1e-9, "{plan}");
    assert_eq!(world.uids().await, [""; 0], "nothing is written");
    let report = world.run();
    assert_eq!(
        (&report["objects"], &report["bytes"]),
        (&plan["objects"], &plan["bytes"]),
        "{plan} {report}"
    );
    assert_eq!(world.command("plan").run().json(0)["objects"], 0);
    world.put("dt=2026-01-01/hh=01/late.json", line("late")).await;
    assert_eq!(world.command("plan").run().json(0)["objects"], 1);
}

#[tokio::test]
async fn a_plan_says_what_the_run_then_does() {
    check_plan(World::local(), 0).await;
    check_plan(World::from_s3(Destination::moto()).await, 300).await;
}

async fn delete(world: &World, uid: &str) {
    match &world.destination {
        Destination::Sql(url) => {
            let statement = "DELETE FROM model_logs WHERE uid = ?";
            if url.starts_with("sqlite") {
                let mut connection = SqliteConnection::connect(url).await.unwrap();
                sqlx::query(statement).bind(uid).execute(&mut connection).await.unwrap();
            } else {
                let mut connection = MySqlConnection::connect(url).await.unwrap();
                sqlx::query(statement).bind(uid).execute(&mut connection).await.unwrap();
            }
        }
        Destination::Dynamo { server, table } => {
            let key = AttributeValue::S(uid.to_owned());
            server
                .client()
                .await
                .delete_item()
                .table_name(table)
                .key("uid", key)
                .send()
                .await
                .unwrap();
        }
    }
}

async fn check_verify(world: World) {
    fill(&world).await;
    world.put("dt=2026-01-01/hh=02/bad.json", "bad").await;
    world.run();
    let verified = world.command("verify").run().json(0);
    for (field, count) in
        [("partitions", 3), ("objects", 31), ("records", 301), ("equal", 300), ("bad", 1)]
    {
        assert_eq!(verified[field], count, "{field} of {verified}");
    }
    delete(&world, "0-3-7").await;
    delete(&world, "2-0-0").await;
    let verified = world.command("verify").run().json(1);
    assert_eq!((&verified["missing"], &verified["equal"]), (&2.into(), &298.into()), "{verified}");
    let differing = verified["differing"].as_array().unwrap();
    let named: Vec<(&Value, &Value)> =
        differing.iter().map(|partition| (&partition["partition"], &partition["uids"])).collect();
    let hour = |hour: u32| Value::from(format!("dt=2026-01-01/hh={hour:02}/**"));
    assert_eq!(named, [(&hour(0), &vec!["0-3-7"].into()), (&hour(2), &vec!["2-0-0"].into())]);
    let repaired = world.command("verify").args(["--repair"]).run().json(0);
    assert_eq!((&repaired["missing"], &repaired["repaired"]), (&2.into(), &2.into()), "{repaired}");
    assert_eq!(world.command("verify").run().json(0)["equal"], 300);
}

#[tokio::test]
async fn what_is_missing_is_found_and_repaired() {
    check_verify(World::local()).await;
    check_verify(World::from_folder(Destination::mysql().await)).await;
    check_verify(World::from_folder(Destination::dynalite())).await;
}

#[tokio::test]
async fn what_was_changed_in_the_table_is_found_and_written_over_on_request() {
    let world = World::from_folder(Destination::mysql().await);
    fill(&world).await;
    world.run();
    let Destination::Sql(url) = &world.destination else {
        unreachable!("the destination is MySQL")
    };
    let mut connection = MySqlConnection::connect(url).await.unwrap();
    let change = "UPDATE model_logs SET input_output_payloads = JSON_SET(input_output_payloads, '$.input.score', 7) \
                  WHERE uid = '1-1-1'";
    sqlx::query(change).execute(&mut connection).await.unwrap();
    let verified = world.command("verify").args(["--repair"]).run().json(1);
    assert_eq!(
        (&verified["different"], &verified["repaired"]),
        (&1.into(), &0.into()),
        "{verified}"
    );
    let verified = world.command("verify").args(["--repair", "--overwrite"]).run().json(0);
    assert_eq!(verified["repaired"], 1, "{verified}");
    assert_eq!(world.records().await["1-1-1"], "0.25");
}

async fn check_status(world: World) {
    let status = world.command("status").run().json(0);
    assert_eq!((&status["watermark"], &status["objects"]), (&Value::Null, &0.into()), "{status}");
    world.put("dt=2026-01-01/hh=05/a.json", line_at("a", "2026-01-01 05:30:00.25")).await;
    world.put("dt=2026-01-01/hh=06/b.json", line_at("b", "2026-01-01 06:30:00")).await;
    world.run();
    let status = world.command("status").run().json(0);
    assert_eq!(status["watermark"], "2026-01-01 06:30:00.000000", "{status}");
    assert_eq!(status["first_open_partition"], "dt=2026-01-01/hh=05/**", "{status}");
    assert_eq!(
        (&status["open_partitions"], &status["records"]),
        (&2.into(), &2.into()),
        "{status}"
    );
    assert!(status["lag_seconds"].as_f64().unwrap() > 1e6, "{status}");
}

#[tokio::test]
async fn the_status_shows_the_watermark_the_lag_and_the_counts() {
    check_status(World::local()).await;
    check_status(World::from_folder(Destination::mysql().await)).await;
    check_status(World::from_folder(Destination::moto())).await;
}

#[tokio::test]
async fn a_table_that_is_missing_is_named_with_the_remedy() {
    for (destination, words) in [
        (
            Destination::mysql().await,
            vec!["--create-tables", "CREATE TABLE IF NOT EXISTS etl_watermark"],
        ),
        (Destination::moto(), vec!["--create-tables", "_watermark"]),
    ] {
        let world = World::from_folder(destination);
        world.command_without_tables("run").run().check_failed(2, &words);
    }
}

#[tokio::test]
async fn an_application_may_write_to_the_same_table_at_the_same_time() {
    let world = World::from_folder(Destination::mysql().await);
    world.command("status").run().json(0);
    let Destination::Sql(url) = &world.destination else {
        unreachable!("the destination is MySQL")
    };
    for i in 0..3000 {
        world.put(&format!("dt=2026-01-01/hh={:02}/{i}.json", i % 4), line(i)).await;
    }
    let mut connection = MySqlConnection::connect(url).await.unwrap();
    let child = world.command("run").start();
    // It writes most of what it logs, in its own order, and has a gap.
    let insert = "INSERT INTO model_logs (uid, logging_timestamp, input_output_payloads) VALUES (?, '2026-01-01', ?)";
    let mut written = 0;
    for i in (0..3000).rev().filter(|i| i % 10 != 0).step_by(7) {
        match sqlx::query(insert).bind(i.to_string()).bind(line(i)).execute(&mut connection).await {
            Ok(_) => written += 1,
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {}
            Err(error) => panic!("{error}"),
        }
    }
    let report = mlops_testkit::end(child).json(0);
    assert_eq!(report["bad"], 0, "{report}");
    assert_eq!(
        report["loaded"].as_u64().unwrap() + written,
        3000,
        "each row has one writer: {report}"
    );
    assert_eq!(world.uids().await.len(), 3000);
}
