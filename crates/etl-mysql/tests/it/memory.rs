//! Memory that neither the size of a record, nor what it holds, nor the number of such objects moves.

use std::io::Write;

use mlops_testkit::Job;

use crate::world::World;

const LIMIT_BYTES: u64 = 128 << 20;

/// A line of 14 MB with 7 million numbers.
fn numbers(uid: usize) -> String {
    format!(
        r#"{{"input":{{"uid":"u{uid}","v":[{}1]}},"output":{{"logging_timestamp":"2026-01-01"}}}}"#,
        "1,".repeat(7_000_000)
    ) + "\n"
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn bzip2(text: &str) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[track_caller]
fn check(what: &str, job: Job, records: usize) {
    let (ended, peak_bytes) = job.run_watched();
    assert_eq!(ended.json(0)["records"], records, "{what}");
    assert!(peak_bytes <= LIMIT_BYTES, "{what}: {} MB", peak_bytes >> 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_millions_of_numbers_fit_in_128_mb() {
    let world = World::local();
    world.put("one.json", (0..6).map(numbers).collect::<String>()).await;
    check("one object", world.job(), 6);
    let world = World::cloud().await;
    for object in 0..10 {
        world.put(&format!("{object}.json"), numbers(object)).await;
    }
    check("ten objects", world.job(), 10);
    check("verify", world.command("verify"), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn compressed_records_of_millions_of_numbers_fit_in_128_mb() {
    let world = World::local();
    let lines = |object: usize| numbers(object) + &numbers(1000 + object);
    for object in 0..3 {
        world.put(&format!("{object}.json.gz"), gzip(&lines(object))).await;
    }
    for object in 3..6 {
        let level_19 = zstd::encode_all(lines(object).as_bytes(), 19).unwrap();
        world.put(&format!("{object}.json.zst"), level_19).await;
    }
    world.put("6.json.bz2", bzip2(&lines(6))).await;
    check("compressed", world.job(), 14);
}
