//! An accepted model replaces `model.pkl`, atomically and as the last step.

use std::time::Duration;

use mlops_model::artifact::ModelFile;
use mlops_testkit::{Calls, Fault, Faults, end, s3};
use serde_json::Value;

use crate::{World, customers};

const FILES: [&str; 7] = [
    "evaluated.pkl",
    "importances.json",
    "metrics.json",
    "model.pkl",
    "reference.profile",
    "report.html",
    "training.parquet",
];

fn uid(report: &Value) -> String {
    report["model_uid"].as_str().unwrap().to_owned()
}

#[test]
fn a_first_model_is_published_with_all_that_belongs_to_it() {
    let world = World::new();
    let report = world.retrain("train.csv", &["--time", "signed_up"]).run().json(0);
    assert_eq!(
        (&report["published"], &report["gate"]["accepted"]),
        (&true.into(), &true.into()),
        "{report}"
    );
    assert_eq!(
        (&report["champion"], &report["training"]["rows"]),
        (&Value::Null, &2250.into()),
        "{report}"
    );
    assert!(report["metrics"]["roc_auc"].as_f64().unwrap() > 0.75, "{report}");
    assert_eq!(report["training"]["from"], "2026-01-01 00:00:00.000000");
    let folder = format!("models/versions/{}", uid(&report));
    for file in FILES {
        assert!(world.has(&format!("{folder}/{file}")), "no {file}");
    }
    assert_eq!(world.read("models/model.pkl"), world.read(&format!("{folder}/model.pkl")));
    let model = ModelFile::from_pickle(&world.read("models/model.pkl")).unwrap();
    assert_eq!(model.model_uid, uid(&report));
    let features: Vec<&str> =
        model.model.schema.features.iter().map(|feature| feature.name.as_str()).collect();
    assert_eq!(
        features,
        ["tenure", "plan", "spent", "joined"],
        "neither the id nor the time of the row"
    );
    let page = String::from_utf8(world.read(&format!("{folder}/report.html"))).unwrap();
    assert!(
        page.contains("accepted") && page.matches("<svg").count() == 2 && !page.contains("http"),
        "{page}"
    );
}

#[test]
fn the_next_model_is_made_alike_and_compared() {
    let world = World::new();
    let recipe = world.write(
        "recipe.toml",
        "learner = \"random-forest\"\nparams = { trees = 40, min_leaf = 20 }\n",
    );
    let first = world.retrain("train.csv", &["--recipe", &recipe]).run().json(0);
    let second = world.retrain("train.csv", &[]).run().json(0);
    assert_eq!(second["recipe"]["learner"], "random-forest", "{second}");
    assert_eq!(second["champion"]["model_uid"], first["model_uid"]);
    assert_eq!(
        second["champion"]["log_loss"], second["metrics"]["log_loss"],
        "the same data, the same model"
    );
    assert_eq!(second["gate"]["roc_auc"]["difference"], 0.0);
    // The digest at the end of the name is of the model, not of the moment.
    let digest = |report: &Value| uid(report).split_once('-').unwrap().1.to_owned();
    assert_eq!(digest(&second), digest(&first));
    let inspected = world.job(&["inspect", &world.path("models/model.pkl")]).run().json(0);
    assert_eq!(
        (&inspected["model_uid"], &inspected["target"]["positive"]),
        (&second["model_uid"], &"yes".into())
    );
    assert_eq!(inspected["features"].as_array().unwrap().len(), 5);
}

#[test]
fn an_earlier_model_is_put_back() {
    let world = World::new();
    let first = uid(&world.retrain("train.csv", &[]).run().json(0));
    world.write("more.csv", &customers(4000, false));
    let report = world.retrain("more.csv", &[]).run().json(0);
    assert_eq!(report["published"], true, "{report}");
    let second = uid(&report);
    assert_ne!(first, second);
    let models = world.path("models");
    let back = world.job(&["rollback", &first, "--models", &models]).run().json(0);
    assert_eq!(
        (&back["model_uid"], &back["replaced"]),
        (&first.as_str().into(), &second.as_str().into())
    );
    assert_eq!(
        world.read("models/model.pkl"),
        world.read(&format!("models/versions/{first}/model.pkl"))
    );
    world
        .job(&["rollback", "20200101T000000Z-00000000", "--models", &models])
        .run()
        .check_failed(2, &["cannot roll back to 20200101T000000Z-00000000"]);
    world
        .job(&["rollback", "../model.pkl", "--models", &models])
        .run()
        .check_failed(2, &["is no model_uid"]);
}

#[test]
fn a_dry_run_writes_nothing_but_the_page_that_is_asked_for() {
    let world = World::new();
    let page = world.path("page.html");
    let report = world.retrain("train.csv", &["--dry-run", "--report", &page]).run().json(0);
    assert_eq!((&report["published"], &report["gate"]["accepted"]), (&false.into(), &true.into()));
    assert!(!world.has("models") && world.has("page.html"));
}

