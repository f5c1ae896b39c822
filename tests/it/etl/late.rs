//! Objects that come late, or in an unusual place, and how little a run does that finds nothing
//! new.

use std::time::Duration;

use mlops_testkit::{Calls, Fault, Faults, s3};

use super::world::{Destination, World, line, line_at};

fn age(world: &World, key: &str, seconds: u64) {
    let file =
        std::fs::File::options().write(true).open(format!("{}/{key}", world.location)).unwrap();
    let modified = file.metadata().unwrap().modified().unwrap();
    file.set_modified(modified - Duration::from_secs(seconds)).unwrap();
}

async fn check_keys(world: World) {
    world.put("dt=2026-01-01/hh=05/m.json", line("first")).await;
    world.put("m.json", line("flat")).await;
    world.run();
    // In the same second, with smaller keys and with larger ones, in new folders before and after.
    for (i, key) in ["dt=2026-01-01/hh=05/a.json", "dt=2026-01-01/hh=05/z.json", "a.json", "z.json"]
        .iter()
        .enumerate()
    {
        world.put(key, line(i)).await;
    }
    for key in [
        "dt=2025-01-01/hh=05/x.json",
        "dt=2026-01-01/hh=04/x.json",
        "dt=2026-02-01/x.json",
        "deep/er/x.json",
    ] {
        world.put(key, line(key)).await;
    }
    let report = world.run();
    assert_eq!((&report["objects"], &report["loaded"]), (&8.into(), &8.into()), "{report}");
    // The same key with another content is another object.
    world.put("a.json", line("again")).await;
    let report = world.run();
    assert_eq!((&report["objects"], &report["loaded"]), (&1.into(), &1.into()), "{report}");
    assert_eq!(world.run()["objects"], 0);
    assert_eq!(world.uids().await.len(), 11);
}

#[tokio::test]
async fn any_key_is_found_in_a_folder() {
    check_keys(World::local()).await;
}

#[tokio::test]
async fn any_key_is_found_in_a_bucket() {
    check_keys(World::from_s3(Destination::mysql().await).await).await;
    check_keys(World::from_s3(Destination::moto()).await).await;
}

#[tokio::test]
async fn an_object_with_an_early_time_is_found() {
    let world = World::local();
    world.put("dt=2026-01-01/hh=05/a.json", line("a")).await;
    world.run();
    // As an upload in parts has, which is dated by its beginning.
    world.put("dt=2026-01-01/hh=05/b.json", line("b")).await;
    age(&world, "dt=2026-01-01/hh=05/b.json", 50_000);
    assert_eq!(world.run()["loaded"], 1);
}

#[tokio::test]
async fn what_is_still_written_is_left_to_the_next_run() {
    let world = World::local();
    world.put("dt=2026-01-01/hh=05/old.json", line("old")).await;
    age(&world, "dt=2026-01-01/hh=05/old.json", 600);
    world.put("dt=2026-01-01/hh=05/new.json", line("new")).await;
    let report = world.run_with(&["--settle", "5m"]);
    assert_eq!(report["loaded"], 1, "{report}");
    // However often it was looked at before, the partition is not taken for done.
    world.run_with(&["--settle", "5m"]);
    assert_eq!(world.run()["loaded"], 1);
}

async fn check_sealed(world: World) {
    for hour in 0..3 {
        world.put(&format!("dt=2026-01-01/hh={hour:02}/a.json"), line(hour)).await;
    }
    world.run();
    let report = world.run();
    assert_eq!(report["partitions"]["sealed"], 3, "{report}");
    let status = world.command("status").run().json(0);
    assert_eq!(
        (&status["open_partitions"], &status["objects"]),
        (&0.into(), &3.into()),
        "{status}"
    );

    // Late by more than the lookback, in a folder that was not there: it is found at once.
    world.put("dt=2025-12-01/hh=01/later.json", line("later")).await;
    assert_eq!(world.run()["loaded"], 1);
    // And in a sealed partition.
    world.put("dt=2026-01-01/hh=01/late.json", line("late")).await;
    assert_eq!(world.run()["objects"], 0, "an ordinary run looks into open partitions only");
    let report = world.run_with(&["--audit"]);
    assert_eq!((&report["loaded"], &report["already_there"]), (&1.into(), &1.into()), "{report}");
    assert_eq!(world.uids().await.len(), 5);
    world.run();
    let status = world.command("status").run().json(0);
    assert_eq!(
        (&status["open_partitions"], &status["objects"]),
        (&0.into(), &5.into()),
        "{status}"
    );
}

