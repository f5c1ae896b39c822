//! Folders that grow, move, and are written in several ways.

use serde_json::Value;

use super::world::{Destination, World, line, line_at};

fn counts(world: &World) -> [Value; 3] {
    let status = world.command("status").run().json(0);
    ["objects", "records", "bad"].map(|name| status[name].clone())
}

async fn check_growth(destination: Destination) {
    let world = World::from_folder(destination);
    let mut count = 0;
    // Past the number of objects at which a new folder is split, and with subfolders.
    for to in [10, 990, 1010, 1300] {
        for i in count..to {
            let body = if i % 100 == 0 { format!("{}\nbad", line(i)) } else { line(i) };
            world.put(&format!("{:x}.json", i * 7919), body).await;
        }
        for name in ["sub", "other/deep", "x/y/z"] {
            world.put(&format!("{name}/{to}.json"), line(format!("{name}-{to}"))).await;
        }
        count = to;
        let report = world.run_with(&["--max-bad-ratio", "1"]);
        assert_eq!(report["already_there"], 0, "{report}");
        assert_eq!(world.run()["objects"], 0);
    }
    let (objects, bad) = (1300 + 12, 13usize);
    assert_eq!(counts(&world), [objects, objects + bad, bad].map(Value::from));
    assert_eq!(world.dead_letters().await.len(), 13);
    assert_eq!(world.uids().await.len(), objects);
    let audit = world.run_with(&["--audit"]);
    assert_eq!(audit["objects"], 0, "{audit}");
    assert_eq!(counts(&world)[0], objects);
}

#[tokio::test]
async fn the_books_stay_exact_while_a_folder_grows() {
    check_growth(Destination::sqlite()).await;
    check_growth(Destination::moto()).await;
}

#[tokio::test]
async fn folders_beside_many_objects_are_loaded_again_and_again() {
    let world = World::local();
    for i in 0..1200 {
        world.put(&format!("{:x}.json", i * 7919), line(i)).await;
    }
    for round in 0..4 {
        for name in ["a", "0a/b", "zz/dt=2026-01-01"] {
            world.put(&format!("{name}/{round}.json"), line(format!("{name}-{round}"))).await;
        }
        let report = world.run();
        let new = if round == 0 { 1203 } else { 3 };
        assert_eq!((&report["objects"], &report["loaded"]), (&new.into(), &new.into()), "{report}");
    }
    assert_eq!(counts(&world)[0], 1212);
}

#[tokio::test]
async fn one_folder_is_one_pipeline_however_it_is_written() {
    let mut world = World::local();
    world.put("a.json", line("a")).await;
    world.run();
    let root = world.folder.path().to_owned();
    std::os::unix::fs::symlink(root.join("logs"), root.join("link")).unwrap();
    let absolute = root.join("logs").display().to_string();
    for logs in [
        "logs",
        "logs/",
        "./logs",
        "logs/../logs",
        "link",
        &absolute,
        &format!("{absolute}/"),
        &format!("file://{absolute}"),
    ] {
        world.location = logs.to_owned();
        let report = world.command("run").within(&root).run().json(0);
        assert_eq!(report["objects"], 0, "{logs}: {report}");
    }
}

#[tokio::test]
async fn the_books_under_an_old_name_are_found() {
    let world = World::local();
    world.put("a.json", line("a")).await;
    // As earlier releases named the pipeline of `--logs DIR/`.
    let old = format!("{}/", world.location);
    world.run_with(&["--pipeline", &old]);
    let report = world.run();
    assert_eq!(report["objects"], 0, "{report}");
    assert_eq!(world.command("status").run().json(0)["pipeline"], old.as_str());
}

#[tokio::test]
async fn numbers_of_customers_are_no_dates() {
    let world = World::local();
    let layouts = [
        "1042/",
        "2019/",
        "20190131/",
        "1042/20190131/",
        "2019/07/",
        "id=20190131/",
        "9999/12/31/",
    ];
    for round in 0..3 {
        for layout in layouts {
            world.put(&format!("{layout}{round}.json"), line(format!("{layout}{round}"))).await;
        }
        let report = world.run();
        assert_eq!(report["loaded"], layouts.len(), "{report}");
        assert_eq!(world.run()["partitions"]["sealed"], 0);
    }
}

#[tokio::test]
async fn a_pattern_says_which_folders_are_dates() {
    let world = World::local();
    let by = ["--partition-by", "{*}/%Y%m%d/%H"];
    world.put("1042/20190131/07/a.json", line("a")).await;
    world.put("dt=2019-01-31/b.json", line("b")).await;
    world.run_with(&by);
    let report = world.run_with(&by);
    assert_eq!(report["partitions"]["sealed"], 1, "{report}");
    world.ended(&["--partition-by", "%Y"]).check_failed(2, &["no %m"]);
    // Without the pattern the folder has no date: an audit opens it again, once.
    world.put("1042/20190131/07/late.json", line("late")).await;
    let report = world.run_with(&["--audit"]);
    assert_eq!((&report["loaded"], &report["already_there"]), (&1.into(), &1.into()), "{report}");
    world.put("1042/20190131/07/later.json", line("later")).await;
    assert_eq!(world.run()["loaded"], 1);
    assert_eq!(world.run()["partitions"]["read"], 0);
}

#[tokio::test]
async fn records_of_another_time_do_not_blind_the_lag() {
    let world = World::local();
    let now = "2026-06-01 12:00:00";
    let times = [
        "2099-01-01 00:00:00",
        "1970-01-01 00:00:00",
        "2026-06-01 11:00:00",
        "2026-06-01 12:30:00",
    ];
    let lines = times.iter().enumerate().map(|(i, time)| line_at(i, time)).collect::<Vec<_>>();
    world.put("a.ndjson", lines.join("\n")).await;
    let report = world.command_at("run", now).run().json(0);
    assert_eq!(report["outliers"], serde_json::json!({"future": 1, "past": 1}), "{report}");
    assert_eq!(
        (&report["loaded"], &report["watermark"]),
        (&4.into(), &"2026-06-01 12:30:00.000000".into()),
        "{report}"
    );
    let status = world.command_at("status", now).run().json(0);
    assert_eq!(status["watermark"], "2026-06-01 12:30:00.000000", "{status}");
}
