//! Records as they are laid out in objects.

use super::*;

fn pretty(uid: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(&line(uid)).unwrap();
    serde_json::to_string_pretty(&value).unwrap()
}

#[test]
fn records_over_several_lines_follow_each_other() {
    check(&format!("{}\n{}\n{}\n", pretty("a"), pretty("b"), line("c")), &["a", "b", "c"]);
    check(&format!("{}{}\r\n\r\n{}", pretty("a"), pretty("b"), pretty("c")), &["a", "b", "c"]);
    check(&format!("{},\n{},\n", pretty("a"), pretty("b")), &["a", "b"]);
    check(&pretty("a").replace("  ", ""), &["a"]);
    let many: String = (0..3000).map(|uid| pretty(&uid.to_string()) + "\n").collect();
    let found = read_object(many.as_bytes());
    assert_eq!((found.records.len(), found.bad.len()), (3000, 0));
    assert_eq!(found.origins[2999].position.line, 2999 * 8 + 1);
}

#[test]
fn records_follow_each_other_with_commas() {
    check(&format!("{},{} , {}", line("a"), line("b"), line("c")), &["a", "b", "c"]);
    check(&format!("{},\n{},\n", line("a"), line("b")), &["a", "b"]);
}

#[test]
fn a_list_of_records_is_read() {
    for body in [
        format!("[{},{}]", line("a"), line("b")),
        format!("[\n{},\n{}\n]\n", line("a"), line("b")),
        format!("[\n  {},\n  {}\n]", pretty("a").replace('\n', "\n  "), pretty("b")),
        format!(" \u{FEFF}[ {} , {} ] ", line("a"), line("b")),
        format!("[{}]\n[{}]", line("a"), line("b")),
        format!("[{}]\n[]\n{}", line("a"), line("b")),
        // One that was cut between its items has all of them.
        format!("[{},{}", line("a"), line("b")),
        // As Python prints it.
        format!("[{}, {}]", line("a").replace('"', "'"), line("b").replace('"', "'")),
    ] {
        check(&body, &["a", "b"]);
    }
    check("[]", &[]);
}

#[test]
fn a_long_list_on_one_line_is_read_in_parts() {
    let items: Vec<String> = (0..5000).map(|uid| line(&uid.to_string())).collect();
    let body = format!("[{}]", items.join(","));
    let mut found = Found::default();
    let mut reader = RecordReader::new(Naming::none(), DEFAULT_MAX_RECORD_BYTES);
    for chunk in body.as_bytes().chunks(10_000) {
        reader.push(chunk, &mut found);
        assert!(reader.held_bytes() < 200_000, "{}", reader.held_bytes());
    }
    reader.finish(&mut found);
    assert_eq!((found.records.len(), found.bad.len()), (5000, 0));
}

#[test]
fn a_json_text_sequence_is_read() {
    check(&format!("\x1E{}\n\x1E{}\n", line("a"), pretty("b")), &["a", "b"]);
    check(&format!("\x1E{}\x1E{}", line("a"), line("b")), &["a", "b"]);
    // RFC 7464, 2.4: a text that was cut ends at the next separator.
    let cut = &line("x")[..40];
    check_bad(format!("\x1E{}\n\x1E{cut}\x1E{}\n", line("a"), line("b")).as_bytes(), 2, "found", 2);
    check_bad(
        format!("\x1E{}\n\x1E{cut}\n\x1E{}\n", line("a"), line("b")).as_bytes(),
        2,
        "found",
        2,
    );
}

#[test]
fn a_byte_order_mark_may_stand_before_any_record() {
    check(&format!("\u{FEFF}{}\n\u{FEFF}{}\n", line("a"), pretty("b")), &["a", "b"]);
    check(&format!("{}\u{FEFF}{}", line("a"), line("b")), &["a", "b"]);
    check(&format!("{}\r\n\u{FEFF}\r\n \u{A0}{}", line("a"), line("b")), &["a", "b"]);
}

#[test]
fn what_a_logger_wrote_before_a_record_is_skipped() {
    for prefix in ["2026-01-01 05:34:00,123 INFO scorer: ", "[INFO] ", "INFO:root:", "scorer-1  | "]
    {
        check(&format!("{prefix}{}\n{prefix}{}\n", line("a"), line("b")), &["a", "b"]);
        check(&format!("{prefix}{}\n{prefix}{}\n", pretty("a"), line("b")), &["a", "b"]);
    }
    let info = "2026-01-01 05:34:00 INFO ";
    check_bad(format!("{info}ready\n{info}{}\n", line("a")).as_bytes(), 1, "not a JSON object", 1);
    check_bad(
        format!("{info}config {{\"a\": 1}} read\n{info}{}\n", line("a")).as_bytes(),
        1,
        "no usable",
        1,
    );
    check_bad(format!("{info}config {{\n{info}{}\n", line("a")).as_bytes(), 1, "neither JSON", 1);
    check_bad(format!("garbage {}\n{}\n", line("x"), line("a")).as_bytes(), 1, "unknown word", 1);
    // The end of a record that was cut is not skipped with it.
    let cut = format!("\"2026-01-01\"}} {}\n{}\n", line("x"), line("a"));
    check_bad(cut.as_bytes(), 1, "not a JSON object", 1);
}

