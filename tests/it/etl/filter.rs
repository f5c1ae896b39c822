//! What is loaded of all that lies below the logs, and what is left out.

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use super::world::{Destination, World, line};

const UNUSUAL: [&str; 9] = [
    ".DS_Store",
    ".git/config",
    "dt=2026-01-01/hh=05/.a.json.swp",
    "out/_SUCCESS",
    "out/_temporary/0/part-0.json",
    "out/part-0.json.crc",
    "inventory/bucket/all/2026-01-01T01-00Z/manifest.json",
    "inventory/bucket/all/2026-01-01T01-00Z/manifest.checksum",
    "inventory/bucket/all/hive/dt=2026-01-01-01-00/symlink.txt",
];

fn left_out(report: &Value) -> (u64, u64) {
    let count = |name: &str| report["left_out"][name].as_u64().unwrap();
    (count("objects"), count("folders"))
}

async fn check_unusual(world: World) {
    for key in UNUSUAL {
        world.put(key, "no record").await;
    }
    world.put("a.json", line("a")).await;
    world.put("dt=2026-01-01/hh=05/b.json", line("b")).await;
    world.put("out/part-0.json", line("c")).await;
    let plan = world.command("plan").run().json(0);
    let report = world.run();
    assert_eq!((&report["loaded"], &report["bad"]), (&3.into(), &0.into()), "{report}");
    // `.git/` and `_temporary/` are not listed at all.
    assert_eq!(left_out(&report), (7, 2), "{report}");
    assert_eq!((&plan["objects"], left_out(&plan)), (&3.into(), (7, 2)), "{plan}");
    let verified = world.command("verify").run().json(0);
    assert_eq!((&verified["equal"], left_out(&verified)), (&3.into(), (7, 2)), "{verified}");
    assert_eq!(world.run()["objects"], 0);
}

#[tokio::test]
async fn files_that_no_logger_writes_are_left_out() {
    check_unusual(World::local()).await;
    check_unusual(World::from_s3(Destination::mysql().await).await).await;
    check_unusual(World::from_s3(Destination::moto()).await).await;
}

async fn check_globs(world: World) {
    for key in ["a/1.json", "a/deep/2.json", "b/3.json", "b/no/4.json", "c/5.json", "6.json"] {
        world.put(key, line(key)).await;
    }
    let globs = ["--include", "a/*.json", "--include", "b/**,6.json", "--exclude", "**/no/**"];
    let run = |command: &str| world.command(command).args(globs).run().json(0);
    assert_eq!(run("plan")["objects"], 3);
    let report = run("run");
    assert_eq!((&report["loaded"], left_out(&report)), (&3.into(), (0, 3)), "{report}");
    assert_eq!(world.uids().await, ["6.json", "a/1.json", "b/3.json"]);
    let verified = run("verify");
    assert_eq!((&verified["equal"], &verified["missing"]), (&3.into(), &0.into()), "{verified}");
    // What is asked for later is found, and what was loaded stays.
    let report = world.run_with(&["--exclude", "6.json"]);
    assert_eq!((&report["loaded"], left_out(&report)), (&3.into(), (1, 0)), "{report}");
    assert_eq!(world.command("status").run().json(0)["objects"], 6);
    world.command("verify").args(["--exclude", "6.json"]).run().json(0);
    world.command("verify").run().json(0);
    assert_eq!(world.run()["objects"], 0);
}

#[tokio::test]
async fn globs_say_what_is_loaded() {
    check_globs(World::local()).await;
    check_globs(World::from_s3(Destination::mysql().await).await).await;
    check_globs(World::from_s3(Destination::dynalite()).await).await;
}

