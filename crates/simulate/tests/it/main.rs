//! The job's binary: what it writes, and that it writes it again.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;
use std::path::Path;

use futures_util::TryStreamExt;
use mlops_core::ports::ObjectStore;
use mlops_objects::S3;
use mlops_testkit::{Ended, Job, s3};
use serde_json::Value;

fn simulate(arguments: &[&str]) -> Job {
    Job::new(env!("CARGO_BIN_EXE_simulate")).args(["--output", "json"]).args(arguments)
}

fn traffic(to: &Path, arguments: &[&str]) -> Ended {
    simulate(&["traffic", "--to", to.to_str().unwrap()]).args(arguments).run()
}

/// Every file below a folder, by its path there.
fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                found.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

fn records(files: &BTreeMap<String, Vec<u8>>) -> Vec<Value> {
    let lines = files.values().flat_map(|body| std::str::from_utf8(body).unwrap().lines());
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn customers_are_the_same_bytes_for_the_same_seed() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, seed: &str| {
        let path = folder.path().join(name);
        let report = simulate(&[
            "customers",
            "--rows",
            "300",
            "--seed",
            seed,
            "--to",
            path.to_str().unwrap(),
        ])
        .run()
        .json(0);
        assert_eq!(report["rows"], 300);
        std::fs::read(path).unwrap()
    };
    let first = write("a.csv", "1");
    assert_eq!(first.iter().filter(|&&byte| byte == b'\n').count(), 301);
    assert!(first == write("b.csv", "1"));
    assert!(first != write("c.csv", "2"));
}

#[test]
fn traffic_is_the_same_bytes_under_the_same_keys_for_the_same_seed() {
    let folder = tempfile::tempdir().unwrap();
    let dials = [
        "--rows",
        "300",
        "--late",
        "5%",
        "--bad",
        "5%",
        "--duplicates",
        "5%",
        "--drift",
        "activity_score:+0.5sd",
    ];
    let write = |name: &str| {
        let root = folder.path().join(name);
        traffic(&root, &dials).json(0);
        files(&root)
    };
    assert!(write("a") == write("b"));
}

