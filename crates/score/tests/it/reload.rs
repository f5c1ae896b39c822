//! One model takes over from another.

use std::collections::BTreeSet;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use mlops_testkit::{Job, s3};

use crate::caller::Load;
use crate::service::{Service, job};
use crate::world::{World, asked, model};

const WATCH: [&str; 3] = ["--watch", "--watch-every", "20ms"];

#[tokio::test(flavor = "multi_thread")]
async fn another_model_takes_over_and_no_call_is_dropped() {
    let world = World::new();
    let logs = world.path("logs");
    let mut service = Service::start(job(&world, &[WATCH.as_slice(), &["--logs", &logs]].concat()));
    let load = Load::start(&service.address, 4);
    load.more(50).await;
    for turn in 1..=6 {
        let name = format!("model-{turn}");
        world.put_model(&model(&name, 5 + turn));
        service.wait_until("/ready", |answer| answer.json()["model_uid"] == name.as_str()).await;
        load.more(30).await;
    }
    // One that is no model, and one that is half of one.
    world.put("model.pkl", b"\x80\x04no pickle");
    service.wait_for("was refused; the current model stays in service");
    let half = model("half", 3).to_pickle();
    world.put("model.pkl", &half[..half.len() / 2]);
    service.wait_for("was refused; the current model stays in service");
    load.more(50).await;
    let answer = service.predict(r#"{"activity_score": 0.25, "device_type": null}"#).await.json();
    assert_eq!(answer["model_uid"], "model-6");
    assert_eq!(answer["prediction"], asked(&model("model-6", 11), Some(0.25), None, None));
    world.put_model(&model("last", 4));
    service.wait_until("/ready", |answer| answer.json()["model_uid"] == "last").await;
    load.more(30).await;
    let loaded = load.stop().await;
    assert_eq!((loaded.refused.as_slice(), loaded.cut), ([].as_slice(), 0));
    let seen: BTreeSet<&str> = loaded.model_uids.iter().map(String::as_str).collect();
    assert!(
        seen.contains("first") && seen.contains("model-6") && seen.contains("last"),
        "{seen:?}"
    );
    let metrics = String::from_utf8(service.get("/metrics").await.body.to_vec()).unwrap();
    assert!(metrics.contains("score_model_loads_total 7\n"), "{metrics}");
    assert!(metrics.contains("score_model_refusals_total 2\n"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_in_s3_is_taken_up_and_golden_requests_guard_it() {
    let world = World::new();
    let bucket = s3().bucket().await;
    let config =
        aws_sdk_s3::config::Builder::from(&s3().config().await).force_path_style(true).build();
    let client = Client::from_conf(config);
    let put = async |bytes: Vec<u8>| {
        client
            .put_object()
            .bucket(&bucket)
            .key("churn/model.pkl")
            .body(ByteStream::from(bytes))
            .send()
            .await
            .unwrap();
    };
    put(model("first", 20).to_pickle()).await;
    let said = asked(&model("first", 20), Some(0.25), Some("level_1"), Some("2025-03-09"));
    let golden = format!(
        "activity_score,device_type,acquired_date,min_prediction,max_prediction\n0.25,level_1,2025-03-09,{},{}\n",
        said - 0.1,
        said + 0.1
    );
    world.put("golden.csv", golden.as_bytes());
    let (index, golden) = (format!("s3://{bucket}/churn/model.pkl"), world.path("golden.csv"));
    let program = Job::new(env!("CARGO_BIN_EXE_score")).on(s3()).args(WATCH);
    let arguments = ["--listen", "127.0.0.1:0", "--model-file", &index, "--golden", &golden];
    let mut service = Service::start(program.args(arguments));
    put(model("second", 21).to_pickle()).await;
    service.wait_until("/ready", |answer| answer.json()["model_uid"] == "second").await;
    // One tree says hardly more than the mean.
    put(model("blunt", 1).to_pickle()).await;
    let line = service.wait_for("was refused; the current model stays in service");
    assert!(line.contains("the golden request 1 has probability"), "{line}");
    assert_eq!(service.get("/ready").await.json()["model_uid"], "second");
}
