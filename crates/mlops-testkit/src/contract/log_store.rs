//! What every [`LogStore`] does.

use futures_util::TryStreamExt;
use mlops_core::ports::{Inserted, LogStore, Window};
use mlops_core::record::{LogRecord, parse_utc};

/// The tests of this suite over one store.
#[macro_export]
macro_rules! log_store_contract {
    ($fixture:path) => {
        $crate::contract_tests!(
            $fixture,
            $crate::contract::log_store,
            [
                records_are_kept_whole,
                a_uid_is_written_once,
                a_uid_that_comes_twice_in_a_batch_is_written_once,
                a_uid_is_compared_by_its_bytes,
                a_batch_may_have_any_size,
                two_writers_of_the_same_records_write_them_once,
                a_window_has_its_first_moment_and_not_its_last,
                a_payload_of_a_megabyte_is_kept,
            ]
        );
    };
}

fn record(uid: &str, time: &str, payload: &str) -> LogRecord {
    LogRecord { uid: uid.to_owned(), logging_timestamp: parse_utc(time).unwrap(), payload: payload.to_owned() }
}

fn numbered(uids: impl Iterator<Item = u32>) -> Vec<LogRecord> {
    uids.map(|i| record(&format!("uid-{i}"), "2026-01-01", &format!(r#"{{"input":{{"n":{i}}}}}"#))).collect()
}

/// The payloads in `window` without the blanks that a database may put between their parts, sorted.
async fn payloads(store: &impl LogStore, window: Window) -> Vec<String> {
    let mut payloads: Vec<String> =
        store.payloads(window).map_ok(|payload| payload.replace([' ', '\n'], "")).try_collect().await.unwrap();
    payloads.sort_unstable();
    payloads
}

pub async fn records_are_kept_whole(store: &impl LogStore) {
    // One key an object, since MySQL has its own order of keys.
    let payloads_in = [
        r#"{"input":{"text":"é😀\"\\\u0000"}}"#,
        r#"{"input":{"list":[1,-2.5,1e-5,true,null,[],{}]}}"#,
        r#"{"input":{"large":18446744073709551615}}"#,
        r#"{"input":{"small":0.1}}"#,
    ];
    let records: Vec<LogRecord> = payloads_in
        .iter()
        .enumerate()
        .map(|(i, payload)| record(&format!("u{i}"), "2026-01-01 00:00:00.000001", payload))
        .collect();
    let inserted = store.insert(&records).await.unwrap();
    assert_eq!(inserted, Inserted { loaded: 4, already_there: 0 });
    let mut expected = payloads_in.map(|payload| payload.replace("1e-5", "0.00001"));
    expected.sort_unstable();
    let found: Vec<String> =
        payloads(store, Window::default()).await.into_iter().map(|p| p.replace("1e-5", "0.00001")).collect();
    assert_eq!(found, expected);
}

pub async fn a_uid_is_written_once(store: &impl LogStore) {
    store.insert(&numbered(0..10)).await.unwrap();
    let again = store.insert(&numbered(5..20)).await.unwrap();
    assert_eq!(again, Inserted { loaded: 10, already_there: 5 });
    assert_eq!(payloads(store, Window::default()).await.len(), 20);
    // What is there stays, whatever comes later under its uid.
    store.insert(&[record("uid-3", "2026-05-05", r#"{"input":{"n":"other"}}"#)]).await.unwrap();
    assert!(payloads(store, Window::default()).await.contains(&r#"{"input":{"n":3}}"#.to_owned()));
}

pub async fn a_uid_that_comes_twice_in_a_batch_is_written_once(store: &impl LogStore) {
    let mut records = numbered(0..3);
    records.push(record("uid-1", "2026-01-02", r#"{"input":{"n":"second"}}"#));
    let inserted = store.insert(&records).await.unwrap();
    assert_eq!(inserted, Inserted { loaded: 3, already_there: 1 });
    assert_eq!(payloads(store, Window::default()).await.len(), 3);
}

pub async fn a_uid_is_compared_by_its_bytes(store: &impl LogStore) {
    let uids = ["u1", "U1", "u1 ", "ü1", "u\u{308}1", "u1\t", "'; DROP TABLE model_logs; --"];
    let records: Vec<LogRecord> = uids.iter().map(|uid| record(uid, "2026-01-01", "{}")).collect();
    assert_eq!(store.insert(&records).await.unwrap().loaded, uids.len() as u64);
    assert_eq!(store.insert(&records).await.unwrap().loaded, 0);
}

pub async fn a_batch_may_have_any_size(store: &impl LogStore) {
    let mut start = 0;
    for size in [1, 7, 8, 9, 63, 64, 500, 501, 1573] {
        let inserted = store.insert(&numbered(start..start + size)).await.unwrap();
        assert_eq!(inserted.loaded, u64::from(size), "a batch of {size}");
        start += size;
    }
    assert_eq!(payloads(store, Window::default()).await.len(), start as usize);
    assert_eq!(store.insert(&[]).await.unwrap(), Inserted::default());
}

pub async fn two_writers_of_the_same_records_write_them_once(store: &impl LogStore) {
    let mut backwards = numbered(0..2000);
    backwards.reverse();
    let forwards = numbered(0..2000);
    let (one, other) = tokio::join!(store.insert(&forwards), store.insert(&backwards));
    assert_eq!(one.unwrap().loaded + other.unwrap().loaded, 2000, "a row counts for the writer that wrote it");
    assert_eq!(payloads(store, Window::default()).await.len(), 2000);
}

pub async fn a_window_has_its_first_moment_and_not_its_last(store: &impl LogStore) {
    let times =
        ["2026-01-01 11:59:59.999999", "2026-01-01 12:00:00", "2026-01-01 12:59:59.999999", "2026-01-01 13:00:00"];
    let records: Vec<LogRecord> =
        times.iter().enumerate().map(|(i, time)| record(&i.to_string(), time, &format!(r#"{{"n":{i}}}"#))).collect();
    store.insert(&records).await.unwrap();
    let (from, to) = (parse_utc("2026-01-01 12:00:00"), parse_utc("2026-01-01 13:00:00"));
    assert_eq!(payloads(store, Window { from, to }).await, [r#"{"n":1}"#, r#"{"n":2}"#]);
    assert_eq!(payloads(store, Window { from, to: None }).await.len(), 3);
    assert_eq!(payloads(store, Window { from: None, to }).await.len(), 3);
    assert_eq!(payloads(store, Window::default()).await.len(), 4);
}

pub async fn a_payload_of_a_megabyte_is_kept(store: &impl LogStore) {
    let payload = format!(r#"{{"input":{{"text":"{}"}}}}"#, "x".repeat(1 << 20));
    store.insert(&[record("large", "2026-01-01", &payload)]).await.unwrap();
    assert!(payloads(store, Window::default()).await == [payload], "the payload changed");
}
