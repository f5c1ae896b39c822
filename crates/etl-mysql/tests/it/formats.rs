//! Logs as loggers and shippers write them, down to the rows and the dead letters.

use std::collections::BTreeMap;
use std::io::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::dead_letters::letters;
use crate::world::{World, line};

const TIME: &str = "2026-01-01T00:00:00.123456789Z";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An archive as it is written to a pipe: not compressed, each size behind its member.
fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, body) in members {
        let mut crc = flate2::Crc::new();
        crc.update(body);
        let size = (body.len() as u32).to_le_bytes();
        archive.extend_from_slice(b"PK\x03\x04\x14\0\x08\0\0\0\0\0\0\0");
        archive.extend_from_slice(&[0; 12]);
        archive.extend_from_slice(&(name.len() as u32).to_le_bytes());
        archive.extend_from_slice(name.as_bytes());
        archive.extend_from_slice(body);
        archive.extend_from_slice(b"PK\x07\x08");
        archive.extend_from_slice(&[crc.sum().to_le_bytes(), size, size].concat());
    }
    archive.extend_from_slice(b"PK\x01\x02 the directory");
    archive
}

fn utf16(text: &str) -> Vec<u8> {
    format!("\u{FEFF}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn base64(bytes: impl AsRef<[u8]>) -> String {
    BASE64_STANDARD.encode(bytes)
}

fn pretty(uid: &str) -> String {
    let record: Value = serde_json::from_str(&line(uid)).unwrap();
    serde_json::to_string_pretty(&record).unwrap()
}

/// A dead letter: its line, its path in the envelope, and a part of its reason.
type Letter = (u64, Option<&'static str>, &'static str);

/// An object, the uids of its records, and its dead letters.
#[derive(Clone)]
struct Format {
    key: &'static str,
    body: Vec<u8>,
    uids: &'static [&'static str],
    letters: &'static [Letter],
}

fn format(
    key: &'static str,
    body: impl Into<Vec<u8>>,
    uids: &'static [&'static str],
    letters: &'static [Letter],
) -> Format {
    Format { key, body: body.into(), uids, letters }
}

const NOT_JSON: &str = "neither JSON nor a Python dict";

fn texts() -> Vec<Format> {
    let python = "{'input': {'uid': 'py', 'at': datetime.datetime(2026, 1, 1, 5, 0, tzinfo=datetime.timezone.utc),\n           \
                  'x': array([1., nan]), 'n': np.float64(0.5), 'd': Decimal('1.50')},\n 'output': {'logging_timestamp': \
                  Timestamp('2026-01-01 00:00:00', tz='UTC'), 'tags': ('a', None)}}\n";
    vec![
        format(
            "lines.ndjson",
            line("l1") + "\r\noops\r\n" + &line("l2"),
            &["l1", "l2"],
            &[(2, None, NOT_JSON)],
        ),
        format(
            "many-lines.json",
            pretty("m1") + &pretty("m2") + "," + &pretty("m3"),
            &["m1", "m2", "m3"],
            &[],
        ),
        format("array.json", format!("[{},\n{}]\n", line("a1"), pretty("a2")), &["a1", "a2"], &[]),
        format(
            "sequence.json-seq",
            format!("\x1E{}\n\x1E{}\n", line("s1"), pretty("s2")),
            &["s1", "s2"],
            &[],
        ),
        format(
            "mark.json",
            format!("\u{FEFF}{}\n\u{FEFF}{}\n", line("b1"), line("b2")),
            &["b1", "b2"],
            &[],
        ),
        format(
            "prefix.log",
            format!("2026-01-01 00:00:00 INFO {}\nready\n", line("p1")),
            &["p1"],
            &[(2, None, NOT_JSON)],
        ),
        format("color.log", format!("\x1B[32mINFO\x1B[0m: {}\x1B[0m\n", line("c1")), &["c1"], &[]),
        format(
            "text.json",
            format!("{}\n{}\n", json!(line("t1")), json!("ready")),
            &["t1"],
            &[(2, None, "not a JSON object")],
        ),
        format("python.log", python, &["py"], &[]),
        format("utf16.json", utf16(&(line("u1") + "\n" + &line("u2"))), &["u1", "u2"], &[]),
        format("gzip.json.gz", gzip(&gzip(line("g1").as_bytes())), &["g1"], &[]),
        format("bzip2.json.bz2", bzip2(line("z1").as_bytes()), &["z1"], &[]),
        format(
            "archive.zip",
            zip(&[
                ("a.json", line("zip1").as_bytes()),
                ("b.json.gz", &gzip(line("zip2").as_bytes())),
            ]),
            &["zip1", "zip2"],
            &[],
        ),
        format(
            "picture.png",
            b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR\0\n\n\n".to_vec(),
            &[],
            &[(1, None, "a PNG picture")],
        ),
    ]
}

