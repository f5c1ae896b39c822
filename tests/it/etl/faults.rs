//! Servers that fail for a time.

use std::process::Child;
use std::time::Duration;

use mlops_testkit::{Calls, Fault, Faults, PrivateMySql, end, moto_dynamo, s3};

use super::world::{Destination, World, line};

const OBJECTS: usize = 60;

async fn fill(world: &World) {
    for i in 0..OBJECTS {
        let lines: String = (0..30).map(|part| line(format!("{i}-{part}")) + "\n").collect();
        world.put(&format!("dt=2026-01-01/hh={:02}/{i}.ndjson", i % 3), lines).await;
    }
}

async fn check_loaded(world: &World, report: &serde_json::Value) {
    assert_eq!(report["records"], OBJECTS as u64 * 30, "{report}");
    assert_eq!(world.uids().await.len(), OBJECTS * 30);
    let status = world.command("status").run().json(0);
    assert_eq!(
        (&status["objects"], &status["records"]),
        (&(OBJECTS as u64).into(), &report["records"]),
        "{status}"
    );
}

#[tokio::test]
async fn an_overloaded_s3_that_cuts_its_answers_costs_only_time() {
    let faults = Faults::start(&s3().endpoint);
    let world = World::from_s3(Destination::mysql().await).await.s3_through(&faults.endpoint);
    fill(&world).await;
    faults.inject("GetObject", Calls::Every(3), Fault::SlowDown);
    faults.inject("GetObject", Calls::Every(4), Fault::CutBody { bytes: 700 });
    faults.inject("GetObject", Calls::Every(5), Fault::Drop);
    faults.inject("ListObjectsV2", Calls::Every(2), Fault::SlowDown);
    let report = world.run();
    assert!(faults.calls("GetObject") > OBJECTS as u64 * 5 / 4, "{}", faults.calls("GetObject"));
    check_loaded(&world, &report).await;
}

#[tokio::test]
async fn an_s3_that_is_gone_for_a_while_is_waited_for() {
    let faults = Faults::start(&s3().endpoint);
    let world = World::from_s3(Destination::mysql().await).await.s3_through(&faults.endpoint);
    fill(&world).await;
    // More failures than the SDK itself bears with.
    faults.inject("GetObject", Calls::First(400), Fault::InternalError);
    let report = world.run();
    check_loaded(&world, &report).await;
}

#[tokio::test]
async fn patience_ends_and_the_next_run_goes_on() {
    let faults = Faults::start(&s3().endpoint);
    let world = World::from_s3(Destination::mysql().await).await.s3_through(&faults.endpoint);
    fill(&world).await;
    faults.inject("GetObject", Calls::After(20), Fault::InternalError);
    world.ended(&["--retry-for", "1s", "--concurrency", "2"]).check_failed(75, &["reading s3://"]);
    faults.clear();
    world.run();
    assert_eq!(world.uids().await.len(), OBJECTS * 30);
}

async fn dynamo_world(faults: &Faults) -> World {
    let world = World::from_folder(Destination::moto()).dynamo_through(&faults.endpoint);
    fill(&world).await;
    world
}

#[tokio::test]
async fn unprocessed_items_are_sent_again() {
    let faults = Faults::start(&moto_dynamo().endpoint);
    let world = dynamo_world(&faults).await;
    faults.inject("BatchWriteItem", Calls::Every(2), Fault::Unprocessed { written: 7 });
    faults.inject("BatchGetItem", Calls::Every(2), Fault::UnprocessedKeys { read: 11 });
    let report = world.run();
    check_loaded(&world, &report).await;
    // The second half of the keys is asked for too, so that what is there is known.
    let again = world.run_with(&["--pipeline", "again"]);
    assert_eq!(
        (&again["loaded"], &again["already_there"]),
        (&0.into(), &(OBJECTS as u64 * 30).into()),
        "{again}"
    );
}

#[tokio::test]
async fn a_throttled_dynamodb_is_waited_for() {
    let faults = Faults::start(&moto_dynamo().endpoint);
    let world = dynamo_world(&faults).await;
    faults.inject("BatchWriteItem", Calls::First(25), Fault::Throttled);
    faults.inject("BatchWriteItem", Calls::Every(3), Fault::InternalError);
    let report = world.run();
    check_loaded(&world, &report).await;
}

#[tokio::test]
async fn a_conditional_write_whose_answer_is_lost_has_landed() {
    let faults = Faults::start(&moto_dynamo().endpoint);
    let world = dynamo_world(&faults).await;
    // The SDK tries again, and the condition fails, since it was met before.
    for operation in ["PutItem", "UpdateItem", "BatchWriteItem", "DeleteItem"] {
        faults.inject(operation, Calls::Every(2), Fault::LandThenFail);
    }
    let report = world.run_with(&["--lease", "1s"]);
    assert_eq!(report["lease_held_by"], serde_json::Value::Null, "{report}");
    check_loaded(&world, &report).await;
    let sealing = world.run();
    assert_eq!(sealing["partitions"]["sealed"], 3, "{sealing}");
    let status = world.command("status").run().json(0);
    assert_eq!(
        (&status["objects"], &status["open_partitions"]),
        (&(OBJECTS as u64).into(), &0.into()),
        "{status}"
    );
}

fn start_slow(world: &World) -> Child {
    world.command("run").args(["--concurrency", "2", "--lease", "20s"]).start()
}

#[tokio::test]
async fn a_mysql_that_is_killed_and_started_again_loses_nothing() {
    let mut server = PrivateMySql::new().await;
    let faults = Faults::start(&s3().endpoint);
    let destination = Destination::Sql(server.database().await);
    let world = World::from_s3(destination).await.s3_through(&faults.endpoint);
    fill(&world).await;
    faults.inject("GetObject", Calls::All, Fault::Delay(Duration::from_millis(150)));
    let child = start_slow(&world);
    while faults.calls("GetObject") < 15 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    server.kill();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    server.start().await;
    let report = end(child).json(0);
    check_loaded(&world, &report).await;
}

#[tokio::test]
async fn a_record_that_mysql_cannot_take_is_set_aside() {
    let server = PrivateMySql::new().await;
    let world = World::from_folder(Destination::Sql(server.database().await));
    let mut connection =
        <sqlx::MySqlConnection as sqlx::Connection>::connect(&server.url()).await.unwrap();
    sqlx::raw_sql("SET GLOBAL max_allowed_packet = 1048576")
        .execute(&mut connection)
        .await
        .unwrap();
    let large = line("large").replace("0.25", &format!("\"{}\"", "x".repeat(1_100_000)));
    let rather_large =
        |uid: &str| line(uid).replace("0.25", &format!("\"{}\"", "x".repeat(700_000)));
    world
        .put("a.ndjson", [large, rather_large("b"), rather_large("c"), line("d")].join("\n"))
        .await;
    let report = world.run_with(&["--max-bad-ratio", "0.5"]);
    assert_eq!((&report["loaded"], &report["bad"]), (&3.into(), &1.into()), "{report}");
    assert_eq!(world.uids().await, ["b", "c", "d"]);
    assert_eq!(world.dead_letters().await, ["a.ndjson.0000.ndjson"]);
}