#[tokio::test]
async fn a_sealed_partition_of_an_earlier_release_is_not_read_again() {
    for narrower in [&[][..], &["--exclude", "**/b.json"]] {
        let world = World::local();
        world.put("dt=2026-01-01/hh=05/a.json", line("a")).await;
        world.put("dt=2026-01-01/hh=05/b.json", line("b")).await;
        world.put("dt=2026-01-01/hh=05/.hidden.json", line("hidden")).await;
        // As that release did.
        let everything = ["--include", "**,**/.*"];
        assert_eq!(world.run_with(&everything)["loaded"], 3);
        assert_eq!(world.run_with(&everything)["partitions"]["sealed"], 1);
        let audit = [&["--audit"], narrower].concat();
        let report = world.run_with(&audit);
        assert_eq!((&report["objects"], left_out(&report).0 > 0), (&0.into(), true), "{report}");
        let plan = world.command("plan").args(&audit).run().json(0);
        assert_eq!(plan["objects"], 0, "{plan}");
        let status = world.command("status").run().json(0);
        assert_eq!(
            (&status["open_partitions"], &status["objects"]),
            (&0.into(), &3.into()),
            "{status}"
        );
        // A late object is still found.
        world.put("dt=2026-01-01/hh=05/late.json", line("late")).await;
        assert_eq!(world.run_with(&audit)["loaded"], 1);
        world.run_with(narrower);
        assert_eq!(world.run_with(&audit)["objects"], 0);
        world.command("verify").args(narrower).run().json(0);
        assert_eq!(world.uids().await.len(), 4);
    }
}

#[tokio::test]
async fn an_object_that_is_wanted_again_is_loaded_from_a_sealed_partition() {
    let world = World::local();
    world.put("dt=2026-01-01/hh=05/a.json", line("a")).await;
    world.put("dt=2026-01-01/hh=05/b.json", line("b")).await;
    let without = ["--exclude", "**/b.json"];
    assert_eq!(world.run_with(&without)["loaded"], 1);
    assert_eq!(world.run_with(&without)["partitions"]["sealed"], 1);
    assert_eq!(world.run_with(&["--audit"])["loaded"], 1);
}

#[tokio::test]
async fn an_open_partition_of_an_earlier_release_is_not_read_again() {
    let world = World::local();
    world.put("a.json", line("a")).await;
    world.put(".hidden.json", line("hidden")).await;
    assert_eq!(world.run_with(&["--include", "**,.*"])["loaded"], 2);
    assert_eq!(world.run()["objects"], 0);
    assert_eq!(world.run()["partitions"]["unchanged"], 1);
}

#[tokio::test]
async fn an_unreadable_object_that_is_left_out_no_longer_counts() {
    let world = World::local();
    world.put("a.json", line("a")).await;
    for (object, exclude) in [("b.json", "b.json"), ("tmp/deep/c.json", "tmp/")] {
        world.put(object, line(object)).await;
        let path = std::path::Path::new(&world.location).join(object);
        // A file that nobody may read, also not root, is a link that leads nowhere.
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("nowhere", &path).unwrap();
        assert_eq!(world.ended(&[]).json(65)["unreadable"], 1);
        let status = world.command("status").args(["--exclude", exclude]).run().json(0);
        assert_eq!(status["unreadable"], 0, "{status}");
        world.command("verify").args(["--exclude", exclude]).run().json(0);
        let report = world.run_with(&["--exclude", exclude]);
        assert_eq!(report["unreadable"], 0, "{report}");
        std::fs::remove_file(&path).unwrap();
    }
    assert_eq!(world.command("status").run().json(0)["unreadable"], 0);
}

#[tokio::test]
async fn a_folder_that_is_left_out_need_not_be_readable() {
    let world = World::local();
    world.put("a.json", line("a")).await;
    world.put("no/b.json", line("b")).await;
    let folder = format!("{}/no", world.location);
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o000)).unwrap();
    let report = world.run_with(&["--exclude", "no/**"]);
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).unwrap();
    assert_eq!((&report["loaded"], &report["unreadable"]), (&1.into(), &0.into()), "{report}");
}

#[tokio::test]
async fn globs_that_leave_nothing_are_warned_of() {
    let world = World::local();
    world.put("a/b.json", line("b")).await;
    for globs in [["--include", "x/**"], ["--exclude", "a/**"], ["--exclude", "**/*.json"]] {
        let ended = world.ended(&globs);
        assert_eq!(ended.json(0)["objects"], 0);
        assert!(ended.stderr.contains("everything is left out"), "{globs:?}: {}", ended.stderr);
    }
    let ended = world.ended(&[]);
    assert!(!ended.stderr.contains("left out"), "{}", ended.stderr);
    for (glob, words) in [("a/[", ["--exclude", "a/["]), ("/a/**", ["/a/**", "relative to --logs"])]
    {
        world.ended(&["--exclude", glob]).check_failed(2, &words);
    }
}

