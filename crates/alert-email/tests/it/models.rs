//! Rules about each of several models.

use mlops_core::record::{LogRecord, RecordKey};
use mlops_core::timestamp::parse_utc;
use mlops_sql::Database;
use mlops_testkit::contract::etl_store::insert;

use crate::{World, header, subjects};

async fn log(world: &World, model: &str, count: usize) {
    let record = |index: usize| LogRecord {
        key: RecordKey { model_name: model.parse().unwrap(), uid: index.to_string() },
        logging_timestamp: parse_utc("2026-03-02 09:55:00").unwrap(),
        payload: r#"{"input": {}, "output": {"prediction": 0.5}}"#.to_owned(),
    };
    let database = Database::connect(&world.database.parse().unwrap()).await.unwrap();
    insert(&database, &(0..count).map(record).collect::<Vec<_>>()).await;
}

#[tokio::test]
async fn each_model_has_its_own_state_and_messages() {
    let world = World::new().await;
    for (model, count) in [("default", 1), ("churn", 20), ("ltv", 30)] {
        log(&world, model, count).await;
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    let rules = format!(
        "[[rule]]\nname = \"busy\"\nmodel = \"*\"\nabove = 10\nto = [\"{0}\"]\n\
         [[rule]]\nname = \"churn only\"\nmodel = \"churn\"\nabove = 15\nto = [\"{0}\"]\n\
         [[rule]]\nname = \"own\"\nabove = 15\nto = [\"{0}\"]\n",
        world.to("ops")
    );
    std::fs::write(file.path(), rules).unwrap();
    let path = file.path().to_str().unwrap().to_owned();
    let run = |arguments: &[&str]| {
        let report =
            world.job("2026-03-02 10:00", &["--rules", &path]).args(arguments).run().json(0);
        let rules = report["rules"].as_array().unwrap().clone();
        let state = |rule: &serde_json::Value| {
            ["model", "rule", "state"].map(|key| rule[key].as_str().unwrap().to_owned()).join(" ")
        };
        rules.iter().map(state).collect::<Vec<String>>()
    };
    assert_eq!(run(&["--model", "ltv"]), ["ltv busy firing", "ltv own firing"]);
    assert_eq!(
        run(&[]),
        [
            "churn busy firing",
            "churn churn only firing",
            "default busy ok",
            "default own ok",
            "ltv busy firing"
        ]
    );
    let mails = world.mails();
    let mut found = subjects(&mails);
    found.sort_unstable();
    let models: Vec<&str> =
        found.iter().map(|subject| subject.split(':').next().unwrap()).collect();
    assert_eq!(models, ["churn", "churn", "ltv", "ltv"], "{found:?}");
    let mut ids: Vec<&str> = mails.iter().map(|mail| header(mail, "Message-ID")).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 4);
    world
        .job("2026-03-02 10:00", &["--rules", &path, "--model", "Churn EU"])
        .run()
        .check_failed(2, &["such as `churn-eu`"]);
}
