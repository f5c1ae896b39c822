//! What every [`ObjectStore`] does.

use bytes::Bytes;
use futures_util::TryStreamExt;
use mlops_core::ports::{ObjectStore, StoreErrorKind};

/// The tests of this suite over one store.
#[macro_export]
macro_rules! object_store_contract {
    ($fixture:path) => {
        $crate::contract_tests!(
            $fixture,
            $crate::contract::object_store,
            [
                what_is_put_is_got,
                a_second_put_replaces_the_first,
                an_empty_object_is_an_object,
                a_large_object_arrives_in_chunks,
                a_missing_object_is_not_found,
                listing_is_in_the_byte_order_of_keys,
                listing_goes_past_a_page,
                listing_tells_size_and_time,
                an_unknown_prefix_lists_nothing,
                odd_names_survive,
            ]
        );
    };
}

async fn put(store: &impl ObjectStore, key: &str, body: impl Into<Bytes>) {
    store.put(key, body.into()).await.unwrap();
}

async fn get(store: &impl ObjectStore, key: &str) -> Vec<u8> {
    let chunks: Vec<Bytes> = store.get(key).await.unwrap().try_collect().await.unwrap();
    chunks.concat()
}

async fn keys(store: &impl ObjectStore, prefix: &str) -> Vec<String> {
    store.list(prefix).map_ok(|object| object.key).try_collect().await.unwrap()
}

pub async fn what_is_put_is_got(store: &impl ObjectStore) {
    put(store, "dt=2026-01-01/hh=05/a.json", "{}\n").await;
    assert_eq!(get(store, "dt=2026-01-01/hh=05/a.json").await, b"{}\n");
}

pub async fn a_second_put_replaces_the_first(store: &impl ObjectStore) {
    put(store, "a", "a longer first body").await;
    put(store, "a", "second").await;
    assert_eq!(get(store, "a").await, b"second");
    assert_eq!(keys(store, "").await, ["a"]);
}

pub async fn an_empty_object_is_an_object(store: &impl ObjectStore) {
    put(store, "empty.json", "").await;
    assert_eq!(keys(store, "").await, ["empty.json"]);
    assert_eq!(get(store, "empty.json").await, b"");
}

pub async fn a_large_object_arrives_in_chunks(store: &impl ObjectStore) {
    let body: Vec<u8> = (0..5_000_000_u32).map(|i| (i % 251) as u8).collect();
    put(store, "large", body.clone()).await;
    let chunks: Vec<Bytes> = store.get("large").await.unwrap().try_collect().await.unwrap();
    assert!(chunks.len() > 4, "{} chunks", chunks.len());
    assert!(chunks.concat() == body, "the body changed on its way");
}

pub async fn a_missing_object_is_not_found(store: &impl ObjectStore) {
    put(store, "here", "x").await;
    let error = store.get("not/here").await.err().expect("there is no such object");
    assert_eq!(error.kind, StoreErrorKind::NotFound, "{error}");
    assert!(error.to_string().contains("not/here"), "the message names the object: {error}");
}

pub async fn listing_is_in_the_byte_order_of_keys(store: &impl ObjectStore) {
    // '.' sorts before '/', and both before letters: a folder's files must not simply follow its name.
    let mut expected = ["a.json", "a/b.json", "a/b/c.json", "a0", "b", "B", "a/b-c", "é"];
    for key in expected {
        put(store, key, "x").await;
    }
    expected.sort_unstable();
    assert_eq!(keys(store, "").await, expected);
    assert_eq!(keys(store, "a/b").await, ["a/b-c", "a/b.json", "a/b/c.json"]);
    assert_eq!(keys(store, "a/b/").await, ["a/b/c.json"]);
}

pub async fn listing_goes_past_a_page(store: &impl ObjectStore) {
    let expected: Vec<String> = (0..1203).map(|i| format!("dt=1/{i:05}.json")).collect();
    for key in &expected {
        put(store, key, "x").await;
    }
    assert_eq!(keys(store, "dt=1/").await, expected);
}

pub async fn listing_tells_size_and_time(store: &impl ObjectStore) {
    put(store, "first", "12345").await;
    let first = store.list("first").try_next().await.unwrap().unwrap();
    assert_eq!(first.size_bytes, 5);
    assert!(first.last_modified.as_second() > 1_700_000_000, "{}", first.last_modified);
}

pub async fn an_unknown_prefix_lists_nothing(store: &impl ObjectStore) {
    put(store, "a/b", "x").await;
    assert_eq!(keys(store, "c/").await, [""; 0]);
    assert_eq!(keys(store, "a/b/c").await, [""; 0]);
}

pub async fn odd_names_survive(store: &impl ObjectStore) {
    let name = "uid with blank+plus%25 & 'quote' ü=1.json";
    put(store, name, "x").await;
    assert_eq!(keys(store, "uid").await, [name]);
    assert_eq!(get(store, name).await, b"x");
}