#[tokio::test]
async fn a_sealed_partition_is_opened_by_a_late_object() {
    check_sealed(World::local()).await;
    check_sealed(World::from_folder(Destination::mysql().await)).await;
    check_sealed(World::from_folder(Destination::dynalite())).await;
}

#[tokio::test]
async fn an_audit_comes_by_itself_in_time() {
    let world = World::local();
    world.put("dt=2026-01-01/hh=05/a.json", line("a")).await;
    world.run();
    world.run();
    world.put("dt=2026-01-01/hh=05/late.json", line("late")).await;
    assert_eq!(world.run_with(&["--audit-every", "1h"])["loaded"], 0);
    assert_eq!(world.run_with(&["--audit-every", "0"])["loaded"], 0, "0 is never");
    assert_eq!(world.run_with(&["--audit-every", "1ms"])["loaded"], 1);
}

/// A key such as applications make of random numbers.
fn hex_key(number: u64) -> String {
    format!("{:016x}.json", number.wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

async fn check_flat(world: World, objects: u64, partitions: u64) {
    for i in 0..objects {
        world.put(&hex_key(i), line(i)).await;
    }
    world.put("-odd.json", line("odd")).await;
    world.put("Upper.json", line("upper")).await;
    world.put("~last.json", line("last")).await;
    world.put("sub/folder.json", line("folder")).await;
    world.put("dt=2026-01-01/hh=05/x.json", line("hour")).await;
    let report = world.run();
    assert_eq!(report["loaded"], objects + 5, "{report}");
    assert_eq!(report["partitions"]["read"], partitions, "{report}");
    assert_eq!(world.run()["objects"], 0);
    world.put(&hex_key(objects), line("new")).await;
    world.put("dt=2026-01-01/hh=06/y.json", line("new hour")).await;
    let report = world.run();
    assert_eq!(report["objects"], 2, "{report}");
    assert_eq!(world.uids().await.len() as u64, objects + 7);
}

#[tokio::test]
async fn random_keys_in_one_folder_are_split_by_their_first_character() {
    check_flat(World::local(), 1100, 19 + 2).await;
    // Of a server that is not AWS no order is known: the folder stays whole.
    check_flat(World::from_s3(Destination::mysql().await).await, 1100, 1 + 2).await;
}

#[tokio::test]
async fn a_folder_that_grows_past_a_page_stays_whole_and_loses_nothing() {
    let world = World::local();
    for i in 0..900 {
        world.put(&hex_key(i), line(i)).await;
    }
    let report = world.run();
    assert_eq!(
        (&report["loaded"], &report["partitions"]["read"]),
        (&900.into(), &1.into()),
        "{report}"
    );
    for i in 900..1500 {
        world.put(&hex_key(i), line(i)).await;
    }
    let report = world.run();
    assert_eq!((&report["loaded"], &report["already_there"]), (&600.into(), &0.into()), "{report}");
    assert_eq!(world.run()["objects"], 0);
    assert_eq!(world.uids().await.len(), 1500);
}

#[tokio::test]
async fn a_run_with_nothing_new_lists_the_open_partitions_only() {
    let faults = Faults::start(&s3().endpoint);
    let world = World::from_s3(Destination::mysql().await).await.s3_through(&faults.endpoint);
    for day in 1..=5 {
        for hour in 0..4 {
            let time = format!("2026-01-{day:02} {hour:02}:00:00");
            world
                .put(
                    &format!("dt=2026-01-{day:02}/hh={hour:02}/a.json"),
                    line_at(format!("{day}-{hour}"), &time),
                )
                .await;
        }
    }
    // Loads; seals; notes which folders are past.
    for _ in 0..3 {
        world.run();
    }
    faults.clear();
    // Counting needs a rule; this one never comes to pass.
    faults.inject("ListObjectsV2", Calls::After(1_000_000), Fault::Drop);
    assert_eq!(world.run()["objects"], 0);
    // The root, and the days that the lookback before the watermark reaches.
    assert_eq!(faults.calls("ListObjectsV2"), 1 + 3);
    assert_eq!(faults.calls("GetObject"), 0);

    world.put("dt=2026-01-05/hh=09/a.json", line("new")).await;
    assert_eq!(world.run()["loaded"], 1);
}