async fn check_own_dead_letters(world: World, dead_letters: &str) {
    world.put("a.ndjson", format!("{}\nno record\n", line("a"))).await;
    world.put("b.ndjson", "no record either\n").await;
    let run = |command: &str| {
        let job = world.command(command).args(["--dead-letters", dead_letters]);
        job.args(["--max-bad-ratio", "1"]).run()
    };
    assert_eq!(run("run").json(0)["bad"], 2);
    for _ in 0..2 {
        let ended = run("run");
        let report = ended.json(0);
        assert_eq!((&report["objects"], left_out(&report)), (&0.into(), (0, 1)), "{report}");
        let named = ended.stderr.matches("the dead letters lie in --logs").count();
        assert_eq!(named, 1, "{}", ended.stderr);
    }
    let verified = run("verify").json(0);
    assert_eq!((&verified["objects"], &verified["bad"]), (&2.into(), &2.into()), "{verified}");
    let report = run("redrive").json(0);
    assert_eq!((&report["dead_letters"], &report["still_bad"]), (&2.into(), &2.into()), "{report}");
}

#[tokio::test]
async fn dead_letters_among_the_logs_are_left_out_and_named_once() {
    let world = World::local();
    let folder = world.folder.path().join("x/../logs/bad");
    std::fs::create_dir(world.folder.path().join("x")).unwrap();
    check_own_dead_letters(world, folder.to_str().unwrap()).await;
    let world = World::from_s3(Destination::mysql().await).await;
    let location = format!("{}/bad", world.location);
    check_own_dead_letters(world, &location).await;
    let world = World::local();
    let location = format!("{}/", world.location);
    world.ended(&["--dead-letters", &location]).check_failed(2, &["is --logs itself"]);
}

#[tokio::test]
async fn a_database_among_the_logs_is_left_out_and_named_once() {
    let world = World::local();
    world.put("a.json", line("a")).await;
    let url = format!("sqlite://{}/db/mlops.db", world.location);
    for loaded in [1, 0] {
        let ended = world.command("run").args(["--database", &url]).run();
        let report = ended.json(0);
        assert_eq!((&report["loaded"], &report["bad"]), (&loaded.into(), &0.into()), "{report}");
        assert!(left_out(&report).0 >= 1, "{report}");
        let named = ended.stderr.matches("the database lies in --logs").count();
        assert_eq!(named, 1, "{}", ended.stderr);
    }
    let verified = world.command("verify").args(["--database", &url]).run().json(0);
    assert_eq!((&verified["objects"], &verified["bad"]), (&1.into(), &0.into()), "{verified}");
    // The database of another job is one bad object, as every binary file.
    let report = world.ended(&["--exclude", "**/*-{wal,shm}"]).json(65);
    assert_eq!((&report["loaded"], &report["bad"]), (&1.into(), &1.into()), "{report}");
}

#[tokio::test]
async fn redrive_leaves_the_dead_letters_of_objects_that_are_left_out() {
    let world = World::local();
    world.put("a.json", "no record").await;
    world.put("b.json", "no record").await;
    world.ended(&[]).json(65);
    for letters in ["a.json", "b.json"] {
        let path = format!("{}-dead-letters/{letters}.0000.ndjson", world.location);
        let letter: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let mut letter = letter;
        letter["raw"] = json!(line(letters));
        std::fs::write(&path, letter.to_string() + "\n").unwrap();
    }
    let report = world.command("redrive").args(["--exclude", "a.*"]).run().json(0);
    assert_eq!((&report["loaded"], &report["left_out"]), (&1.into(), &1.into()), "{report}");
    assert_eq!(world.dead_letters().await, ["a.json.0000.ndjson"]);
    assert_eq!(world.command("redrive").run().json(0)["loaded"], 1);
    assert_eq!(world.uids().await, ["a.json", "b.json"]);
}

#[tokio::test]
async fn shards_leave_out_the_same() {
    let world = World::from_folder(Destination::Sql(mlops_testkit::mysql().database().await));
    for day in 1..=6 {
        for key in ["hh=05/a.json", "hh=05/.b.json", "no/c.json"] {
            let key = format!("dt=2026-01-{day:02}/{key}");
            world.put(&key, line(&key)).await;
        }
    }
    let mut loaded = 0;
    for shard in 0..3 {
        let report = world.run_with(&["--shard", &format!("{shard}/3"), "--exclude", "*/no/**"]);
        loaded += report["loaded"].as_u64().unwrap();
        assert_eq!(report["left_out"]["folders"], 6, "{report}");
    }
    assert_eq!(loaded, 6);
}