#[test]
fn each_layout_holds_every_request_once() {
    let folder = tempfile::tempdir().unwrap();
    for (name, arguments, extension) in [
        ("hourly", vec![], ".json"),
        ("flat", vec!["--layout", "flat"], ".json"),
        ("lines", vec!["--per-object", "20"], ".ndjson"),
        ("flat-lines", vec!["--layout", "flat", "--per-object", "1000"], ".ndjson"),
    ] {
        let root = folder.path().join(name);
        let report = traffic(&root, &[["--rows", "250"].as_slice(), &arguments].concat()).json(0);
        let files = files(&root);
        assert_eq!(report["objects"], files.len() as u64, "{name}");
        assert!(files.keys().all(|key| key.ends_with(extension)), "{name}");
        assert_eq!(
            files.keys().all(|key| key.starts_with("dt=2026-01-01/hh=")),
            !name.starts_with("flat"),
            "{name}"
        );
        let uids: std::collections::BTreeSet<String> = records(&files)
            .iter()
            .map(|record| record["input"]["uid"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(uids.len(), 250, "{name}");
    }
}

#[test]
fn a_request_looks_like_the_applications() {
    let folder = tempfile::tempdir().unwrap();
    traffic(folder.path(), &["--rows", "200", "--from", "2026-03-01", "--until", "2026-03-02"])
        .json(0);
    let records = records(&files(folder.path()));
    for record in &records {
        let (input, output) = (&record["input"], &record["output"]);
        assert!(input["client_id"].is_string() && input["churn"].is_null(), "{record}");
        assert!(
            input["activity_score"].is_number() && input["device_type"].is_string(),
            "{record}"
        );
        assert!((0.0..=1.0).contains(&output["prediction"].as_f64().unwrap()), "{record}");
        assert!(
            output["logging_timestamp"].as_str().unwrap().starts_with("2026-03-01 "),
            "{record}"
        );
    }
    let mean =
        records.iter().map(|record| record["output"]["prediction"].as_f64().unwrap()).sum::<f64>()
            / 200.0;
    assert!((0.1..0.3).contains(&mean), "{mean}");
}

#[test]
fn a_table_of_ones_own_is_replayed_in_order_and_again_from_its_start() {
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("table.csv");
    std::fs::write(&table, "who,score,level,p,outcome\n7,1.5,a,0.25,yes\n8,,b,0.75,no\n").unwrap();
    let logs = folder.path().join("logs");
    let roles = ["--id", "who", "--target", "outcome", "--prediction", "p"];
    let table = [
        "--table",
        table.to_str().unwrap(),
        "--rows",
        "5",
        "--per-object",
        "10",
        "--drift",
        "score:×2",
    ];
    traffic(
        &logs,
        &[table.as_slice(), &roles, &["--from", "2026-01-01", "--until", "2026-01-01T01:00:00"]]
            .concat(),
    )
    .json(0);
    let records = records(&files(&logs));
    let seen: Vec<String> = records
        .iter()
        .map(|record| {
            format!(
                "{} {} {} {}",
                record["input"]["client_id"],
                record["input"]["score"],
                record["input"]["level"],
                record["output"]["prediction"]
            )
        })
        .collect();
    let (first, second) = (r#""7" 3 "a" 0.25"#, r#""8" null "b" 0.75"#);
    assert_eq!(seen, [first, second, first, second, first]);
    assert!(records.iter().all(
        |record| record["input"].get("outcome").is_none() && record["input"].get("p").is_none()
    ));
}

#[test]
fn a_number_is_logged_to_its_last_bit() {
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("table.csv");
    // 19 × 1.1 and its like, which a hasty parser puts one bit off.
    let numbers: Vec<f64> = (0..3000).map(|i| f64::from(i) * 0.05 * 1.1).collect();
    let rows: String = numbers.iter().map(|number| format!("{number}\n")).collect();
    std::fs::write(&table, format!("charges\n{rows}")).unwrap();
    let logs = folder.path().join("logs");
    traffic(
        &logs,
        &["--table", table.to_str().unwrap(), "--layout", "flat", "--per-object", "5000"],
    )
    .json(0);
    let logged: Vec<f64> = records(&files(&logs))
        .iter()
        .map(|record| record["input"]["charges"].as_f64().unwrap())
        .collect();
    assert_eq!(logged, numbers);
}

#[test]
fn a_dial_moves_its_feature_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let features = |name: &str, arguments: &[&str]| {
        let root = folder.path().join(name);
        traffic(
            &root,
            &[["--rows", "400", "--per-object", "500", "--layout", "flat"].as_slice(), arguments]
                .concat(),
        )
        .json(0);
        records(&files(&root))
    };
    let still = features("still", &[]);
    let moved = features(
        "moved",
        &["--drift", "xp_points:×2", "--drift", "device_type:level_1→level_9@100%"],
    );
    for (a, b) in still.iter().zip(&moved) {
        let (a, b) = (&a["input"], &b["input"]);
        assert_eq!(a["xp_points"].as_f64().unwrap() * 2.0, b["xp_points"].as_f64().unwrap());
        let expected =
            if a["device_type"] == "level_1" { &Value::from("level_9") } else { &a["device_type"] };
        assert_eq!(&b["device_type"], expected);
        assert_eq!(a["activity_score"], b["activity_score"]);
    }
}

#[test]
fn what_goes_wrong_in_logs_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let report = traffic(
        folder.path(),
        &["--rows", "2000", "--late", "5%", "--bad", "5%", "--duplicates", "5%"],
    )
    .json(0);
    let files = files(folder.path());
    for dial in ["late", "bad", "duplicates"] {
        let count = report[dial].as_u64().unwrap();
        assert!((60..=140).contains(&count), "{dial}: {report}");
    }
    let count = |wanted: &dyn Fn(&str, &[u8]) -> bool| {
        files.iter().filter(|(key, body)| wanted(key, body)).count() as u64
    };
    assert_eq!(count(&|key, _| key.contains("-again.")), report["duplicates"], "{report}");
    let is_bad = |body: &[u8]| {
        let record = serde_json::from_slice::<Value>(body).unwrap_or_default();
        record["output"]["logging_timestamp"].is_null()
    };
    assert_eq!(count(&|_, body| is_bad(body)), report["bad"], "{report}");
    assert_eq!(
        count(&|key, _| key.starts_with("dt=2026-01-01"))
            + count(&|key, _| key.starts_with("dt=2026-01-02")),
        files.len() as u64
    );
}

#[test]
fn mistakes_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let check = |arguments: &[&str], words: &[&str]| {
        traffic(folder.path(), arguments).check_failed(2, words)
    };
    check(&["--drift", "unknown:×2"], &["no column `unknown`", "activity_score"]);
    check(&["--drift", "activity_score"], &["FEATURE:×1.05"]);
    check(&["--drift", "device_type:+1sd"], &["device_type", "no numbers"]);
    check(&["--from", "2026-01-02", "--until", "2026-01-01"], &["is not before"]);
    check(&["--late", "2"], &["must be a share"]);
    check(&["--table", "/nowhere.csv"], &["/nowhere.csv"]);
    let empty = folder.path().join("empty.csv");
    std::fs::write(&empty, "a,b\n").unwrap();
    check(&["--table", empty.to_str().unwrap(), "--rows", "5"], &["no rows to replay"]);
}

#[tokio::test]
async fn traffic_goes_to_a_bucket_too() {
    let (server, bucket) = (s3(), s3().bucket().await);
    let to = format!("s3://{bucket}/logs");
    let arguments =
        ["traffic", "--to", &to, "--rows", "60", "--per-object", "10", "--compress", "gz"];
    let report = simulate(&arguments).on(server).run().json(0);
    let store = S3::new(&server.config().await, &bucket, "logs/");
    let keys: Vec<String> =
        store.list("dt=2026-01-01/").map_ok(|object| object.key).try_collect().await.unwrap();
    assert_eq!(report["objects"], keys.len() as u64, "{report}");
    assert!(keys.iter().all(|key| key.ends_with(".ndjson.gz")), "{keys:?}");
}
