//! Logs in every form that is accepted, loaded once however often the job runs.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::world::{World, line};

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

async fn fill(world: &World) {
    world.put("dt=2026-01-01/hh=05/one.json", line("one")).await;
    world.put("dt=2026-01-01/hh=05/empty.json", "").await;
    world
        .put("dt=2026-01-01/hh=06/lines.ndjson", format!("{}\n\n{}\r\n", line("a"), line("b")))
        .await;
    world.put("dt=2026-01-01/hh=06/again.ndjson", format!("{}\n{}\n", line("b"), line("c"))).await;
    world.put("members.ndjson.gz", [gzip(&(line("d") + "\n")), gzip(&line("e"))].concat()).await;
    world.put("frames.zst", zstd::encode_all(line("f").as_bytes(), 3).unwrap()).await;
    world
        .put(
            "pretty.json",
            "\u{FEFF}{\n \"input\": {\"uid\": \"g\"},\n \"output\": {\"logging_epoch\": 1795412040.5}\n}\n",
        )
        .await;
    world
        .put(
            "python.log",
            "{'input': {'uid': \"o'g\", 'x': nan}, 'output': {'logging_timestamp': '2026-01-01 00:00:00'}}",
        )
        .await;
    world
        .put(
            "named-by-its-key.json",
            r#"{"output": {"logging_timestamp": "2026-01-01T00:00:00Z"}}"#,
        )
        .await;
}

const UIDS: [&str; 10] = ["a", "b", "c", "d", "e", "f", "g", "named-by-its-key", "o'g", "one"];

async fn check(world: World) {
    fill(&world).await;
    let first = world.job().run().json(0);
    for (field, count) in
        [("objects", 9), ("records", 11), ("loaded", 10), ("already_there", 1), ("bad", 0)]
    {
        assert_eq!(first[field], count, "{field} of {first}");
    }
    assert_eq!(first["watermark"], "2026-11-23 05:34:00.500000", "{first}");
    assert_eq!(world.uids().await, UIDS);

    let second = world.job().run().json(0);
    assert_eq!((&second["objects"], &second["loaded"]), (&0.into(), &0.into()), "{second}");
    assert_eq!(second["watermark"], first["watermark"]);
    assert_eq!(world.uids().await, UIDS);
    let verified = world.command("verify").run().json(0);
    assert_eq!((&verified["records"], &verified["equal"]), (&11.into(), &11.into()), "{verified}");
}

#[tokio::test]
async fn every_form_is_loaded_once_from_a_folder_into_sqlite() {
    check(World::local()).await;
}

#[tokio::test]
async fn every_form_is_loaded_once_from_s3_into_mysql() {
    check(World::cloud().await).await;
}

#[tokio::test]
async fn a_prefix_narrows_what_is_loaded() {
    let world = World::local();
    fill(&world).await;
    let report = world.job().args(["--prefix", "dt=2026-01-01/hh=06/"]).run().json(0);
    assert_eq!(report["objects"], 2, "{report}");
    assert_eq!(world.uids().await, ["a", "b", "c"]);
}

#[tokio::test]
async fn many_records_in_few_and_in_many_objects_are_all_loaded() {
    let world = World::local();
    for part in 0..3 {
        let lines: String = (0..2500).map(|i| line(format!("{part}-{i}")) + "\n").collect();
        world.put(&format!("part-{part}.ndjson"), lines).await;
    }
    for i in 0..1500 {
        world.put(&format!("{i:02x}/{i}.json"), line(format!("single-{i}"))).await;
    }
    let report = world.job().args(["--concurrency", "7"]).run().json(0);
    assert_eq!((&report["objects"], &report["loaded"]), (&1503.into(), &9000.into()), "{report}");
    assert_eq!(world.uids().await.len(), 9000);
}

#[tokio::test]
async fn an_empty_folder_is_nothing_to_do() {
    let world = World::local();
    std::fs::create_dir_all(&world.location).unwrap();
    let report = world.job().run().json(0);
    assert_eq!(
        (&report["objects"], &report["watermark"]),
        (&0.into(), &serde_json::Value::Null),
        "{report}"
    );
}

#[tokio::test]
async fn settings_may_stand_in_a_file() {
    let world = World::local();
    fill(&world).await;
    let settings = format!(
        "logs = '{}'\n[etl-mysql]\nprefix = 'dt=2026-01-01'\noutput = 'json'\n",
        world.location
    );
    std::fs::write(world.folder.path().join("mlops.toml"), settings).unwrap();
    let job = mlops_testkit::Job::new(env!("CARGO_BIN_EXE_etl-mysql")).within(world.folder.path());
    let report = job.run().json(0);
    assert_eq!(report["objects"], 4, "{report}");
    // The default database lies in the working folder.
    assert_eq!(world.uids().await, ["a", "b", "c", "one"]);
}

#[tokio::test]
async fn people_get_a_table() {
    let world = World::local();
    fill(&world).await;
    let ended = world.job().args(["--output", "human"]).run();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let row = |name: &str, count: &str| {
        ended
            .stdout
            .lines()
            .any(|line| line.trim_start().starts_with(name) && line.trim_end().ends_with(count))
    };
    assert!(
        row("loaded", " 10") && row("already there", " 1") && row("bad", " 0"),
        "{}",
        ended.stdout
    );
}
