//! Several processes that share the work, as the children of an AWS Batch array job do.

use mlops_testkit::{Calls, Fault, Faults, end, s3};
use serde_json::Value;

use super::world::{Destination, World, line};

fn start_shard(world: &World, index: u32, count: u32) -> std::process::Child {
    let (index, count) = (index.to_string(), count.to_string());
    let job = world
        .command("run")
        .env("AWS_BATCH_JOB_ARRAY_INDEX", &index)
        .env("AWS_BATCH_JOB_ARRAY_SIZE", &count);
    job.env("AWS_BATCH_JOB_ID", &format!("array-{count}:{index}")).start()
}

fn run_shards(world: &World, count: u32) -> Vec<Value> {
    let children: Vec<_> = (0..count).map(|index| start_shard(world, index, count)).collect();
    children.into_iter().map(|child| end(child).json(0)).collect()
}

fn sum(reports: &[Value], field: &str) -> u64 {
    reports.iter().map(|report| report[field].as_u64().unwrap()).sum()
}

async fn fill(world: &World, round: &str) {
    for day in 1..=2 {
        for hour in 0..12 {
            let lines: String =
                (0..20).map(|i| line(format!("{round}-{day}-{hour}-{i}")) + "\n").collect();
            world.put(&format!("dt=2026-01-{day:02}/hh={hour:02}/{round}.ndjson"), lines).await;
        }
    }
}

async fn check(destination: Destination) {
    let faults = Faults::start(&s3().endpoint);
    let world = World::from_s3(destination).await.s3_through(&faults.endpoint);
    world.command("status").run().json(0);
    fill(&world, "a").await;
    faults.inject("ListObjectsV2", Calls::After(1_000_000), Fault::Drop);
    let reports = run_shards(&world, 4);
    assert_eq!((sum(&reports, "objects"), sum(&reports, "loaded")), (24, 480), "{reports:?}");
    assert!(
        reports.iter().filter(|report| report["objects"] != 0).count() >= 3,
        "the work is shared: {reports:?}"
    );
    // Each lists the root and the days, and the hours are listed once in all.
    assert_eq!(faults.calls("ListObjectsV2"), 4 * 3 + 24);
    assert_eq!(faults.calls("GetObject"), 24);
    assert_eq!(world.uids().await.len(), 480);

    // Another number of shards finds the same books.
    fill(&world, "b").await;
    let reports = run_shards(&world, 3);
    assert_eq!((sum(&reports, "objects"), sum(&reports, "loaded")), (24, 480), "{reports:?}");
    let whole = world.run();
    assert_eq!(whole["objects"], 0, "{whole}");
    let status = world.command("status").run().json(0);
    assert_eq!((&status["objects"], &status["records"]), (&48.into(), &960.into()), "{status}");
    assert_eq!(world.command("verify").run().json(0)["equal"], 960);
}

#[tokio::test]
async fn four_processes_at_once_load_everything_once_into_mysql() {
    check(Destination::mysql().await).await;
}

#[tokio::test]
async fn four_processes_at_once_load_everything_once_into_dynamodb() {
    check(Destination::moto()).await;
}

#[tokio::test]
async fn random_keys_are_shared_by_their_ranges() {
    let world = World::from_folder(Destination::mysql().await);
    for i in 0..1200u64 {
        world.put(&format!("{:016x}.json", i.wrapping_mul(0x9E37_79B9_7F4A_7C15)), line(i)).await;
    }
    world.command("status").run().json(0);
    let reports = run_shards(&world, 4);
    assert_eq!((sum(&reports, "objects"), sum(&reports, "loaded")), (1200, 1200), "{reports:?}");
    assert!(reports.iter().all(|report| report["objects"] != 0), "{reports:?}");
}

#[test]
fn a_part_that_there_is_not_is_a_usage_error() {
    let world = World::local();
    world.ended(&["--shard", "4/4"]).check_failed(2, &["0/4, 1/4"]);
    let job = world
        .command("run")
        .env("AWS_BATCH_JOB_ARRAY_INDEX", "7")
        .env("AWS_BATCH_JOB_ARRAY_SIZE", "2");
    job.run().check_failed(2, &["AWS_BATCH_JOB_ARRAY_INDEX is 7"]);
}

/// Keys of a layout that a seed chooses.
fn random_keys(seed: u64, count: usize) -> Vec<String> {
    let parts =
        ["1042", "eu", "dt=2026-01-01", "hh=05", "2026", "01", "20190131", "x=y", "2026-02-03"];
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) + 1;
    let mut next = |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let key = |number: usize| {
        let depth = next(5);
        let folders: String =
            (0..depth).map(|_| format!("{}/", parts[next(parts.len())])).collect();
        format!("{folders}{:x}-{number}.json", next(1 << 16))
    };
    (0..count).map(key).collect()
}

#[tokio::test]
async fn shards_see_the_same_objects_as_one_job_in_every_layout() {
    for seed in 0..6 {
        let world = World::from_folder(Destination::mysql().await);
        let count = if seed == 0 { 1300 } else { 200 };
        let keys = random_keys(seed, count);
        for (number, key) in keys.iter().enumerate() {
            world.put(key, line(number)).await;
        }
        world.command("status").run().json(0);
        let reports = run_shards(&world, 3);
        assert_eq!(sum(&reports, "objects"), count as u64, "seed {seed}: {reports:?}");
        assert_eq!(world.run()["objects"], 0, "seed {seed}");
        // Sealed partitions get objects, which the audits of the shards find.
        run_shards(&world, 3);
        for (number, key) in keys.iter().step_by(20).enumerate() {
            world.put(&format!("{key}.late.json"), line(format!("late-{number}"))).await;
        }
        let audit = |index: usize| {
            let shard = format!("{index}/3");
            world.run_with(&["--audit", "--shard", &shard])["loaded"].as_u64().unwrap()
        };
        let late = keys.iter().step_by(20).count();
        assert_eq!((0..3).map(audit).sum::<u64>(), late as u64, "seed {seed}");
        assert_eq!(world.uids().await.len(), count + late, "seed {seed}");
    }
}
