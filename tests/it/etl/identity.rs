//! Uids that several records have, and records under the uids of earlier releases.

use serde_json::{Value, json};

use super::world::{Destination, World, line, line_at};

/// The reasons of the dead letters, by their objects.
async fn reasons(world: &World) -> Vec<(String, String)> {
    let mut reasons = Vec::new();
    for letter in letters(world).await {
        let text = |name: &str| letter[name].as_str().unwrap().to_owned();
        reasons.push((text("object"), text("reason")));
    }
    reasons.sort();
    reasons
}

async fn letters(world: &World) -> Vec<Value> {
    let mut letters = Vec::new();
    for key in world.dead_letters().await {
        let path = format!("{}-dead-letters/{key}", world.location);
        let lines = std::fs::read_to_string(path).unwrap();
        letters.extend(lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()));
    }
    letters
}

fn other(uid: impl std::fmt::Display) -> String {
    line(uid).replace("0.25", "0.75")
}

async fn check_conflicts(world: World) {
    // One transaction; several, as a thousand records are one.
    world.put("a/request.json", line("same")).await;
    world.put("b/request.json", other("same")).await;
    let many: String = (0..2500).map(|uid| line(uid) + "\n").collect();
    world.put("c/many.ndjson", many + &other(7) + "\n").await;
    let run = |arguments: &[&str]| {
        world.ended(&[&["--max-bad-ratio", "1", "--concurrency", "1"], arguments].concat()).json(0)
    };
    let report = run(&[]);
    assert_eq!((&report["loaded"], &report["conflicts"]), (&2501.into(), &2.into()), "{report}");
    let found = reasons(&world).await;
    let [(first, both), (second, within)] = found.as_slice() else { panic!("{found:?}") };
    let (kept, conflicting) = match first.as_str() {
        "a/request.json" => ("b/request.json", "a/request.json"),
        _ => ("a/request.json", "b/request.json"),
    };
    assert_eq!(first, conflicting);
    assert_eq!(
        *both,
        format!("the uid `same` is also in `{kept}`, line 1, with another content, which was kept")
    );
    assert_eq!(second, "c/many.ndjson");
    assert_eq!(
        within,
        "the uid `7` is also in `c/many.ndjson`, line 8, with another content, which was kept"
    );

    // In another run, the day of the record that is there.
    world.put("d/late.json", line_at("same", "2026-05-06 07:08:09")).await;
    world.put("e/late.json", other("new")).await;
    world.put("f/again.ndjson", line("new") + "\n" + &line(3) + "\n").await;
    let report = run(&[]);
    assert_eq!(report["conflicts"], 2, "{report}");
    let found = reasons(&world).await;
    let of = |object: &str| &found.iter().find(|(key, _)| key == object).unwrap().1;
    assert_eq!(
        of("d/late.json"),
        "the uid `same` was loaded before, from the logs of 2026-01-01, with another content, which was kept"
    );
    let new = found.iter().filter(|(_, reason)| reason.contains("`new` is also in")).count();
    assert_eq!(new, 1, "{found:?}");
}

#[tokio::test]
async fn a_dead_letter_of_a_uid_names_the_other_object_or_its_day() {
    check_conflicts(World::local()).await;
    check_conflicts(World::from_folder(Destination::mysql().await)).await;
    check_conflicts(World::from_folder(Destination::moto())).await;
}

#[tokio::test]
async fn a_repair_names_the_other_record_too() {
    let world = World::local();
    world.put("a.ndjson", line("a") + "\n" + &other("a") + "\n").await;
    let report = world.command("verify").args(["--repair"]).run().json(1);
    assert_eq!(report["repaired"], 1, "{report}");
    let found = reasons(&world).await;
    let expected =
        "the uid `a` is also in `a.ndjson`, line 1, with another content, which was kept";
    assert_eq!(found, [("a.ndjson".to_owned(), expected.to_owned())]);
}

async fn check_redrive(world: World) {
    let unnamed = r#"{"input":{"score":0.25},"output":{"logging_timestamp":"2026-01-01"}}"#;
    world.put("scorer.json", unnamed).await;
    world.run();
    // An earlier release stored `scorer.0a11.json` under the uid `scorer`, and left a dead letter.
    std::fs::remove_file(format!("{}/scorer.json", world.location)).unwrap();
    world.put("scorer.0a11.json", unnamed).await;
    let folder = format!("{}-dead-letters", world.location);
    std::fs::create_dir_all(&folder).unwrap();
    let letter = json!({"object": "scorer.0a11.json", "line": 1, "reason": "the server was full",
        "raw": unnamed, "raw_bytes": unnamed.len()});
    std::fs::write(format!("{folder}/scorer.0a11.json.0000.ndjson"), letter.to_string()).unwrap();
    let report = world.command("redrive").run().json(0);
    assert_eq!((&report["loaded"], &report["already_there"]), (&0.into(), &1.into()), "{report}");
    assert_eq!(world.uids().await, ["scorer"]);
    assert_eq!(world.dead_letters().await, [""; 0]);
    assert_eq!(world.run()["already_there"], 1);
    world.command("verify").run().json(0);
}

#[tokio::test]
async fn redrive_knows_a_record_under_the_uid_of_an_earlier_release() {
    check_redrive(World::local()).await;
    check_redrive(World::from_folder(Destination::moto())).await;
}
