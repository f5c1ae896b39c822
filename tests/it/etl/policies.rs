//! What becomes of records that are odd, the same in both destinations; and of those that are bad,
//! once they are mended.

use super::world::{Destination, World, line};

/// A record with this text as its score.
fn scored(uid: &str, score: &str) -> String {
    line(uid).replace("0.25", score)
}

async fn check_odd_numbers(world: World) {
    let lines = [
        scored("nan", "NaN"),
        scored("infinity", "-Infinity"),
        scored("many-digits", "0.12345678901234567890123456789012345678901234567890"),
        scored("large", "123456789012345678901234567890123456789012"),
        scored("integer", "9007199254740993"),
        scored("surrogate", r#""a\ud800b""#),
        scored("twice", r#"1, "score": 2"#),
    ];
    world.put("a.ndjson", lines.join("\n")).await;
    let report = world.run();
    assert_eq!((&report["loaded"], &report["bad"]), (&7.into(), &0.into()), "{report}");
    assert_eq!(world.command("verify").run().json(0)["equal"], 7);
}

#[tokio::test]
async fn odd_values_are_loaded_and_found_equal() {
    check_odd_numbers(World::local()).await;
    check_odd_numbers(World::from_folder(Destination::mysql().await)).await;
    check_odd_numbers(World::from_folder(Destination::moto())).await;
    check_odd_numbers(World::from_folder(Destination::dynalite())).await;
}

async fn check_conflict(world: World) {
    world.put("a.json", scored("same", "0.5")).await;
    world.put("b.json", scored("other", "0.5")).await;
    world.run();
    world
        .put(
            "c.ndjson",
            [scored("same", "0.50"), scored("other", "0.75"), scored("new", "1")].join("\n"),
        )
        .await;
    let report = world.run_with(&["--max-bad-ratio", "0.5"]);
    for (field, count) in
        [("records", 3), ("loaded", 1), ("already_there", 1), ("bad", 1), ("conflicts", 1)]
    {
        assert_eq!(report[field], count, "{field} of {report}");
    }
    assert_eq!(world.records().await["other"], "0.5", "what was first stays");
    assert_eq!(world.dead_letters().await, ["c.ndjson.conflict-2.ndjson"]);
    // It stays set aside until somebody decides.
    let redriven = world.command("redrive").run().json(0);
    assert_eq!(
        (&redriven["dead_letters"], &redriven["still_bad"]),
        (&1.into(), &1.into()),
        "{redriven}"
    );
    let verified = world.command("verify").run().json(1);
    assert_eq!(
        (&verified["different"], &verified["missing"]),
        (&1.into(), &0.into()),
        "{verified}"
    );
}

#[tokio::test]
async fn another_content_under_a_uid_is_set_aside() {
    check_conflict(World::local()).await;
    check_conflict(World::from_folder(Destination::mysql().await)).await;
    check_conflict(World::from_folder(Destination::dynalite())).await;
}

async fn check_doubles_at_once(world: World) {
    // More than one transaction's worth, so that doubles meet in different ones.
    for object in 0..40 {
        let lines: String = (0..200).map(|i| line(i + object % 7 * 100) + "\n").collect();
        world.put(&format!("{object}.ndjson"), lines).await;
    }
    let report = world.run();
    assert_eq!(
        (&report["loaded"], &report["already_there"]),
        (&800.into(), &7200.into()),
        "{report}"
    );
    assert_eq!(world.uids().await.len(), 800);
}

#[tokio::test]
async fn doubles_in_the_same_run_are_counted_as_such() {
    check_doubles_at_once(World::local()).await;
    check_doubles_at_once(World::from_folder(Destination::mysql().await)).await;
    check_doubles_at_once(World::from_folder(Destination::moto())).await;
}

#[tokio::test]
async fn an_item_that_dynamodb_cannot_take_is_set_aside() {
    let world = World::from_folder(Destination::dynalite());
    let long = |uid: &str, bytes: usize| scored(uid, &format!("\"{}\"", "x".repeat(bytes)));
    world
        .put(
            "a.ndjson",
            [long("too-long", 410_000), long("just-fits", 409_000), line("short")].join("\n"),
        )
        .await;
    let report = world.run_with(&["--max-bad-ratio", "0.5"]);
    assert_eq!((&report["loaded"], &report["bad"]), (&2.into(), &1.into()), "{report}");
    let path = format!("{}-dead-letters/a.ndjson.0000.ndjson", world.location);
    let letter: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!((&letter["object"], &letter["line"]), (&"a.ndjson".into(), &1.into()));
    assert!(
        letter["reason"].as_str().unwrap().contains("DynamoDB takes 409600"),
        "{}",
        letter["reason"]
    );
}

async fn check_redrive(world: World) {
    let long = scored("long", &format!("\"{}\"", "x".repeat(300_000)));
    let bad = "{'input': {'uid': 'mended'}, 'output': {'logging_timestamp': '2026-01-01'";
    world
        .put("dt=2026-01-01/a.ndjson", [&line("good"), bad, "lost for ever", &long].join("\n"))
        .await;
    let few = ["--max-record-bytes", "100000", "--max-bad-ratio", "1"];
    assert_eq!(world.run_with(&few)["bad"], 3);
    let redriven = world.command("redrive").args(few).run().json(0);
    assert_eq!((&redriven["loaded"], &redriven["still_bad"]), (&0.into(), &3.into()), "{redriven}");

    // A limit is raised: the record is read again from its object, of which the dead letter has the
    // beginning only.
    let redriven = world.command("redrive").run().json(0);
    assert_eq!((&redriven["loaded"], &redriven["still_bad"]), (&1.into(), &2.into()), "{redriven}");

    // A person mends the record in its dead letter.
    let path = format!("{}-dead-letters/dt=2026-01-01/a.ndjson.0000.ndjson", world.location);
    let letters = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, letters.replace("'2026-01-01'", "'2026-01-01'}}")).unwrap();
    let redriven = world.command("redrive").run().json(0);
    assert_eq!((&redriven["loaded"], &redriven["still_bad"]), (&1.into(), &1.into()), "{redriven}");
    assert_eq!(world.uids().await, ["good", "long", "mended"]);

    // The producer mends the object itself, which is then a new one.
    world.put("dt=2026-01-01/a.ndjson", [line("good"), line("found")].join("\n")).await;
    assert_eq!(world.run()["loaded"], 1);
    std::fs::write(
        &path,
        std::fs::read_to_string(&path)
            .unwrap()
            .replace("lost for ever", &line("found").replace('"', "\\\"")),
    )
    .unwrap();
    let redriven = world.command("redrive").run().json(0);
    assert_eq!(
        (&redriven["already_there"], &redriven["still_bad"]),
        (&1.into(), &0.into()),
        "{redriven}"
    );
    assert_eq!(world.dead_letters().await, [""; 0], "a file without dead letters is taken away");
    assert_eq!(world.command("redrive").run().json(0)["dead_letters"], 0);
}

#[tokio::test]
async fn bad_records_are_loaded_once_they_are_mended() {
    check_redrive(World::local()).await;
    check_redrive(World::from_folder(Destination::mysql().await)).await;
    check_redrive(World::from_folder(Destination::moto())).await;
}

#[tokio::test]
async fn a_row_keeps_the_uid_that_another_rule_gave_it() {
    let world = World::local();
    let record = r#"{"input":{"score":0.25},"output":{"logging_timestamp":"2026-01-01 00:00:00"}}"#;
    world.put("c1/scorer.0a11.json", record).await;
    world.run();
    assert_eq!(world.uids().await, ["scorer.0a11"]);
    let by_key = ["--uid-from", "key"];
    assert_eq!(world.command("verify").args(by_key).run().json(0)["equal"], 1);
    // As an object that is read again, under another rule.
    let again = world.run_with(&["--uid-from", "key", "--pipeline", "again"]);
    assert_eq!(again["already_there"], 1, "{again}");
    assert_eq!(world.uids().await, ["scorer.0a11"]);
}
