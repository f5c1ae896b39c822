//! Listings in no order, with repeats and odd pages.

use mlops_testkit::{Listings, OddS3};

use super::world::{Destination, World, line};

const ODD: [Listings; 4] = [
    Listings {
        page: 7,
        is_shuffled: true,
        repeats: true,
        has_empty_pages: false,
        shows_versions: false,
    },
    Listings {
        page: 1,
        is_shuffled: true,
        repeats: true,
        has_empty_pages: false,
        shows_versions: false,
    },
    Listings {
        page: 9,
        is_shuffled: true,
        repeats: true,
        has_empty_pages: true,
        shows_versions: false,
    },
    Listings {
        page: 1000,
        is_shuffled: false,
        repeats: false,
        has_empty_pages: false,
        shows_versions: false,
    },
];

/// Keys of several layouts; each has its own uid.
fn keys() -> Vec<String> {
    let mut keys: Vec<String> =
        (0..24).map(|i| format!("dt=2026-01-0{}/hh=0{}/{i}.json", 1 + i % 2, i % 3)).collect();
    keys.extend((0..20).map(|i| format!("{:08x}.json", 0x9E37_79B9_u32.wrapping_mul(i))));
    keys.extend((0..20).map(|i| format!("deep/er/{}/{i}.json", i % 4)));
    keys
}

async fn check(server: &OddS3, world: &World, keys: &[String]) {
    for (number, key) in keys.iter().enumerate() {
        server.put(&format!("logs/{key}"), line(number));
    }
    let report = world.run();
    let all = keys.len();
    assert_eq!((&report["objects"], &report["loaded"]), (&all.into(), &all.into()), "{report}");
    assert_eq!(world.uids().await.len(), all);
    let verified = world.command("verify").run().json(0);
    assert_eq!(
        (&verified["objects"], &verified["equal"]),
        (&all.into(), &all.into()),
        "{verified}"
    );
    // Whatever the order of the next listings, nothing is new, and old partitions are sealed.
    let report = world.run();
    assert_eq!(
        (&report["objects"], &report["partitions"]["read"]),
        (&0.into(), &0.into()),
        "{report}"
    );
    assert!(report["partitions"]["sealed"].as_u64() >= Some(5), "{report}");
    let audit = world.run_with(&["--audit"]);
    assert_eq!(
        (&audit["objects"], &audit["partitions"]["read"]),
        (&0.into(), &0.into()),
        "{audit}"
    );
    server.put("logs/dt=2026-01-01/hh=00/late.json", line("late"));
    assert_eq!(world.run_with(&["--audit"])["loaded"], 1);
    let status = world.command("status").run().json(0);
    assert_eq!(status["objects"], all + 1, "{status}");
}

#[tokio::test]
async fn objects_are_found_in_any_order_and_once() {
    for listings in ODD {
        let server = OddS3::start(listings);
        let world = World::from_odd_s3(&server, "bucket", Destination::sqlite());
        check(&server, &world, &keys()).await;
    }
    let server = OddS3::start(ODD[2]);
    check(&server, &World::from_odd_s3(&server, "bucket", Destination::mysql().await), &keys())
        .await;
    let server = OddS3::start(ODD[2]);
    check(&server, &World::from_odd_s3(&server, "bucket", Destination::moto()), &keys()).await;
}

#[tokio::test]
async fn a_large_folder_in_no_order_is_loaded_whole() {
    let server = OddS3::start(Listings { page: 100, ..ODD[0] });
    let world = World::from_odd_s3(&server, "bucket", Destination::sqlite());
    let mut keys: Vec<String> = (0..1100).map(|i| format!("many/{:x}.json", i * 7919)).collect();
    keys.extend(self::keys());
    keys.extend(["many/sub/a.json".to_owned(), "many/sub/deep/b.json".to_owned()]);
    check(&server, &world, &keys).await;
}

#[tokio::test]
async fn a_directory_bucket_is_asked_only_what_it_knows() {
    let server = OddS3::start(ODD[0]);
    let world = World::from_odd_s3(&server, "logs--use1-az4--x-s3", Destination::sqlite());
    let mut keys = keys();
    keys.extend((0..1100).map(|i| format!("many/{:x}.json", i * 7919)));
    check(&server, &world, &keys).await;
    for query in server.queries() {
        assert!(!query.contains("start-after"), "{query}");
        let prefix = query.split('&').find_map(|pair| pair.strip_prefix("prefix="));
        assert!(
            prefix.is_none_or(|prefix| prefix.is_empty() || prefix.ends_with("%2F")),
            "{query}"
        );
    }
}

#[tokio::test]
async fn of_two_versions_in_one_listing_both_are_read() {
    let server = OddS3::start(Listings { shows_versions: true, ..ODD[0] });
    let world = World::from_odd_s3(&server, "bucket", Destination::sqlite());
    for body in [line("a"), [line("a"), line("b")].join("\n")] {
        server.put("logs/one.json", body);
    }
    server.put("logs/other.json", line("c"));
    let report = world.run();
    assert_eq!((&report["objects"], &report["loaded"]), (&3.into(), &3.into()), "{report}");
    assert_eq!(world.run()["objects"], 0);
    assert_eq!(world.uids().await, ["a", "b", "c"]);
}

#[tokio::test]
async fn every_key_of_s3_is_loaded() {
    let server = OddS3::start(ODD[0]);
    let world = World::from_odd_s3(&server, "bucket", Destination::sqlite());
    let long = format!("{}/{}.json", "y".repeat(700), "x".repeat(250));
    let names = [
        "../up.json",
        "a//b.json",
        "a/./c.json",
        "/d.json",
        "e\u{1}f\n.json",
        "g+ h%20.json",
        "ü.json",
        &long,
    ];
    for (number, name) in names.iter().enumerate() {
        // Each has a bad record, too, whose dead letter goes into a folder.
        server.put(&format!("logs/{name}"), format!("{}\nbad\n", line(number)));
    }
    let dead_letters = world.folder.path().join("dead");
    let dead_letters = dead_letters.to_str().unwrap();
    let report = world.run_with(&["--max-bad-ratio", "1", "--dead-letters", dead_letters]);
    assert_eq!(
        (&report["loaded"], &report["bad"], &report["unreadable"]),
        (&8.into(), &8.into(), &0.into()),
        "{report}"
    );
    let verified = world.command("verify").args(["--dead-letters", dead_letters]).run().json(0);
    assert_eq!(verified["equal"], 8, "{verified}");
}