#[test]
fn lines_of_containerd_are_joined() {
    let whole = line("b");
    let (first, rest) = whole.split_at(30);
    let at = "2026-01-01T05:34:00.123456789Z stdout";
    let body = format!(
        "{at} F {}\n{at} P {first}\n2026-01-01T05:34:00Z stderr F oops\n{at} F {rest}\n",
        line("a")
    );
    check_bad(body.as_bytes(), 3, "unknown word `oops`", 2);
}

#[test]
fn a_bad_record_in_a_list_costs_that_record_only() {
    let body = format!("[{},{{\"a\" 1}},{}]", line("a"), line("b"));
    check_bad(body.as_bytes(), 1, "expected `:`", 2);
    assert_eq!(read_object(body.as_bytes()).bad[0].raw, b"{\"a\" 1}");
    let body = format!("[{},\n 5,\n{}]", line("a"), line("b"));
    check_bad(body.as_bytes(), 2, "not a JSON object", 2);
}

#[test]
fn a_bad_record_over_several_lines_is_one() {
    let bad = pretty("x").replace(": {", " {");
    let body = format!("{}\n{bad}\n{}\n", pretty("a"), pretty("b"));
    check_bad(body.as_bytes(), 9, "expected `:`", 2);
    assert_eq!(read_object(body.as_bytes()).bad[0].raw, bad.as_bytes());
    let latin = pretty("x").replace('x', "\u{1}");
    let latin: Vec<u8> = latin.bytes().map(|b| if b == 1 { 0xFC } else { b }).collect();
    let body = [pretty("a").as_bytes(), b"\n", &latin, b"\n", pretty("b").as_bytes()].concat();
    check_bad(&body, 9, "invalid UTF-8 at byte 27", 2);
}

#[test]
fn a_record_that_was_cut_anywhere_costs_itself_only() {
    for whole in [line("x"), pretty("x")] {
        for length in 1..whole.trim_end_matches(['}', '\n', ' ']).len() {
            let cut = &whole[..length];
            for next in [line("b"), pretty("b")] {
                let body = format!("{}\n{cut}\n{next}\n{}\n", line("a"), line("c"));
                let found = read_object(body.as_bytes());
                let uids: Vec<&str> = found.records.iter().map(|r| r.key.uid.as_str()).collect();
                assert_eq!(uids, ["a", "b", "c"], "{body}\n{:?}", found.bad);
                assert!(!found.bad.is_empty(), "{body}");
            }
        }
    }
}

#[test]
fn a_binary_object_is_one_bad_record() {
    let body: Vec<u8> =
        (0..300_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let found = read_in_chunks(&body, 1000, DEFAULT_MAX_RECORD_BYTES);
    assert!(found.records.is_empty());
    let [bad] = found.bad.as_slice() else { panic!("{} bad records", found.bad.len()) };
    assert!(matches!(bad.reason, RecordError::Binary(_)), "{}", bad.reason);
    assert_eq!((bad.position.line, bad.raw_bytes), (1, 300_000));
}

#[test]
fn pprint_prints_records_over_several_lines() {
    let body = "{'input': {'note': 'a long text that goes '\n                   'on',\n           'uid': 'a'},\n 'output': {'logging_timestamp': datetime.datetime(2026, 1, 1, 0, 0, tzinfo=datetime.timezone(datetime.timedelta(seconds=3600)))}}\n";
    let found = read_object(format!("{body}{body}").replace("'a'}", "'a'}").as_bytes());
    assert!(found.bad.is_empty(), "{:?}", found.bad);
    assert_eq!(found.records.len(), 2);
    assert_eq!(to_sql_text(found.records[0].logging_timestamp), "2025-12-31 23:00:00.000000");
    assert!(found.records[0].payload.contains("a long text that goes on"));
}

#[test]
fn a_long_line_of_numbers_is_a_record() {
    let numbers = "1,".repeat(100_000);
    let body = line("a").replace("\"uid\"", &format!("\"x\":[{numbers}2],\"uid\""));
    for chunk in [999, 70_000, usize::MAX] {
        let found = read_in_chunks(format!("{body}\n{body}").as_bytes(), chunk, 1 << 20);
        assert_eq!((found.records.len(), found.bad.len()), (2, 0));
        assert_eq!(found.records[1].payload, body);
    }
}