fn envelopes() -> Vec<Format> {
    let cloudwatch = json!({"messageType": "DATA_MESSAGE", "logGroup": "g", "logEvents": [
        {"id": "1", "timestamp": 1, "message": line("cw1")},
        {"id": "2", "timestamp": 1, "message": "START RequestId: 1"}]});
    let control = json!({"messageType": "CONTROL_MESSAGE", "logEvents": [{"message": "checking"}]});
    let firehose = json!({"requestId": "r", "records": [
        {"data": base64(line("f1") + &line("f2"))}, {"data": "%%%"}]});
    let kinesis = json!({"Records": [{"eventSource": "aws:kinesis", "kinesis": {"data":
        base64(gzip(line("k1").as_bytes()))}}]});
    let sqs = json!({"Records": [{"eventSource": "aws:sqs", "body": line("q1")},
        {"eventSource": "aws:sqs", "body": "{'input"}]});
    let docker =
        |text: &str| json!({"log": text, "stream": "stdout", "time": TIME}).to_string() + "\n";
    let piece = line("d2");
    let fluent = |uid: &str| json!({"date": 1.5, "log": line(uid), "kubernetes": {"pod": "p"}});
    let part = line("cri2");
    let filebeat = json!({"@timestamp": TIME, "log": {"offset": 1}, "message": line("fb")});
    let google = json!({"insertId": "1", "jsonPayload": serde_json::from_str::<Value>(&line("gcp")).unwrap()});
    let s3_event = json!({"Records": [{"eventSource": "aws:s3", "s3": {"object": {"key": "k"}}}]});
    vec![
        format(
            "cloudwatch.gz",
            gzip(format!("{control}{cloudwatch}").as_bytes()),
            &["cw1"],
            &[(1, Some("logEvents[1].message"), NOT_JSON)],
        ),
        format(
            "firehose.json",
            firehose.to_string(),
            &["f1", "f2"],
            &[(1, Some("records[1].data"), "not base64")],
        ),
        format("kinesis.json", kinesis.to_string(), &["k1"], &[]),
        format("sqs.json", sqs.to_string(), &["q1"], &[(1, Some("Records[1].body"), NOT_JSON)]),
        format(
            "docker-json.log",
            docker(&(line("d1") + "\n"))
                + &docker(&piece[..30])
                + &docker(&(piece[30..].to_owned() + "\n"))
                + &docker("ready\n"),
            &["d1", "d2"],
            &[(4, Some("log"), NOT_JSON)],
        ),
        format(
            "fluent-bit.json",
            format!("{}\n{}\n", fluent("fl1"), fluent("fl2")),
            &["fl1", "fl2"],
            &[],
        ),
        format(
            "containerd.log",
            format!(
                "{TIME} stdout F {}\n{TIME} stdout P {}\n{TIME} stdout F {}\n",
                line("cri1"),
                &part[..30],
                &part[30..]
            ),
            &["cri1", "cri2"],
            &[],
        ),
        format(
            "journald.json",
            json!({"PRIORITY": "6", "MESSAGE": line("j1")}).to_string(),
            &["j1"],
            &[],
        ),
        format("filebeat.json", filebeat.to_string(), &["fb"], &[]),
        format("google.json", google.to_string(), &["gcp"], &[]),
        format(
            "s3-event.json",
            s3_event.to_string(),
            &[],
            &[(1, None, "no usable `output.logging_timestamp`")],
        ),
    ]
}

async fn check(world: World) {
    let formats = [texts(), envelopes()].concat();
    for format in &formats {
        world.put(format.key, format.body.clone()).await;
    }
    let report = world.job().args(["--max-bad-ratio", "1"]).run().json(0);
    let bad = formats.iter().map(|format| format.letters.len()).sum::<usize>();
    assert_eq!(report["bad"], bad, "{report}");

    let mut expected = BTreeMap::new();
    for uid in formats.iter().flat_map(|format| format.uids) {
        expected.insert((*uid).to_owned(), serde_json::from_str::<Value>(&line(uid)).unwrap());
    }
    let record = json!({
        "input": {"uid": "py", "at": "2026-01-01 05:00:00.000000+00:00", "x": [1.0, null], "n": 0.5, "d": 1.5},
        "output": {"logging_timestamp": "2026-01-01 00:00:00+00:00", "tags": ["a", null]},
        "etl_replaced": [{"at": "/input/x/1", "was": "nan"}],
    });
    expected.insert("py".to_owned(), record);
    let rows = world.payloads().await;
    for (uid, payload) in &expected {
        assert_eq!(rows.get(uid), Some(payload), "{uid}");
    }
    assert_eq!(rows.len(), expected.len(), "{:?}", rows.keys());

    let letters = letters(&world).await;
    for format in &formats {
        let of = letters.iter().filter(|letter| letter["object"] == format.key);
        let found: Vec<(u64, Option<&str>, &str)> = of
            .map(|letter| {
                let text = |name: &str| letter[name].as_str();
                (letter["line"].as_u64().unwrap(), text("within"), text("reason").unwrap())
            })
            .collect();
        assert_eq!(found.len(), format.letters.len(), "{}: {found:?}", format.key);
        for ((line, within, reason), letter) in format.letters.iter().zip(found) {
            assert_eq!((*line, *within), (letter.0, letter.1), "{}: {letter:?}", format.key);
            assert!(letter.2.contains(reason), "{}: {letter:?}", format.key);
        }
    }
    assert_eq!(world.job().run().json(0)["objects"], 0);
    let verified = world.command("verify").run().json(0);
    assert_eq!((&verified["equal"], &verified["bad"]), (&rows.len().into(), &bad.into()));
}

#[tokio::test]
async fn every_format_becomes_rows_and_dead_letters_in_sqlite() {
    check(World::local()).await;
}

#[tokio::test]
async fn every_format_becomes_rows_and_dead_letters_in_mysql() {
    check(World::cloud().await).await;
}
