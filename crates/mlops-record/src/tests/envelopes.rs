//! Envelopes of those who ship logs.

use std::io::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use super::*;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn base64(bytes: impl AsRef<[u8]>) -> String {
    BASE64_STANDARD.encode(bytes)
}

fn cloudwatch(messages: &[&str]) -> String {
    let events: Vec<_> = messages
        .iter()
        .map(|message| json!({"id": "1", "timestamp": 1, "message": message}))
        .collect();
    json!({"messageType": "DATA_MESSAGE", "owner": "1", "logGroup": "g", "logStream": "s",
        "subscriptionFilters": ["f"], "logEvents": events})
    .to_string()
}

fn firehose(data: &[&[u8]]) -> String {
    let records: Vec<_> = data.iter().map(|data| json!({"data": base64(data)})).collect();
    json!({"requestId": "r", "timestamp": 1, "records": records}).to_string()
}

fn kinesis(data: &[&[u8]]) -> String {
    let records: Vec<_> = data
        .iter()
        .map(|data| json!({"eventSource": "aws:kinesis", "kinesis": {"data": base64(data), "partitionKey": "p"}}))
        .collect();
    json!({"Records": records}).to_string()
}

fn docker(text: &str) -> String {
    json!({"log": text, "stream": "stdout", "time": "2026-01-01T00:00:00.1Z"}).to_string()
}

/// The payloads are the inner records, unchanged.
fn check_payloads(body: &str, uids: &[&str]) -> Found {
    let found = read_object(body.as_bytes());
    assert!(found.bad.is_empty(), "{body}: {:?}", found.bad);
    let payloads: Vec<&str> = found.records.iter().map(|record| record.payload.as_str()).collect();
    let expected: Vec<String> = uids.iter().map(|uid| line(uid)).collect();
    assert_eq!(payloads, expected, "{body}");
    found
}

fn path(bad: &BadRecord) -> (u64, Option<u64>, &str) {
    let within = bad.position.within.as_deref().unwrap();
    (bad.position.line, within.index, within.path.as_str())
}

#[test]
fn messages_of_cloudwatch_are_opened() {
    let two = cloudwatch(&[&line("a"), &(line("b") + "\n")]);
    check_payloads(&two, &["a", "b"]);
    check_payloads(&format!("{two}{}\n", cloudwatch(&[&line("c")])), &["a", "b", "c"]);
    let control = json!({"messageType": "CONTROL_MESSAGE", "owner": "CloudwatchLogs",
        "logEvents": [{"id": "", "timestamp": 1, "message": "CWL CONTROL MESSAGE: checking health"}]});
    check_payloads(&format!("{control}{two}"), &["a", "b"]);
    let awslogs = json!({"awslogs": {"data": base64(gzip(two.as_bytes()))}});
    check_payloads(&awslogs.to_string(), &["a", "b"]);
}

#[test]
fn a_bad_message_is_named_by_line_and_index() {
    let body =
        format!("{}\n{}\n", line("z"), cloudwatch(&[&line("a"), "START RequestId: 1", &line("b")]));
    let found = read_object(body.as_bytes());
    assert_eq!(found.records.len(), 3);
    let [bad] = found.bad.as_slice() else { panic!("{:?}", found.bad) };
    assert_eq!(path(bad), (2, Some(1), "logEvents[1].message"));
    assert_eq!(bad.raw, b"START RequestId: 1");
    let within = found.origins[2].position.within.as_deref().unwrap();
    assert_eq!((found.origins[2].position.line, within.index), (2, Some(2)));
}

#[test]
fn records_of_firehose_are_opened() {
    check_payloads(&firehose(&[line("a").as_bytes(), line("b").as_bytes()]), &["a", "b"]);
    let both = format!("{}{}", line("a"), line("b"));
    check_payloads(&firehose(&[both.as_bytes(), line("c").as_bytes()]), &["a", "b", "c"]);
    check_payloads(&firehose(&[&gzip(both.as_bytes())]), &["a", "b"]);
    let found = read_object(
        json!({"records": [{"data": "%%%"}, {"data": base64(line("a"))}, {"x": 1}]})
            .to_string()
            .as_bytes(),
    );
    assert_eq!(found.records.len(), 1);
    let [no_base64, no_data] = found.bad.as_slice() else { panic!("{:?}", found.bad) };
    assert_eq!(path(no_base64), (1, Some(0), "records[0].data"));
    assert_eq!(path(no_data), (1, Some(2), "records[2]"));
    assert!(no_base64.reason.to_string().contains("records[0].data is not base64"));
}

