//! SIGKILL under load: with `--durable` each uid that was answered is in S3, once.

use std::collections::BTreeMap;

use mlops_testkit::s3;

use crate::caller::Load;
use crate::logs::records;
use crate::service::{Service, job};
use crate::world::{World, uids};

/// Kills without a wish of the caller's.
const KILLS: usize = 15;

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_service_has_logged_all_that_it_answered_once() {
    #[expect(clippy::disallowed_methods, reason = "tests have no arguments")]
    let kills = std::env::var("SCORE_TEST_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let world = World::new();
    let bucket = s3().bucket().await;
    let logs = format!("s3://{bucket}");
    // Segments are short, so that kills come while they are written, closed, sent and deleted.
    let durable =
        ["--durable", "--logs", &logs, "--log-every", "20ms", "--log-batch-bytes", "16384"];
    let mut answered = Vec::new();
    for kill in 0..kills {
        let service = Service::start(job(&world, &durable).on(s3()));
        let load = Load::start(&service.address, 8);
        load.more(1 + kill * 37 % 150).await;
        service.kill();
        let loaded = load.end().await;
        assert_eq!(loaded.refused, [0u16; 0]);
        answered.extend(loaded.uids);
    }
    let service = Service::start(job(&world, &durable).on(s3()));
    service.wait_until("/ready", |answer| answer.json()["spooled_bytes"] == 0).await;
    assert_eq!(service.stop().0, 143);
    let mut logged: BTreeMap<String, usize> = BTreeMap::new();
    uids(&records(&bucket).await).into_iter().for_each(|uid| *logged.entry(uid).or_default() += 1);
    let lost: Vec<&String> = answered.iter().filter(|uid| !logged.contains_key(*uid)).collect();
    let doubled: Vec<(&String, &usize)> = logged.iter().filter(|(_, times)| **times > 1).collect();
    assert!(
        lost.is_empty() && doubled.is_empty(),
        "of {}: lost {lost:?}, doubled {doubled:?}",
        answered.len()
    );
    // Those who were not told may be there too, at most one a connection and kill.
    assert!(
        logged.len() <= answered.len() + 8 * kills,
        "{} logged, {} answered",
        logged.len(),
        answered.len()
    );
    println!(
        "{kills} kills: {} answered, all in S3 once; {} more were logged",
        answered.len(),
        logged.len() - answered.len()
    );
}
