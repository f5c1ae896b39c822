//! Two runs at a time.

use std::process::{Child, Command};
use std::time::Duration;

use mlops_testkit::{Calls, Fault, Faults, end, s3};

use super::world::{Destination, World, is_loading, line};

fn signal(child: &Child, name: &str) {
    // The shell has a `kill` of its own where the system has none.
    let kill = format!("kill -{name} {}", child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
}

/// A bucket whose every object takes a while, behind a proxy that must live as long.
async fn slow(destination: Destination) -> (World, Faults) {
    let faults = Faults::start(&s3().endpoint);
    let world = World::from_s3(destination).await.s3_through(&faults.endpoint);
    for i in 0..40 {
        world.put(&format!("dt=2026-01-01/hh={:02}/{i}.json", i % 4), line(i)).await;
    }
    faults.inject("GetObject", Calls::All, Fault::Delay(Duration::from_millis(300)));
    (world, faults)
}

async fn check_overlap((world, _faults): (World, Faults)) {
    let mut first = world.command("run").args(["--concurrency", "4", "--lease", "600ms"]).start();
    assert!(is_loading(&mut first));
    let second = world.run_with(&["--lease", "600ms"]);
    assert!(second["lease_held_by"].as_str().unwrap().starts_with("etl-"), "{second}");
    assert_eq!(second["objects"], 0, "{second}");
    let status = world.command("status").run().json(0);
    assert_eq!(status["lease_held_by"], second["lease_held_by"], "{status}");
    assert_eq!(end(first).json(0)["loaded"], 40);
    let status = world.command("status").run().json(0);
    assert_eq!(
        status["lease_held_by"],
        serde_json::Value::Null,
        "it is given back at the end: {status}"
    );
}

#[tokio::test]
async fn a_run_beside_another_leaves_it_to_that() {
    check_overlap(slow(Destination::mysql().await).await).await;
    check_overlap(slow(Destination::moto()).await).await;
}

async fn check_dead_holder((world, _faults): (World, Faults)) {
    let mut first = world.command("run").args(["--concurrency", "4", "--lease", "900ms"]).start();
    assert!(is_loading(&mut first));
    signal(&first, "KILL");
    end(first);
    // The watcher's own lease has no part in how long it waits.
    let second = world.run_with(&["--lease", "10m"]);
    assert_eq!(second["lease_held_by"], serde_json::Value::Null, "{second}");
    assert_eq!(world.uids().await.len(), 40);
}

#[tokio::test]
async fn the_lease_of_a_dead_run_is_taken_over() {
    check_dead_holder(slow(Destination::mysql().await).await).await;
    check_dead_holder(slow(Destination::dynalite()).await).await;
}

async fn check_paused_holder((world, faults): (World, Faults)) {
    let mut first = world.command("run").args(["--concurrency", "4", "--lease", "300ms"]).start();
    assert!(is_loading(&mut first));
    // Before it has claimed a partition and begun to read, it would find that there is nothing left
    // to do.
    while faults.calls("GetObject") == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    signal(&first, "STOP");
    let second = world.run_with(&["--lease", "300ms"]);
    assert_eq!(second["lease_held_by"], serde_json::Value::Null, "{second}");
    signal(&first, "CONT");
    let first = end(first);
    first.check_failed(75, &["run again"]);
    assert_eq!(world.uids().await.len(), 40);
    let status = world.command("status").run().json(0);
    assert_eq!(
        (&status["objects"], &status["records"]),
        (&40.into(), &40.into()),
        "counted once: {status}"
    );
}

#[tokio::test]
async fn a_run_that_slept_through_its_lease_writes_nothing_into_the_books() {
    check_paused_holder(slow(Destination::mysql().await).await).await;
    check_paused_holder(slow(Destination::moto()).await).await;
}

#[tokio::test]
async fn a_run_stops_at_its_deadline_and_the_next_goes_on() {
    let (world, _faults) = slow(Destination::mysql().await).await;
    let first = world.ended(&["--concurrency", "1", "--deadline", "4s"]).json(76);
    let loaded = first["loaded"].as_u64().unwrap();
    assert!(0 < loaded && loaded < 40, "{first}");
    assert_eq!(world.uids().await.len() as u64, loaded);
    let second = world.run();
    assert_eq!(second["loaded"], 40 - loaded, "{second}");
}

#[tokio::test]
async fn another_attempt_of_the_same_batch_job_need_not_wait() {
    let (world, _faults) = slow(Destination::mysql().await).await;
    let attempt = || {
        world.command("run").env("AWS_BATCH_JOB_ID", "0b1c-22").args([
            "--concurrency",
            "4",
            "--lease",
            "10m",
        ])
    };
    let mut first = attempt().start();
    assert!(is_loading(&mut first));
    signal(&first, "KILL");
    end(first);
    let second = attempt().run().json(0);
    assert_eq!(second["lease_held_by"], serde_json::Value::Null, "{second}");
    assert_eq!(world.uids().await.len(), 40);
}
