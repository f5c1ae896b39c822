mod envelopes;
mod forms;
mod identity;

use super::*;
use mlops_core::record::LogRecord;
use mlops_core::timestamp::to_sql_text;

#[derive(Debug, Default)]
struct Found {
    records: Vec<LogRecord>,
    origins: Vec<Origin>,
    bad: Vec<BadRecord>,
}

impl RecordSink for Found {
    fn record(&mut self, origin: Origin, record: LogRecord) {
        assert!(origin.position.line > 0, "lines count from 1");
        self.records.push(record);
        self.origins.push(origin);
    }

    fn bad(&mut self, bad: BadRecord) {
        self.bad.push(bad);
    }
}

fn line(uid: &str) -> String {
    format!(
        r#"{{"input":{{"uid":"{uid}"}},"output":{{"logging_timestamp":"2026-01-01 00:00:00"}}}}"#
    )
}

fn unnamed() -> &'static str {
    r#"{"input":{},"output":{"logging_timestamp":"2026-01-01 00:00:00"}}"#
}

/// Reads an object that arrives in chunks of `chunk` bytes.
fn read_in_chunks(body: &[u8], chunk: usize, limit: usize) -> Found {
    let mut found = Found::default();
    let naming = Naming::of("dt=2026-01-01/stem.json.gz", UidFrom::FileName);
    let mut reader = RecordReader::new(naming, limit);
    body.chunks(chunk).for_each(|chunk| reader.push(chunk, &mut found));
    reader.finish(&mut found);
    found
}

/// Reads an object whole and byte by byte, which must not differ.
fn read_object(body: &[u8]) -> Found {
    let whole = read_in_chunks(body, usize::MAX, DEFAULT_MAX_RECORD_BYTES);
    let bytewise = read_in_chunks(body, 1, DEFAULT_MAX_RECORD_BYTES);
    assert_eq!(whole.records, bytewise.records);
    assert_eq!(whole.origins, bytewise.origins);
    assert_eq!(whole.bad, bytewise.bad);
    whole
}

fn check(body: &str, uids: &[&str]) {
    let found = read_object(body.as_bytes());
    assert!(found.bad.is_empty(), "{body}: {:?}", found.bad);
    let names: Vec<&str> = found.records.iter().map(|record| record.key.uid.as_str()).collect();
    assert_eq!(names, uids, "{body}");
}

/// One bad record, on this line, for a reason with these words; and this many good ones.
fn check_bad(body: &[u8], line: u64, reason: &str, records: usize) {
    let text = String::from_utf8_lossy(body);
    let found = read_object(body);
    assert_eq!(found.records.len(), records, "{text}: {:?}", found.bad);
    let [bad] = found.bad.as_slice() else { panic!("{text}: {:?}", found.bad) };
    assert_eq!(bad.position.line, line, "{text}");
    assert!(bad.reason.to_string().contains(reason), "{text}: {}", bad.reason);
}

#[test]
fn one_record_an_object() {
    check(&line("a"), &["a"]);
    check(&(line("a") + "\n"), &["a"]);
    check(&format!("\u{FEFF}{}\r\n", line("a")), &["a"]);
    check(&format!("\n\r\n  \n{}", line("a")), &["a"]);
}

#[test]
fn one_record_a_line() {
    check(&format!("{}\n{}\n{}\n", line("a"), line("b"), line("c")), &["a", "b", "c"]);
    check(&format!("\u{FEFF}{}\r\n\r\n{}", line("a"), line("b")), &["a", "b"]);
}

#[test]
fn records_that_follow_each_other_on_a_line() {
    check(&format!("{}{} {}", line("a"), line("b"), line("c")), &["a", "b", "c"]);
}

#[test]
fn one_record_over_several_lines() {
    let pretty = serde_json::to_string_pretty(
        &serde_json::from_str::<serde_json::Value>(&line("a")).unwrap(),
    )
    .unwrap();
    check(&pretty, &["a"]);
    check(&format!("\u{FEFF}{}\r\n", pretty.replace('\n', "\r\n")), &["a"]);
}

#[test]
fn python_dicts() {
    check(
        "{'input': {'uid': 'a', 'note': \"it's\"}, 'output': {'prediction': nan, 'logging_timestamp': '2026-01-01 00:00:00'}}\n",
        &["a"],
    );
}

#[test]
fn nothing_is_no_record() {
    check("", &[]);
    check("\n\n", &[]);
    check("\u{FEFF}", &[]);
}

#[test]
fn a_sole_record_without_uid_takes_the_name_of_its_object() {
    check(unnamed(), &["stem"]);
    check(&format!("{}\n\n", unnamed()), &["stem"]);
}

#[test]
fn without_uid_among_others_a_record_is_bad() {
    check_bad(format!("{}\n{}\n", unnamed(), line("b")).as_bytes(), 1, "no `input.uid`", 1);
    check_bad(format!("{}\n{}\n", line("a"), unnamed()).as_bytes(), 2, "no `input.uid`", 1);
}

#[test]
fn a_uid_may_be_a_number() {
    check(&line("a").replace("\"a\"", "17"), &["17"]);
}