#[test]
fn events_of_lambda_are_opened() {
    check_payloads(&kinesis(&[line("a").as_bytes(), line("b").as_bytes()]), &["a", "b"]);
    let sqs = json!({"Records": [
        {"messageId": "m", "eventSource": "aws:sqs", "body": line("a")},
        {"messageId": "n", "eventSource": "aws:sqs", "body": line("b")},
    ]});
    check_payloads(&sqs.to_string(), &["a", "b"]);
    let sns = json!({"Type": "Notification", "MessageId": "m", "Message": line("a")});
    check_payloads(&sns.to_string(), &["a"]);
    let sns = json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": line("a")}}]});
    check_payloads(&sns.to_string(), &["a"]);
}

#[test]
fn envelopes_in_envelopes_are_opened() {
    let inner = gzip(cloudwatch(&[&line("a"), &line("b"), "oops"]).as_bytes());
    let body = firehose(&[kinesis(&[&inner]).as_bytes(), line("c").as_bytes()]);
    let found = read_object(body.as_bytes());
    let uids: Vec<&str> = found.records.iter().map(|record| record.key.uid.as_str()).collect();
    assert_eq!(uids, ["a", "b", "c"]);
    let [bad] = found.bad.as_slice() else { panic!("{:?}", found.bad) };
    assert_eq!(
        path(bad),
        (1, Some(2), "records[0].data/Records[0].kinesis.data/logEvents[2].message")
    );
    let mut deep = line("a");
    for _ in 0..8 {
        deep = cloudwatch(&[&deep]);
    }
    check_payloads(&deep, &["a"]);
    let found = read_object(cloudwatch(&[&deep]).as_bytes());
    assert!(found.bad[0].reason.to_string().contains("too many envelopes"), "{found:?}");
}

#[test]
fn lines_of_docker_are_opened_and_their_pieces_joined() {
    check_payloads(
        &format!("{}\n{}\n", docker(&(line("a") + "\n")), docker(&(line("b") + "\n"))),
        &["a", "b"],
    );
    // Docker cuts a line every 16 kB.
    let long =
        line("b").replace("\"uid\"", &format!("\"x\":\"{}\",\"uid\"", "é\\n".repeat(20_000)));
    let text = long.clone() + "\n";
    let mut body = docker(&(line("a") + "\n")) + "\n";
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let mut end = rest.len().min(16 << 10);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        body += &(docker(&rest[..end]) + "\n");
        // The other stream of the container comes between.
        body += &(docker("warning: slow\n").replace("stdout", "stderr") + "\n");
        rest = &rest[end..];
    }
    body += &(docker(&(line("c") + "\n")) + "\n");
    let found = read_object(body.as_bytes());
    let uids: Vec<&str> = found.records.iter().map(|record| record.key.uid.as_str()).collect();
    assert_eq!(uids, ["a", "b", "c"], "{:?}", found.bad);
    assert_eq!(found.records[1].payload, long);
    assert_eq!(found.origins[1].position.line, 2);
    assert!(found.bad.iter().all(|bad| bad.raw == b"warning: slow"), "{:?}", found.bad);
    assert!(found.bad.iter().all(|bad| bad.position.line % 2 == 1));
}

#[test]
fn a_record_that_docker_logged_over_several_lines_is_whole() {
    let pretty = serde_json::to_string_pretty(
        &serde_json::from_str::<serde_json::Value>(&line("b")).unwrap(),
    )
    .unwrap();
    let logged: String = [line("a"), pretty, line("c")]
        .join("\n")
        .lines()
        .map(|l| docker(&format!("{l}\n")) + "\n")
        .collect();
    let found = check_payloads(&logged, &["a", "b", "c"]);
    let lines: Vec<u64> = found.origins.iter().map(|origin| origin.position.line).collect();
    assert_eq!(lines, [1, 2, 10]);
}

