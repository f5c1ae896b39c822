//! The contract of every [`ObjectStore`].

use bytes::Bytes;
use futures_util::TryStreamExt;
use mlops_core::etl::Partition;
use mlops_core::ports::NameRange;
use mlops_core::ports::{Entry, ObjectStore, StoreErrorKind};

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
                listing_shows_every_key_below_a_prefix,
                listing_goes_past_a_page,
                listing_tells_size_and_time,
                an_unknown_prefix_lists_nothing,
                odd_names_survive,
                browsing_shows_one_level_of_a_folder,
                browsing_a_range_shows_the_names_in_it,
                a_new_content_has_a_new_version,
                what_is_deleted_is_gone,
                a_conditional_put_knows_what_it_replaces,
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
    let mut keys: Vec<String> =
        store.list(prefix).map_ok(|object| object.key).try_collect().await.unwrap();
    keys.sort_unstable();
    keys
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

pub async fn listing_shows_every_key_below_a_prefix(store: &impl ObjectStore) {
    // '.' sorts before '/', and both before letters: a folder's files do not simply follow its
    // name.
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

async fn browse(store: &impl ObjectStore, folder: &str, names: NameRange) -> Vec<String> {
    let name = |entry: Entry| entry.key().to_owned();
    let mut names: Vec<String> =
        store.browse(folder, names).map_ok(name).try_collect().await.unwrap();
    names.sort_unstable();
    names
}

pub async fn browsing_shows_one_level_of_a_folder(store: &impl ObjectStore) {
    for key in ["a.json", "dt=1/hh=1/x", "dt=1/hh=2/x", "dt=1/y", "dt=1.json", "dt=2/x"] {
        put(store, key, "x").await;
    }
    assert_eq!(
        browse(store, "", NameRange::default()).await,
        ["a.json", "dt=1.json", "dt=1/", "dt=2/"]
    );
    assert_eq!(
        browse(store, "dt=1/", NameRange::default()).await,
        ["dt=1/hh=1/", "dt=1/hh=2/", "dt=1/y"]
    );
    assert_eq!(browse(store, "dt=3/", NameRange::default()).await, [""; 0]);
    for i in 0..1100 {
        put(store, &format!("many/{i:04}"), "x").await;
    }
    assert_eq!(browse(store, "many/", NameRange::default()).await.len(), 1100);
}

pub async fn browsing_a_range_shows_the_names_in_it(store: &impl ObjectStore) {
    let mut keys = Vec::new();
    for name in [
        "!",
        "-~",
        "0",
        "00ff.json",
        "0~",
        "9~~",
        ":",
        "A.json",
        "Z",
        "_",
        "`",
        "aa",
        "a~",
        "b",
        "f~",
        "g",
        "z",
        "~",
    ] {
        for key in [format!("in/{name}"), format!("in/{name}/below")] {
            // A file and a folder of one name can only be in a bucket.
            let key = if key.ends_with("below") { key.replace("/below", "-folder/x") } else { key };
            put(store, &key, "x").await;
            keys.push(key);
        }
    }
    put(store, "in.json", "x").await;
    let mut found = Vec::new();
    for (_, range) in Partition::RANGES {
        found.extend(browse(store, "in/", range).await);
    }
    let mut expected: Vec<String> =
        keys.into_iter().map(|key| key.replace("-folder/x", "-folder/")).collect();
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected);
}

pub async fn a_new_content_has_a_new_version(store: &impl ObjectStore) {
    let mut versions = Vec::new();
    for body in ["one", "two", "three"] {
        put(store, "a", body).await;
        versions.extend(
            store.list("").map_ok(|object| object.version).try_collect::<Vec<_>>().await.unwrap(),
        );
        let browsed: Vec<Entry> =
            store.browse("", NameRange::default()).try_collect().await.unwrap();
        assert!(
            matches!(&browsed[..], [Entry::Object(object)] if object.version == *versions.last().unwrap())
        );
    }
    versions.dedup();
    assert_eq!(versions.len(), 3, "{versions:?}");
}

pub async fn what_is_deleted_is_gone(store: &impl ObjectStore) {
    put(store, "a/b", "x").await;
    store.delete("a/b").await.unwrap();
    assert_eq!(keys(store, "").await, [""; 0]);
    store.delete("a/b").await.unwrap();
}

pub async fn a_conditional_put_knows_what_it_replaces(store: &impl ObjectStore) {
    let version =
        async || -> String { store.list("model").try_next().await.unwrap().unwrap().version };
    let put_if = async |body: &'static str, version: Option<&str>| {
        store.put_if("model", Bytes::from(body), version).await.unwrap()
    };
    assert!(put_if("first", None).await);
    assert!(!put_if("another first", None).await, "there is one already");
    let first = version().await;
    assert!(put_if("second, longer", Some(&first)).await);
    assert!(!put_if("late", Some(&first)).await, "it is the second by now");
    assert_eq!(get(store, "model").await, b"second, longer");
    store.delete("model").await.unwrap();
    assert!(!put_if("too late", Some(&first)).await, "it is gone");
    assert!(keys(store, "").await.is_empty());
}
