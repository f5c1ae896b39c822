//! Bad records: counted, set aside whole, and never in the way of good ones.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures_util::TryStreamExt;
use mlops_core::ports::ObjectStore;
use serde_json::Value;

use crate::world::{World, line};

/// The dead letters in the order of their objects.
pub(crate) async fn letters(world: &World) -> Vec<Value> {
    let keys: Vec<String> =
        world.dead_letters.list("").map_ok(|object| object.key).try_collect().await.unwrap();
    let mut letters = Vec::new();
    for key in keys {
        let body: Vec<bytes::Bytes> =
            world.dead_letters.get(&key).await.unwrap().try_collect().await.unwrap();
        for line in String::from_utf8(body.concat()).unwrap().lines() {
            letters.push(serde_json::from_str(line).unwrap());
        }
    }
    letters
}

async fn check(world: World) {
    world
        .put(
            "a/bad.ndjson",
            [b"upstream timed out\n", line("x").as_bytes(), b"\n{\"input\": \"\xFF\"}\n"].concat(),
        )
        .await;
    world.put("b/cut.json", &line("y").as_bytes()[..50]).await;
    world.put("c/good.json", line("z")).await;
    let report = world.job().args(["--max-bad-ratio", "1"]).run().json(0);
    assert_eq!(
        (&report["records"], &report["loaded"], &report["bad"]),
        (&5.into(), &2.into(), &3.into()),
        "{report}"
    );
    assert_eq!(world.uids().await, ["x", "z"]);

    let found = letters(&world).await;
    let [timeout, not_utf8, cut] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((&timeout["object"], &timeout["line"]), (&"a/bad.ndjson".into(), &1.into()));
    assert_eq!(timeout["raw"], "upstream timed out");
    assert!(timeout["reason"].as_str().unwrap().contains("unknown word `upstream`"), "{timeout}");
    assert_eq!((&not_utf8["line"], &not_utf8["raw"]), (&3.into(), &Value::Null), "{not_utf8}");
    let raw = BASE64_STANDARD.decode(not_utf8["raw_base64"].as_str().unwrap()).unwrap();
    assert_eq!(raw, b"{\"input\": \"\xFF\"}");
    assert_eq!((&cut["object"], &cut["raw"]), (&"b/cut.json".into(), &line("y")[..50].into()));

    world.job().args(["--max-bad-ratio", "1"]).run().json(0);
    assert_eq!(
        letters(&world).await,
        found,
        "a second run sets the same records aside under the same names"
    );
}

#[tokio::test]
async fn bad_records_are_set_aside_beside_a_folder() {
    check(World::local()).await;
}

#[tokio::test]
async fn bad_records_are_set_aside_beside_a_prefix() {
    check(World::cloud().await).await;
}

#[tokio::test]
async fn more_bad_records_than_allowed_end_the_job_with_65_after_loading_the_good() {
    let world = World::local();
    let good: String = (0..18).map(|uid| line(uid) + "\n").collect();
    world.put("log.ndjson", good + "bad\nbad\n").await;
    let report = world.job().args(["--max-bad-ratio", "0.09"]).run().json(65);
    assert_eq!(report["bad"], 2, "{report}");
    assert_eq!(world.uids().await.len(), 18);
    let report = world.job().args(["--max-bad-ratio", "0.1", "--pipeline", "again"]).run().json(0);
    assert_eq!((&report["bad"], &report["already_there"]), (&2.into(), &18.into()), "{report}");
}

#[tokio::test]
async fn a_source_of_bad_lines_only_is_set_aside_in_parts() {
    let world = World::local();
    let bad: String = (0..20_000)
        .map(|i| format!("line {i} is no record and takes some room to say so\n"))
        .collect();
    world.put("log.txt", bad).await;
    let report = world.job().run().json(65);
    assert_eq!(report["bad"], 20_000, "{report}");
    let keys: Vec<String> =
        world.dead_letters.list("").map_ok(|object| object.key).try_collect().await.unwrap();
    assert!(keys.len() > 1 && keys[0] == "log.txt.0000.ndjson", "{keys:?}");
    let found = letters(&world).await;
    assert!(
        found.iter().enumerate().all(|(i, letter)| letter["line"] == i as u64 + 1),
        "a line is missing"
    );
    assert_eq!(found.len(), 20_000);
}