#[test]
fn lines_of_fluent_bit_are_opened() {
    for field in ["log", "message"] {
        let wrap =
            |uid: &str| json!({"date": 1795412040.1, field: line(uid), "kubernetes": {"pod": "p"}});
        check_payloads(&format!("{}\n{}\n", wrap("a"), wrap("b")), &["a", "b"]);
        check_payloads(&format!("[{},{}]", wrap("a"), wrap("b")), &["a", "b"]);
        let parsed: serde_json::Value = serde_json::from_str(&line("a")).unwrap();
        check_payloads(&json!({"date": 1, field: parsed}).to_string(), &["a"]);
        let prefixed = json!({field: format!("2026-01-01 00:00:00 INFO {}", line("a"))});
        check_payloads(&prefixed.to_string(), &["a"]);
        let found = read_object(json!({field: "ready"}).to_string().as_bytes());
        assert_eq!(path(&found.bad[0]), (1, None, field));
    }
    let part = |text: &str, tag: &str| {
        json!({"log": text, "stream": "stdout", "logtag": tag, "time": "t"}).to_string()
    };
    let whole = line("a");
    check_payloads(
        &(part(&whole[..20], "P") + &part(&whole[20..], "F") + &part(&line("b"), "F")),
        &["a", "b"],
    );
}

#[test]
fn messages_of_other_shippers_are_opened() {
    let record: serde_json::Value = serde_json::from_str(&line("a")).unwrap();
    let text = line("a");
    for body in [
        // journald, Google Cloud, CloudWatch Logs Insights, Splunk, GELF, Loki.
        json!({"__REALTIME_TIMESTAMP": "1", "PRIORITY": "6", "MESSAGE": text}),
        json!({"insertId": "1", "logName": "l", "severity": "INFO", "textPayload": text}),
        json!({"insertId": "1", "logName": "l", "jsonPayload": record}),
        json!({"insertId": "1", "jsonPayload": {"message": text, "level": "info"}}),
        json!({"@timestamp": "t", "@ptr": "p", "@message": text}),
        json!({"preview": false, "result": {}, "_raw": text}),
        json!({"version": "1.1", "host": "h", "short_message": "cut {", "full_message": text}),
        json!({"version": "1.1", "host": "h", "short_message": text}),
        json!({"labels": {"app": "a"}, "line": text, "timestamp": "t"}),
        // Filebeat, Elasticsearch, Datadog, Logstash.
        json!({"@timestamp": "t", "log": {"offset": 1, "file": {"path": "p"}}, "message": text}),
        json!({"log": {"level": "info"}, "message": record}),
        json!({"_index": "i", "_id": "1", "_source": {"message": text, "host": {"name": "h"}}}),
        json!({"_id": "1", "service": "s", "message": "", "attributes": record}),
        json!({"@version": "1", "host": "h", "tags": [], "message": text}),
        // EventBridge, CloudEvents, Splunk's collector, OpenTelemetry, a message of SQS.
        json!({"version": "0", "detail-type": "scored", "source": "app", "detail": record}),
        json!({"specversion": "1.0", "type": "scored", "data": record}),
        json!({"specversion": "1.0", "type": "scored", "data": text}),
        json!({"time": 1, "host": "h", "sourcetype": "s", "event": record}),
        json!({"Timestamp": "1", "SeverityText": "INFO", "body": text}),
        // The text of a text, once and twice.
        json!(text),
        json!(json!(text).to_string()),
        json!([text]),
        json!({"message": json!(text).to_string()}),
    ] {
        let body = body.to_string();
        let found = read_object(body.as_bytes());
        assert!(found.bad.is_empty(), "{body}: {:?}", found.bad);
        let payloads: Vec<serde_json::Value> =
            found.records.iter().map(|r| serde_json::from_str(&r.payload).unwrap()).collect();
        assert_eq!(payloads, std::slice::from_ref(&record), "{body}");
    }
    for body in ["'{\"input\": 1', 5", "\"ready\"", "\"{\"", "b'{'", "u"] {
        assert_eq!(read_object(body.as_bytes()).records.len(), 0, "{body}");
    }
    check_payloads(&format!("{}\n{}\n", json!(line("a")), json!(line("b"))), &["a", "b"]);
    check_payloads(&format!("[{},\n {}]", json!(line("a")), json!(line("b"))), &["a", "b"]);
    check_payloads(&format!("\"open\n{}\n", line("b")).replace("\"open", ""), &["b"]);
}

#[test]
fn a_text_without_its_end_costs_that_line_only() {
    let found = read_object(format!("\"{{open\n{}\n'x\n{}\n", line("a"), line("b")).as_bytes());
    assert_eq!((found.records.len(), found.bad.len()), (2, 2), "{:?}", found.bad);
}

