//! Objects that cannot be read: they are reported, tried again, and stop no other.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use mlops_testkit::{Listings, OddS3, Refusal};
use serde_json::Value;

use super::world::{Destination, World, line};

const OBJECTS: usize = 12;

fn fill(server: &OddS3) {
    for i in 0..OBJECTS {
        server.put(&format!("logs/dt=2026-01-0{}/{i}.json", 1 + i % 3), line(i));
    }
}

/// Runs at a time of the test's own, after so many minutes.
fn run_after(world: &World, minutes: u32) -> mlops_testkit::Ended {
    let time = format!("2026-06-01 00:{minutes:02}:00");
    world.command_at("run", &time).args(["--retry-for", "1s"]).run()
}

fn unreadable(report: &Value) -> Vec<&str> {
    report["unreadable_objects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|object| object["key"].as_str().unwrap())
        .collect()
}

async fn check_refused(destination: Destination) {
    let server = OddS3::start(Listings::default());
    let world = World::from_odd_s3(&server, "bucket", destination);
    fill(&server);
    let refusals = [
        (1, Refusal::Always(403, "InvalidObjectState"), "archived"),
        (4, Refusal::Always(403, "AccessDenied"), "kms:Decrypt"),
        (7, Refusal::Always(400, "InvalidRequest"), "SSE-C"),
        (8, Refusal::Always(500, "InternalError"), ""),
        (10, Refusal::CutWithoutRanges(20), ""),
    ];
    for (i, refusal, _) in refusals {
        server.refuse(&format!("logs/dt=2026-01-0{}/{i}.json", 1 + i % 3), refusal);
    }
    let report = run_after(&world, 0).json(65);
    assert_eq!(
        (&report["loaded"], &report["unreadable"]),
        (&(OBJECTS - 5).into(), &5.into()),
        "{report}"
    );
    assert_eq!(unreadable(&report).len(), 5);
    for (i, _, word) in refusals {
        let key = format!("dt=2026-01-0{}/{i}.json", 1 + i % 3);
        let object = report["unreadable_objects"]
            .as_array()
            .unwrap()
            .iter()
            .find(|object| object["key"] == key.as_str());
        let object = object.unwrap_or_else(|| panic!("{key}: {report}"));
        assert!(object["remedy"].as_str().unwrap().contains(word), "{object}");
        assert!(!object["reason"].as_str().unwrap().is_empty(), "{object}");
    }
    let verified = world.command("verify").args(["--retry-for", "1s"]).run().json(65);
    assert_eq!(
        (&verified["equal"], &verified["unreadable"]),
        (&(OBJECTS - 5).into(), &5.into()),
        "{verified}"
    );

    // Not tried within ten minutes, and still reported; others go on, and are sealed.
    server.put("logs/dt=2026-01-01/new.json", line("new"));
    server.allow("logs/dt=2026-01-02/1.json");
    let report = run_after(&world, 5).json(65);
    assert_eq!((&report["loaded"], &report["unreadable"]), (&1.into(), &5.into()), "{report}");
    let report = run_after(&world, 11).json(65);
    assert_eq!((&report["loaded"], &report["unreadable"]), (&1.into(), &4.into()), "{report}");
    // The second wait is twice as long.
    server.allow("logs/dt=2026-01-02/4.json");
    assert_eq!(run_after(&world, 25).json(65)["loaded"], 0);
    assert_eq!(run_after(&world, 32).json(65)["loaded"], 1);
    let status = world.command("status").run().json(0);
    assert_eq!((&status["unreadable"], &status["ignored"]), (&3.into(), &0.into()), "{status}");

    // A new version is read at once.
    server.put("logs/dt=2026-01-02/7.json", line("seven"));
    server.allow("logs/dt=2026-01-02/7.json");
    let report = run_after(&world, 33).json(65);
    assert_eq!((&report["loaded"], &report["unreadable"]), (&1.into(), &2.into()), "{report}");
    // So is any by a redrive.
    server.allow("logs/dt=2026-01-03/8.json");
    let redriven =
        world.command_at("redrive", "2026-06-01 00:34:00").args(["--retry-for", "1s"]).run();
    assert_eq!(redriven.json(65)["objects_read"], 1);
    let report = run_after(&world, 35).json(65);
    assert_eq!(unreadable(&report), ["dt=2026-01-02/10.json"], "{report}");
    assert_eq!(world.ended(&["--max-unreadable", "1", "--retry-for", "1s"]).code, 0);

    // An ignored one no longer counts, and holds no partition back.
    world
        .command("ignore")
        .args(["dt=2026-01-01/*", "--reason", "none"])
        .run()
        .check_failed(2, &["no unreadable object"]);
    let ignored = world
        .command("ignore")
        .args(["dt=*/10.json", "--reason", "a cut upload", "--by", "ops"])
        .run()
        .json(0);
    assert_eq!(
        (&ignored["ignored"][0], &ignored["by"]),
        (&"dt=2026-01-02/10.json".into(), &"ops".into()),
        "{ignored}"
    );
    let report = run_after(&world, 36).json(0);
    assert_eq!(report["unreadable"], 0, "{report}");
    run_after(&world, 37).json(0);
    let status = world.command("status").run().json(0);
    assert_eq!(
        (&status["ignored"], &status["open_partitions"]),
        (&1.into(), &0.into()),
        "{status}"
    );
    let uids = world.uids().await;
    assert_eq!(uids.len(), OBJECTS - 1 + 1 + 1 - 1, "{uids:?}");
}

#[tokio::test]
async fn one_refused_object_stops_no_other() {
    check_refused(Destination::sqlite()).await;
    check_refused(Destination::mysql().await).await;
    check_refused(Destination::moto()).await;
}

#[tokio::test]
async fn an_object_that_goes_is_no_longer_reported() {
    let server = OddS3::start(Listings::default());
    let world = World::from_odd_s3(&server, "bucket", Destination::sqlite());
    fill(&server);
    server.refuse("logs/dt=2026-01-01/0.json", Refusal::Always(403, "AccessDenied"));
    run_after(&world, 0).json(65);
    server.delete("logs/dt=2026-01-01/0.json");
    assert_eq!(run_after(&world, 1).json(0)["unreadable"], 0);
}

#[tokio::test]
async fn a_partition_with_an_unreadable_object_holds_no_other_back() {
    let server = OddS3::start(Listings::default());
    let world = World::from_odd_s3(&server, "bucket", Destination::sqlite());
    fill(&server);
    server.refuse("logs/dt=2026-01-01/0.json", Refusal::Always(403, "AccessDenied"));
    run_after(&world, 0).json(65);
    assert_eq!(run_after(&world, 1).json(65)["partitions"]["sealed"], 2);
    run_after(&world, 2).json(65);
    let status = world.command("status").run().json(0);
    assert_eq!(
        (&status["open_partitions"], &status["first_open_partition"]),
        (&1.into(), &Value::Null),
        "{status}"
    );
    // It is loaded when it can be, however old its partition is.
    server.allow("logs/dt=2026-01-01/0.json");
    assert_eq!(run_after(&world, 20).json(0)["loaded"], 1);
}

#[tokio::test]
async fn a_denied_listing_is_a_failure_that_names_the_permission() {
    let server = OddS3::start(Listings::default());
    let world = World::from_odd_s3(&server, "bucket", Destination::sqlite());
    server.refuse("", Refusal::Always(403, "AccessDenied"));
    world.ended(&[]).check_failed(2, &["s3:ListBucket", "s3://bucket/logs/"]);
}

#[tokio::test]
async fn a_server_that_ignores_ranges_gives_each_record_once() {
    let server = OddS3::start(Listings::default());
    let world = World::from_odd_s3(&server, "bucket", Destination::sqlite());
    let lines: String = (0..1000).map(|i| line(i) + "\n").collect();
    server.put("logs/a.ndjson", lines);
    server.refuse("logs/a.ndjson", Refusal::CutOnceWithoutRanges(30_000));
    let report = world.run();
    assert_eq!((&report["records"], &report["loaded"]), (&1000.into(), &1000.into()), "{report}");
}

#[tokio::test]
async fn dead_letters_that_cannot_be_written_stop_only_their_objects() {
    let server = OddS3::start(Listings::default());
    let world = World::from_odd_s3(&server, "bucket", Destination::sqlite());
    fill(&server);
    server.put("logs/bad.json", "no record");
    // The uid of another object, with another content.
    server.put("logs/dt=2026-01-03/conflict.json", line(3).replace("0.25", "0.75"));
    let file = world.folder.path().join("a file");
    std::fs::write(&file, "x").unwrap();
    let refused = format!("{}/dead", file.display());
    let report = world.command("run").args(["--dead-letters", &refused]).run().json(65);
    assert_eq!(report["loaded"], OBJECTS, "{report}");
    let mut keys = unreadable(&report);
    keys.sort_unstable();
    assert_eq!(keys[0], "bad.json", "{report}");
    assert_eq!(keys.len(), 2, "{report}");
    assert!(
        report["unreadable_objects"][0]["remedy"].as_str().unwrap().contains("--dead-letters"),
        "{report}"
    );
    // With a location that takes them all is done.
    world.command("redrive").run().json(0);
    let report = world.ended(&["--max-bad-ratio", "1"]).json(0);
    assert_eq!(report["unreadable"], 0, "{report}");
    assert_eq!(world.command("status").run().json(0)["bad"], 1);
}

#[tokio::test]
async fn odd_files_of_a_folder_stop_no_other() {
    let world = World::local();
    let root = std::path::Path::new(&world.location);
    world.put("a.json", line("a")).await;
    world.put("sub/b.json", line("b")).await;
    world.put("dt=2026-01-01/hh=05/c.json", line("c")).await;
    symlink("loop.json", root.join("loop.json")).unwrap();
    symlink("gone", root.join("sub/dangling.json")).unwrap();
    symlink("self", root.join("dt=2026-01-01/hh=05/self")).unwrap();
    std::fs::write(root.join(std::ffi::OsStr::from_bytes(b"no\xffutf8.json")), line("d")).unwrap();
    std::fs::write(root.join("x".repeat(250)), line("e")).unwrap();
    let report = world.ended(&[]).json(65);
    assert_eq!((&report["loaded"], &report["unreadable"]), (&4.into(), &4.into()), "{report}");
    let remedies: Vec<&str> = report["unreadable_objects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|object| object["remedy"].as_str().unwrap())
        .collect();
    assert!(remedies.iter().any(|remedy| remedy.contains("rename")), "{report}");
    std::fs::remove_file(root.join("loop.json")).unwrap();
    let report = world.ended(&[]).json(65);
    assert_eq!((&report["loaded"], &report["unreadable"]), (&0.into(), &3.into()), "{report}");
    world.command("verify").run().json(65);
}

#[tokio::test]
async fn a_linked_folder_is_followed_once() {
    let world = World::local();
    let root = std::path::Path::new(&world.location);
    let outside = world.folder.path().join("outside");
    std::fs::create_dir_all(outside.join("deep")).unwrap();
    std::fs::write(outside.join("deep/a.json"), line("a")).unwrap();
    world.put("b.json", line("b")).await;
    symlink(&outside, root.join("linked")).unwrap();
    symlink(&outside, outside.join("deep/circle")).unwrap();
    symlink(root, root.join("itself")).unwrap();
    symlink(root, outside.join("back")).unwrap();
    symlink(world.folder.path(), root.join("above")).unwrap();
    let report = world.run();
    assert_eq!((&report["objects"], &report["loaded"]), (&2.into(), &2.into()), "{report}");
    assert_eq!(world.run()["objects"], 0);
}
