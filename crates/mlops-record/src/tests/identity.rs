//! The uid of a record.

use super::*;

fn uid_of(uid: &str) -> Result<String, String> {
    let body = line("a").replace("\"a\"", uid);
    let mut found = read_object(body.as_bytes());
    match found.records.pop() {
        Some(record) => Ok(record.key.uid),
        None => Err(found.bad[0].reason.to_string()),
    }
}

#[test]
fn a_uid_is_a_text_a_number_or_an_object_id() {
    for (uid, expected) in [
        ("\"x\"", "x"),
        ("17", "17"),
        ("1.50", "1.50"),
        (r#"{"$oid": "65f1c0ffee"}"#, "65f1c0ffee"),
        ("ObjectId('65f1c0ffee')", "65f1c0ffee"),
        ("UUID('8adc20c8-ed68-4e9b-9d47-6af31d8f5a64')", "8adc20c8-ed68-4e9b-9d47-6af31d8f5a64"),
        // Of two the last one counts.
        (r#"true, "uid": "y""#, "y"),
        ("null", "stem"),
        ("None", "stem"),
    ] {
        assert_eq!(uid_of(uid).as_deref(), Ok(expected), "{uid}");
    }
}

#[test]
fn anything_else_is_a_bad_uid_by_name() {
    for (uid, what) in [
        ("true", "a boolean"),
        ("False", "a boolean"),
        ("\"\"", "an empty text"),
        (r#"{"$oid": ""}"#, "an empty text"),
        (r#"{"$uuid": "x"}"#, "an object"),
        (r#"{"$oid": "x", "y": 1}"#, "an object"),
        (r#"{"y": 1, "$oid": "x"}"#, "an object"),
        (r#"{"$oid": true}"#, "an object"),
        (r#"{"$oid": {"$oid": "x"}}"#, "an object"),
        ("{}", "an object"),
        ("[\"x\"]", "a list"),
        ("NaN", "no finite number"),
        (r#""y", "uid": true"#, "a boolean"),
    ] {
        let reason = uid_of(uid).unwrap_err();
        assert!(reason.contains(&format!("bad `input.uid`: {what}")), "{uid}: {reason}");
    }
}

#[test]
fn fields_of_the_same_names_elsewhere_do_not_count() {
    let body = r#"{"uid": true, "input": {"uid": "a", "x": {"uid": true}, "y": [{"uid": {}}]}, "output": {"uid": [], "logging_timestamp": "2026-01-01"}}"#;
    let found = read_object(body.as_bytes());
    assert_eq!(found.records[0].key.uid, "a", "{:?}", found.bad);
}

#[test]
fn the_key_may_be_the_uid_if_it_is_not_too_long() {
    let read = |key: &str| {
        let mut found = Found::default();
        let naming = Naming::of(key, UidFrom::Key);
        let mut reader = RecordReader::new(naming, DEFAULT_MAX_RECORD_BYTES);
        reader.push(unnamed().as_bytes(), &mut found);
        reader.finish(&mut found);
        found
    };
    let found = read("client_1/request.json");
    assert_eq!(found.records[0].key.uid, "client_1/request.json");
    assert_eq!(found.origins[0].former_uids, ["request"]);
    let found = read(&format!("{}/x", "é".repeat(254)));
    let [bad] = found.bad.as_slice() else { panic!("{found:?}") };
    assert!(
        bad.reason.to_string().contains("key of the object has 256 characters"),
        "{}",
        bad.reason
    );
    assert_eq!(read(&format!("{}/x", "é".repeat(253))).records.len(), 1);
}

#[test]
fn a_zone_in_brackets_counts() {
    let check = |text: &str, expected: &str| {
        let output = format!(r#"{{"logging_timestamp":"{text}"}}"#);
        assert_eq!(timestamp_of(&output).as_deref(), Some(expected), "{text}");
    };
    check("2026-07-01 12:00:00[Europe/Berlin]", "2026-07-01 10:00:00.000000");
    check("2026-01-01T12:00:00.5 [Europe/Berlin]", "2026-01-01 11:00:00.500000");
    check("2026-07-01T12:00:00+02:00[Europe/Berlin]", "2026-07-01 10:00:00.000000");
    check("2026-07-01T12:00:00Z[America/New_York]", "2026-07-01 12:00:00.000000");
    check("2026-07-01T12:00:00[+05:30]", "2026-07-01 06:30:00.000000");
    check("2026-07-01T12:00:00[UTC]", "2026-07-01 12:00:00.000000");
    check("2026-07-01T12:00:00[!Europe/Berlin][u-ca=iso8601]", "2026-07-01 10:00:00.000000");
    check("2026-07-01[Europe/Berlin]", "2026-06-30 22:00:00.000000");
    // There twice: the earlier offset. Skipped: forward.
    check("2026-10-25 02:30:00[Europe/Berlin]", "2026-10-25 00:30:00.000000");
    check("2026-03-29 02:30:00[Europe/Berlin]", "2026-03-29 01:30:00.000000");
}

#[test]
fn an_unknown_zone_is_a_bad_record_whatever_the_epoch() {
    for zone in ["Mars/Olympus", "", "CEST+", "+99:00"] {
        let body = format!(
            r#"{{"input":{{"uid":"a"}},"output":{{"logging_timestamp":"2026-07-01 12:00:00[{zone}]","logging_epoch":1795412040}}}}"#
        );
        let found = read_object(body.as_bytes());
        assert!(found.records.is_empty(), "{zone}: {found:?}");
        let reason = found.bad[0].reason.to_string();
        assert!(reason.contains(&format!("unknown time zone `{zone}`")), "{reason}");
    }
}