#[tokio::test]
async fn s3_is_as_good_as_a_folder() {
    let world = World::new();
    let models = format!("s3://{}/churn", s3().bucket().await);
    let retrain = || {
        let data = world.path("train.csv");
        world
            .job(&["--data", &data, "--id", "client_id", "--target", "churn", "--models", &models])
            .on(s3())
    };
    let first = retrain().run().json(0);
    let second = retrain().run().json(0);
    assert_eq!(second["champion"]["model_uid"], first["model_uid"], "{second}");
    // As in a container whose files are read-only.
    let inspect =
        world.job(&["inspect", &format!("{models}/model.pkl")]).on(s3()).env("TMPDIR", "/nowhere");
    assert_eq!(inspect.run().json(0)["model_uid"], second["model_uid"]);
    world.job(&["rollback", &uid(&first), "--models", &models]).on(s3()).run().json(0);
    let inspected = world.job(&["inspect", &format!("{models}/model.pkl")]).on(s3()).run().json(0);
    assert_eq!(inspected["model_uid"], first["model_uid"]);
}

#[test]
fn killed_at_any_moment_it_leaves_a_whole_model() {
    let world = World::new();
    let recipe = world.write(
        "recipe.toml",
        "learner = \"random-forest\"\nparams = { trees = 5, max_depth = 6 }\n",
    );
    let first = uid(&world.retrain("train.csv", &["--recipe", &recipe]).run().json(0));
    let mut after_the_first = 0;
    for step in 0..30 {
        let mut child = world.retrain("train.csv", &[]).start();
        // Until something is written for the first time, or a while longer.
        let versions = || std::fs::read_dir(world.path("models/versions")).unwrap().count();
        let before = versions();
        let mut looks = 0;
        while child.try_wait().unwrap().is_none() && (versions() == before || looks < step * 40) {
            looks += 1;
            std::thread::yield_now();
        }
        // It may be at its end already.
        drop(child.kill());
        end(child);
        let model = ModelFile::from_pickle(&world.read("models/model.pkl")).unwrap();
        assert!(
            world.has(&format!("models/versions/{}/training.parquet", model.model_uid)),
            "{}",
            model.model_uid
        );
        after_the_first += usize::from(model.model_uid != first);
    }
    let report = world.retrain("train.csv", &[]).run().json(0);
    assert_eq!(report["published"], true, "{report}");
    assert!(after_the_first < 31);
}

#[tokio::test]
async fn a_store_that_fails_leaves_the_present_model() {
    let world = World::new();
    let faults = Faults::start(&s3().endpoint);
    let models = format!("s3://{}/churn", s3().bucket().await);
    let data = world.path("train.csv");
    let retrain = || {
        let job = world.job(&[
            "--data",
            &data,
            "--id",
            "client_id",
            "--target",
            "churn",
            "--models",
            &models,
        ]);
        job.on(s3()).env("AWS_ENDPOINT_URL", &faults.endpoint)
    };
    let present = || {
        let inspected =
            world.job(&["inspect", &format!("{models}/model.pkl")]).on(s3()).run().json(0);
        inspected["model_uid"].as_str().unwrap().to_owned()
    };
    let first = uid(&retrain().run().json(0));
    let puts = faults.calls("PutObject");
    assert_eq!(puts, FILES.len() as u64 + 1);
    for good in [0, 3, puts - 1] {
        faults.inject("PutObject", Calls::After(good), Fault::InternalError);
        retrain().run().check_failed(75, &["writing"]);
        assert_eq!(present(), first);
        faults.clear();
    }
    // The last write is carried out, its answer is lost, and the second attempt meets what the
    // first one wrote.
    faults.inject("PutObject", Calls::Every(puts), Fault::LandThenFail);
    let second = uid(&retrain().run().json(0));
    assert_eq!(present(), second);
}

#[tokio::test]
async fn a_model_that_came_meanwhile_stays() {
    let world = World::new();
    let faults = Faults::start(&s3().endpoint);
    let models = format!("s3://{}/churn", s3().bucket().await);
    let data = world.path("train.csv");
    let retrain = || {
        world
            .job(&["--data", &data, "--id", "client_id", "--target", "churn", "--models", &models])
            .args(["--refit-all", "false"])
            .on(s3())
    };
    retrain().run().json(0);
    // Its first file waits for a while, in which another run begins and ends.
    faults.inject("PutObject", Calls::First(1), Fault::Delay(Duration::from_secs(8)));
    let slow = retrain().env("AWS_ENDPOINT_URL", &faults.endpoint).start();
    while faults.calls("PutObject") == 0 {
        std::thread::yield_now();
    }
    let other = uid(&retrain().run().json(0));
    end(slow).check_failed(75, &["was changed by another process", "run again"]);
    let inspected = world.job(&["inspect", &format!("{models}/model.pkl")]).on(s3()).run().json(0);
    assert_eq!(inspected["model_uid"], other.as_str());
}
