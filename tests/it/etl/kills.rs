//! Jobs that are killed, again and again, at any moment.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Child;
use std::time::Duration;

use mlops_testkit::{Calls, Fault, Faults, end, moto_dynamo};
use serde_json::Value;

use super::world::{Destination, World, is_loading, line, line_at};

/// For each of the two jobs.
const KILLS: u64 = 100;

/// At least so many come while the run loads, and the others before it has begun or after it has
/// ended.
const IN_THE_MIDDLE: u64 = 30;

/// Numbers that look random, and are the same in every run of the test.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// What was put into the source.
#[derive(Default)]
struct Source {
    /// Each uid with the score of its record.
    records: BTreeMap<String, String>,
    objects: u64,
    lines: u64,
    bad_objects: BTreeSet<String>,
}

impl Source {
    /// One round's objects: single records, lines, a long object of several transactions, doubles
    /// and damage.
    async fn add_round(&mut self, world: &World, round: u64) {
        let time = format!("2026-01-{:02} {:02}:00:00", 1 + round / 10 % 28, round % 24);
        let folder = format!("dt=2026-01-{:02}/hh={:02}", 1 + round / 10 % 28, round % 24);
        for i in 0..10 {
            self.put(
                world,
                &format!("{folder}/{round}-{i}.json"),
                &[format!("single-{round}-{i}")],
                &time,
            )
            .await;
        }
        let lines: Vec<String> = (0..80).map(|i| format!("line-{round}-{i}")).collect();
        self.put(world, &format!("{folder}/{round}-lines.ndjson"), &lines, &time).await;
        self.put(world, &format!("{folder}/{round}-again.ndjson"), &lines[..20], &time).await;
        if round.is_multiple_of(5) {
            let many: Vec<String> = (0..3000).map(|i| format!("many-{round}-{i}")).collect();
            self.put(world, &format!("{folder}/{round}-many.ndjson"), &many, &time).await;
        }
        let bad = format!("{folder}/{round}-bad.json");
        world.put(&bad, "upstream timed out").await;
        self.objects += 1;
        self.lines += 1;
        self.bad_objects.insert(format!("{bad}.0000.ndjson"));
    }

    async fn put(&mut self, world: &World, key: &str, uids: &[String], time: &str) {
        let body: String = uids.iter().map(|uid| line_at(uid, time) + "\n").collect();
        world.put(key, body).await;
        self.objects += 1;
        self.lines += uids.len() as u64;
        self.records.extend(uids.iter().map(|uid| (uid.clone(), "0.25".to_owned())));
    }
}

fn start(world: &World) -> Child {
    world
        .command("run")
        .args(["--lease", "120ms", "--lookback", "0", "--max-bad-ratio", "1"])
        .start()
}

async fn check(world: World) {
    let mut numbers = Numbers(17);
    // Makes the tables.
    world.command("status").run().json(0);
    let mut source = Source::default();
    source.add_round(&world, KILLS).await;
    let seconds = |report: &Value| report["seconds"].as_f64().unwrap();
    let mut work = seconds(&end(start(&world)).json(0));
    let mut in_the_middle = 0;
    for kill in 0..KILLS {
        source.add_round(&world, kill).await;
        let mut runs = vec![start(&world)];
        if kill.is_multiple_of(4) {
            runs.push(start(&world));
        }
        // Most live until they load, and then for about as long as the last whole run took, on
        // whatever machine this is.
        let has_begun = !kill.is_multiple_of(5) && is_loading(&mut runs[0]);
        tokio::time::sleep(Duration::from_secs_f64(work * numbers.below(1000) as f64 / 1000.0))
            .await;
        for run in &mut runs {
            run.kill().unwrap();
        }
        let mut has_ended = false;
        for run in runs {
            let ended = end(run);
            assert!([0, 128 + 9].contains(&ended.code), "{}: {}", ended.code, ended.stderr);
            if ended.code == 0 {
                has_ended = true;
                work = seconds(&ended.json(0)).max(0.02);
            }
        }
        in_the_middle += u64::from(has_begun && !has_ended);
    }
    assert!(
        in_the_middle >= IN_THE_MIDDLE,
        "only {in_the_middle} kills came in the middle of the work"
    );

    let last = end(start(&world)).json(0);
    assert_eq!(last["lease_held_by"], Value::Null, "{last}");
    let records = world.records().await;
    let lost: Vec<&String> =
        source.records.keys().filter(|uid| !records.contains_key(*uid)).take(20).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
    assert!(records == source.records, "something is there that never was in the source");
    assert_eq!(world.dead_letters().await.into_iter().collect::<BTreeSet<_>>(), source.bad_objects);
    let status = world.command("status").run().json(0);
    assert_eq!(status["objects"], source.objects, "each object is in the books once: {status}");
    assert_eq!(status["records"], source.lines, "{status}");
    assert_eq!(status["bad"], source.bad_objects.len(), "{status}");
    let verified = world.command("verify").run().json(0);
    assert_eq!(verified["equal"], source.lines - source.bad_objects.len() as u64, "{verified}");
}

/// An object's last batch is written while its first is not.
#[tokio::test]
async fn an_object_of_several_batches_is_not_entered_before_its_first_is_written() {
    let faults = Faults::start(&moto_dynamo().endpoint);
    let world = World::from_folder(Destination::moto()).dynamo_through(&faults.endpoint);
    let lines: String = (0..2500).map(|i| line(i) + "\n").collect();
    world.put("dt=2026-01-01/hh=05/many.ndjson", lines).await;
    world.command("status").run().json(0);
    faults.inject("BatchWriteItem", Calls::First(1), Fault::Delay(Duration::from_secs(60)));
    let mut run = start(&world);
    while faults.calls("BatchWriteItem") < 2500 / 25 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    run.kill().unwrap();
    end(run);
    faults.clear();
    world.run_with(&["--lease", "120ms"]);
    assert_eq!(world.uids().await.len(), 2500);
}

#[tokio::test]
async fn a_hundred_kills_lose_and_double_nothing_in_mysql() {
    check(World::from_folder(Destination::mysql().await)).await;
}

#[tokio::test]
async fn a_hundred_kills_lose_and_double_nothing_in_dynamodb() {
    check(World::from_folder(Destination::dynalite())).await;
}