#[test]
fn a_bad_line_costs_that_line_only() {
    let around = |bad: &[u8]| {
        [line("a").as_bytes(), b"\n", bad, b"\n", line("b").as_bytes(), b"\n"].concat()
    };
    check_bad(
        &around(b"upstream timed out"),
        2,
        "neither JSON nor a Python dict: unknown word `upstream`",
        2,
    );
    check_bad(&around(&line("x").as_bytes()[..40]), 2, "found the end", 2);
    check_bad(&around(b"{\"input\": \"\xFF\"}"), 2, "invalid UTF-8 at byte 11", 2);
    check_bad(&around(b"[1, 2]"), 2, "not a JSON object", 2);
    check_bad(
        &around(br#"{"input":{"uid":"x"},"output":{}}"#),
        2,
        "no usable `output.logging_timestamp`",
        2,
    );
    check_bad(&around(line(&"x".repeat(256)).as_bytes()), 2, "256 characters", 2);
}

#[test]
fn a_cut_first_line_costs_that_line_only() {
    let cut = &line("x")[..40];
    check_bad(format!("{cut}\n{}\n{}\n", line("a"), line("b")).as_bytes(), 1, "found the end", 2);
}

#[test]
fn what_follows_a_record_on_its_line_is_bad_by_itself() {
    check_bad(format!("{} trailing", line("a")).as_bytes(), 1, "unknown word `trailing`", 1);
}

#[test]
fn a_record_over_the_limit_is_bad_and_the_next_is_read() {
    let long = line(&"x".repeat(200));
    for chunk in [1, 50, usize::MAX] {
        let body = format!("{}\n{long}\n{}\n", line("a"), line("b"));
        let found = read_in_chunks(body.as_bytes(), chunk, 150);
        assert_eq!(found.records.len(), 2, "{:?}", found.bad);
        let [bad] = found.bad.as_slice() else { panic!("{:?}", found.bad) };
        assert_eq!((bad.position.line, bad.raw_bytes), (2, long.len()));
        assert_eq!(bad.reason, RecordError::TooLong { limit: 150 });
    }
}

#[test]
fn a_record_over_several_lines_and_over_the_limit_is_one_bad_record() {
    let long = format!("{{\n  \"input\": [\n{}  ]\n}}\n", "    1,\n".repeat(100) + "    1\n");
    for chunk in [1, 7, usize::MAX] {
        let body = format!("{}\n{long}{}\n", line("a"), line("b"));
        let found = read_in_chunks(body.as_bytes(), chunk, 150);
        assert_eq!(found.records.len(), 2, "{:?}", found.bad);
        let [bad] = found.bad.as_slice() else { panic!("{:?}", found.bad) };
        assert_eq!(
            (bad.position.line, bad.reason.clone()),
            (2, RecordError::TooLong { limit: 150 })
        );
    }
}

#[test]
fn a_bad_record_keeps_its_bytes() {
    let found = read_object(b"  what is this\xFF?  \n");
    assert_eq!(found.bad[0].raw, b"what is this\xFF?");
}

fn timestamp_of(output: &str) -> Option<String> {
    let body = format!(r#"{{"input":{{"uid":"a"}},"output":{output}}}"#);
    let found = read_object(body.as_bytes());
    found.records.first().map(|record| to_sql_text(record.logging_timestamp))
}

#[test]
fn the_time_is_the_timestamp_in_utc_else_the_epoch() {
    let check = |output: &str, expected: Option<&str>| {
        assert_eq!(timestamp_of(output).as_deref(), expected, "{output}")
    };
    check(
        r#"{"logging_timestamp":"2026-11-23 05:34:00.123456"}"#,
        Some("2026-11-23 05:34:00.123456"),
    );
    check(
        r#"{"logging_timestamp":"2026-11-23T05:34:00.1234569"}"#,
        Some("2026-11-23 05:34:00.123456"),
    );
    check(r#"{"logging_timestamp":"2026-11-23T05:34:00Z"}"#, Some("2026-11-23 05:34:00.000000"));
    check(
        r#"{"logging_timestamp":"2026-11-23T05:34:00+02:00"}"#,
        Some("2026-11-23 03:34:00.000000"),
    );
    check(r#"{"logging_timestamp":"2026-11-23"}"#, Some("2026-11-23 00:00:00.000000"));
    check(r#"{"logging_epoch":1795412040.1}"#, Some("2026-11-23 05:34:00.100000"));
    check(r#"{"logging_epoch":"1795412040"}"#, Some("2026-11-23 05:34:00.000000"));
    check(
        r#"{"logging_timestamp":"yesterday","logging_epoch":1795412040}"#,
        Some("2026-11-23 05:34:00.000000"),
    );
    check(
        r#"{"logging_timestamp":"2026-11-23 05:34:00","logging_epoch":0}"#,
        Some("2026-11-23 05:34:00.000000"),
    );
    check(r#"{"logging_timestamp":null}"#, None);
    check(r#"{"logging_timestamp":"0000-00-00 00:00:00"}"#, None);
    // Milliseconds by mistake.
    check(r#"{"logging_epoch":1795412040100}"#, None);
    check(r#"{"logging_epoch":-1}"#, None);
    check(r#"{"logging_epoch":NaN}"#, None);
}

#[test]
fn damage_ends_an_object_after_what_stands_before() {
    let mut found = Found::default();
    let naming = Naming::of("stem.json.gz", UidFrom::FileName);
    let mut reader = RecordReader::new(naming, DEFAULT_MAX_RECORD_BYTES);
    reader.push(format!("{}\n{}\n{{\"inp", line("a"), line("b")).as_bytes(), &mut found);
    reader.damaged("unexpected end of file".to_owned(), &mut found);
    assert_eq!(found.records.len(), 2);
    let [bad] = found.bad.as_slice() else { panic!("{:?}", found.bad) };
    assert_eq!((bad.position.line, bad.raw.as_slice()), (3, b"{\"inp".as_slice()));
}
