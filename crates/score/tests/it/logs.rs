//! Where records go.

use std::path::Path;

use aws_sdk_s3::Client;
use futures_util::TryStreamExt;
use mlops_core::ports::LogStore;
use mlops_core::window::Window;
use mlops_testkit::{mysql, s3};
use serde_json::Value;

use crate::caller::Load;
use crate::service::{Service, job};
use crate::world::{World, check_same, lines, request, uids};

/// All objects of a bucket, by key.
pub(crate) async fn objects(bucket: &str) -> Vec<(String, Vec<u8>)> {
    let config =
        aws_sdk_s3::config::Builder::from(&s3().config().await).force_path_style(true).build();
    let client = Client::from_conf(config);
    let mut pages = client.list_objects_v2().bucket(bucket).into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        for object in page.unwrap().contents.unwrap_or_default() {
            let key = object.key.unwrap();
            let body = client.get_object().bucket(bucket).key(&key).send().await.unwrap().body;
            found.push((key, body.collect().await.unwrap().to_vec()));
        }
    }
    found
}

pub(crate) async fn records(bucket: &str) -> Vec<Value> {
    objects(bucket).await.iter().flat_map(|(_, body)| lines(body)).collect()
}

/// The uids in `model_logs`, sorted.
pub(crate) async fn rows(database: &str) -> Vec<String> {
    let database = mlops_sql::Database::connect(&database.parse().unwrap()).await.unwrap();
    let requests: Vec<_> = database.requests(Window::default()).try_collect().await.unwrap();
    let records: Vec<Value> =
        requests.iter().map(|request| serde_json::from_str(&request.payload).unwrap()).collect();
    uids(&records)
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_batched_by_hour_in_s3() {
    let world = World::new();
    let bucket = s3().bucket().await;
    let logs = format!("s3://{bucket}/churn");
    let batches = ["--logs", &logs, "--log-batch-bytes", "8192"];
    let service = Service::start(job(&world, &batches).on(s3()));
    let load = Load::start(&service.address, 4);
    load.more(100).await;
    let loaded = load.stop().await;
    assert_eq!(service.stop().0, 143);
    let objects = objects(&bucket).await;
    let found: Vec<Value> = objects.iter().flat_map(|(_, body)| lines(body)).collect();
    check_same(&uids(&found), &loaded.uids);
    assert!(objects.len() > 5, "{} records in {} objects", found.len(), objects.len());
    for (key, body) in &objects {
        assert!(body.len() <= 8192 && body.ends_with(b"}\n"), "{key}");
        for record in lines(body) {
            let time = record["output"]["logging_timestamp"].as_str().unwrap();
            let folder = format!("churn/dt={}/hh={}/", &time[..10], &time[11..13]);
            assert!(
                key.starts_with(&folder) && key.ends_with(".ndjson"),
                "{key} has a record of {time}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_objects_of_their_own() {
    let world = World::new();
    let bucket = s3().bucket().await;
    let single =
        ["--logs", &format!("s3://{bucket}"), "--log-objects", "single", "--log-every", "100ms"];
    let service = Service::start(job(&world, &single).on(s3()));
    let load = Load::start(&service.address, 2);
    load.more(30).await;
    let loaded = load.stop().await;
    // They are sent away without an end.
    service.wait_until("/ready", |answer| answer.json()["spooled_bytes"] == 0).await;
    let objects = objects(&bucket).await;
    assert!(
        objects.iter().all(|(key, body)| key.ends_with(".json") && lines(body).len() == 1),
        "{objects:?}"
    );
    check_same(
        &uids(&objects.iter().flat_map(|(_, body)| lines(body)).collect::<Vec<Value>>()),
        &loaded.uids,
    );
    assert_eq!(service.stop().0, 143);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_rows_of_the_database() {
    let world = World::new();
    let database = mysql().database().await;
    let both = [
        "--logs",
        &world.path("logs"),
        "--database",
        &database,
        "--log-database",
        "--create-tables",
    ];
    let service = Service::start(job(&world, &both));
    let load = Load::start(&service.address, 4);
    load.more(100).await;
    let loaded = load.stop().await;
    assert_eq!(service.stop().0, 143);
    check_same(&rows(&database).await, &loaded.uids);
    check_same(&uids(&world.logged()), &loaded.uids);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_uid_that_is_used_twice_stays_with_its_first_and_the_other_is_kept() {
    let world = World::new();
    let database = format!("sqlite://{}", world.path("mlops.db"));
    let logged = ["--database", &database, "--log-database", "--log-every", "50ms"];
    let service = Service::start(job(&world, &logged));
    let mut twice = request(1);
    twice["uid"] = "same".into();
    assert_eq!(service.predict(twice.to_string()).await.status, 200);
    assert_eq!(service.predict(Value::from(vec![twice, request(2)]).to_string()).await.status, 200);
    service.wait_until("/ready", |answer| answer.json()["spooled_bytes"] == 0).await;
    assert_eq!(service.stop().0, 143);
    let found = rows(&database).await;
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.contains(&"same".to_owned()), "{found:?}");
    let kept =
        lines(&std::fs::read(Path::new(&world.path("spool")).join("refused.ndjson")).unwrap());
    assert_eq!(uids(&kept), ["same"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_names_a_named_model() {
    for (named, name) in [(vec!["--model", "churn-eu"], Some("churn-eu")), (vec![], None)] {
        let world = World::new();
        let logs = world.path("logs");
        let service = Service::start(job(&world, &[&named[..], &["--logs", &logs]].concat()));
        assert_eq!(service.predict(request(1).to_string()).await.status, 200);
        assert_eq!(service.stop().0, 143);
        assert_eq!(world.logged()[0]["output"].get("model_name").and_then(Value::as_str), name);
    }
}
