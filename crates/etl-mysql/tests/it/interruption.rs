//! A job that is asked to stop, and one that is killed.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command};

use mlops_testkit::end;

use crate::world::{World, line};

/// moto answers fewer than 200 requests a second, so that this many take seconds.
const OBJECTS: usize = 400;

async fn slow_world() -> World {
    let world = World::cloud().await;
    for i in 0..OBJECTS {
        world.put(&format!("{i}.json"), line(i)).await;
    }
    world
}

/// Sends a signal once the job has begun to load.
fn signal_when_loading(child: &mut Child, signal: &str) {
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let mut first = String::new();
    lines.read_line(&mut first).unwrap();
    assert!(first.contains("\"loading\""), "{first}");
    // The shell has a `kill` of its own where the system has none.
    let kill = format!("kill {signal} {}", child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    child.stderr = Some(lines.into_inner());
}

#[tokio::test]
async fn sigterm_drains_and_the_next_run_does_the_rest() {
    let world = slow_world().await;
    let mut child = world.job().args(["--concurrency", "4"]).start();
    signal_when_loading(&mut child, "-TERM");
    let report = end(child).json(143);
    let loaded = report["loaded"].as_u64().unwrap();
    assert!(loaded < OBJECTS as u64, "{report}");
    assert_eq!(world.uids().await.len() as u64, loaded, "what was read is committed");

    let rest = world.job().run().json(0);
    assert_eq!(rest["loaded"].as_u64().unwrap(), OBJECTS as u64 - loaded, "{rest}");
    assert_eq!(world.uids().await.len(), OBJECTS);
}

#[tokio::test]
async fn a_killed_job_leaves_nothing_half_done() {
    let world = slow_world().await;
    let mut child = world.job().start();
    signal_when_loading(&mut child, "-KILL");
    assert_eq!(end(child).code, 128 + 9);
    world.job().run().json(0);
    assert_eq!(world.uids().await.len(), OBJECTS);
}