#[test]
fn colors_of_a_terminal_are_no_part_of_a_record() {
    for prefix in [
        "\x1B[32m",
        "\x1B[1;32mINFO\x1B[0m:     ",
        "\x1B[2m2026-01-01T00:00:00Z\x1B[0m \x1B[32m INFO\x1B[0m ",
    ] {
        let text = format!("{prefix}{}\x1B[0m\n{prefix}{}\x1B[m\n", line("a"), line("b"));
        check_payloads(&text, &["a", "b"]);
        check_payloads(&docker(&text), &["a", "b"]);
    }
}

#[test]
fn lines_of_containerd_are_opened_and_their_pieces_joined() {
    let text = line("b");
    let time = "2026-01-01T00:00:00.123456789Z";
    let lines = format!(
        "{time} stdout F {}\n{time} stdout P {}\n{time} stderr F oops\n{time} stdout P {}\n{time} stdout F {}\n",
        line("a"),
        &text[..9],
        &text[9..20],
        &text[20..]
    );
    let found = read_object(lines.as_bytes());
    let payloads: Vec<&str> = found.records.iter().map(|r| r.payload.as_str()).collect();
    assert_eq!(payloads, [line("a"), line("b")], "{:?}", found.bad);
    assert_eq!(found.bad.len(), 1);
}

#[test]
fn envelopes_without_a_record_are_bad_records() {
    for body in [
        json!({"Records": [{"eventSource": "aws:s3", "s3": {"object": {"key": "k"}}}]}),
        json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": line("a")}}]}]}]}),
        json!({"event": "started", "data": {"a": 1}, "detail": []}),
        json!({"log": {"level": "info"}, "msg": "ready"}),
        json!({"MESSAGE": [123, 34]}),
    ] {
        let found = read_object(body.to_string().as_bytes());
        assert_eq!((found.records.len(), found.bad.len()), (0, 1), "{body}: {:?}", found.bad);
    }
}

#[test]
fn a_record_that_has_the_fields_of_an_envelope_is_itself() {
    let output = r#""output":{"logging_timestamp":"2026-01-01 00:00:00"}"#;
    for extra in [
        r#""log":"text","stream":"stdout","time":"x""#,
        r#""message":"{\"input\":{\"uid\":\"b\"}}""#,
        r#""records":[{"data":"e30="}]"#,
        r#""Records":[{"body":"{}"}]"#,
        r#""messageType":"CONTROL_MESSAGE","logEvents":[]"#,
        r#""messageType":"DATA_MESSAGE","logEvents":[{"message":"x"}]"#,
        r#""Type":"Notification","Message":"x""#,
    ] {
        for body in [
            format!(r#"{{{extra},"input":{{"uid":"a"}},{output}}}"#),
            format!(r#"{{"input":{{"uid":"a"}},{output},{extra}}}"#),
            format!(r#"{{"input":{{"uid":"a",{extra}}},{output}}}"#),
        ] {
            let found = read_object(body.as_bytes());
            assert_eq!(found.records.len(), 1, "{body}: {:?}", found.bad);
            assert_eq!(
                (found.records[0].key.uid.as_str(), found.records[0].payload.as_str()),
                ("a", body.as_str())
            );
        }
        let only_output = format!(r#"{{{extra},{output}}}"#);
        assert_eq!(read_object(only_output.as_bytes()).records[0].key.uid, "stem", "{only_output}");
    }
}

#[test]
fn what_looks_like_an_envelope_and_holds_nothing_is_one_bad_record() {
    for body in [
        r#"{"records": []}"#,
        r#"{"records": 5}"#,
        r#"{"Records": [{"s3": {}}]}"#,
        r#"{"logEvents": [{"message": "x"}]}"#,
        r#"{"messageType": "DATA_MESSAGE", "logEvents": 3}"#,
        r#"{"log": 5}"#,
        r#"{"message": null}"#,
        r#"{"Type": "Notification"}"#,
        r#"{"awslogs": {}}"#,
    ] {
        check_bad(body.as_bytes(), 1, "no usable `output.logging_timestamp`", 0);
    }
}

#[test]
fn an_object_with_one_record_in_an_envelope_gives_it_its_name() {
    let found = read_object(cloudwatch(&[unnamed()]).as_bytes());
    assert_eq!(found.records[0].key.uid, "stem");
}
