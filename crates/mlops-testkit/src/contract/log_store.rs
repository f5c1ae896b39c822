//! The contract of every [`LogStore`].

use futures_util::TryStreamExt;
use mlops_core::etl::EtlStore;
use mlops_core::ports::{LogStore, LoggedRequest};
use mlops_core::record::LogRecord;
use mlops_core::timestamp::parse_utc;
use mlops_core::window::Window;

use super::etl_store::{insert, record};

/// The tests of this suite over one store.
#[macro_export]
macro_rules! log_store_contract {
    ($fixture:path) => {
        $crate::contract_tests!(
            $fixture,
            $crate::contract::log_store,
            [
                records_are_kept_whole,
                a_window_has_its_first_moment_and_not_its_last,
                a_payload_of_a_megabyte_is_kept,
            ]
        );
    };
}

/// The payloads in `window` without the blanks that a database may put between their parts, sorted.
async fn payloads(store: &impl LogStore, window: Window) -> Vec<String> {
    let mut payloads: Vec<String> = store
        .requests(window)
        .map_ok(|request| request.payload.replace([' ', '\n'], ""))
        .try_collect()
        .await
        .unwrap();
    payloads.sort_unstable();
    payloads
}

pub async fn records_are_kept_whole(store: &(impl LogStore + EtlStore)) {
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
    assert_eq!(insert(store, &records).await.loaded, 4);
    let mut expected = payloads_in.map(|payload| payload.replace("1e-5", "0.00001"));
    expected.sort_unstable();
    let found: Vec<String> = payloads(store, Window::default())
        .await
        .into_iter()
        .map(|p| p.replace("1e-5", "0.00001"))
        .collect();
    assert_eq!(found, expected);
}

pub async fn a_window_has_its_first_moment_and_not_its_last(store: &(impl LogStore + EtlStore)) {
    let times = [
        "2026-01-01 11:59:59.999999",
        "2026-01-01 12:00:00",
        "2026-01-01 12:59:59.999999",
        "2026-01-01 13:00:00",
    ];
    let records: Vec<LogRecord> = times
        .iter()
        .enumerate()
        .map(|(i, time)| record(&i.to_string(), time, &format!(r#"{{"n":{i}}}"#)))
        .collect();
    insert(store, &records).await;
    let (from, to) = (parse_utc("2026-01-01 12:00:00"), parse_utc("2026-01-01 13:00:00"));
    assert_eq!(payloads(store, Window { from, to }).await, [r#"{"n":1}"#, r#"{"n":2}"#]);
    let requests: Vec<LoggedRequest> =
        store.requests(Window { from, to }).try_collect().await.unwrap();
    assert!(
        requests
            .iter()
            .any(|request| Some(request.logging_timestamp)
                == parse_utc("2026-01-01 12:59:59.999999"))
    );
    assert_eq!(payloads(store, Window { from, to: None }).await.len(), 3);
    assert_eq!(payloads(store, Window { from: None, to }).await.len(), 3);
    assert_eq!(payloads(store, Window::default()).await.len(), 4);
}

pub async fn a_payload_of_a_megabyte_is_kept(store: &(impl LogStore + EtlStore)) {
    let payload = format!(r#"{{"input":{{"text":"{}"}}}}"#, "x".repeat(1 << 20));
    insert(store, &[record("large", "2026-01-01", &payload)]).await;
    assert!(payloads(store, Window::default()).await == [payload], "the payload changed");
}
