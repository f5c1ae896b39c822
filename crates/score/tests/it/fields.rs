//! Requests that lack features of the model, and those whose fields have other names.

use mlops_core::table::{Cell, Column, Kind, Table};
use mlops_model::{BoostingParams, Learner, Model, Progress, Recipe, Schema};
use serde_json::{Value, json};

use crate::service::{Service, job};
use crate::world::{World, model, request, uids};

async fn check_refused(service: &Service, sent: Value, words: &[&str]) {
    let answer = service.predict(sent.to_string()).await;
    assert_eq!(answer.status, 422, "{sent}: {answer:?}");
    let problem = answer.json().to_string();
    for word in words {
        assert!(problem.contains(word), "{sent}: no `{word}` in {problem}");
    }
}

async fn missing(service: &Service, sent: Value) -> Value {
    let answer = service.predict(sent.to_string()).await;
    assert_eq!(answer.status, 200, "{sent}: {answer:?}");
    answer.json()["missing"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_with_misnamed_fields_is_refused_with_the_nearest_names() {
    let world = World::new();
    let service = Service::start(job(&world, &["--logs", &world.path("logs")]));
    let none =
        "has 0 of the 3 features of the model; missing: activity_score, device_type, acquired_date";
    for (sent, words) in [
        (json!({}), vec![none]),
        (json!({"client_id": "7", "uid": "u", "note": "x"}), vec![none]),
        (
            json!({"ActivityScore": 0.5, "DEVICE TYPE": "level_1"}),
            vec![
                none,
                "did you mean `activity_score`?",
                "/DEVICE TYPE",
                "did you mean `device_type`?",
            ],
        ),
        (
            json!({"activty_score": 0.5, "device_type": "level_1"}),
            vec!["has 1 of the 3", "did you mean `activity_score`?"],
        ),
        (
            json!({"input": {"activity_score": 0.5, "device_type": "level_1"}}),
            vec![none, "send its fields beside each other"],
        ),
        (json!({"input.activity_score": 0.5}), vec!["did you mean `activity_score`?"]),
    ] {
        check_refused(&service, sent, &words).await;
    }
    assert_eq!(missing(&service, request(1)).await, json!(["acquired_date"]));
    let nulls = json!({"activity_score": null, "device_type": null, "acquired_date": null});
    assert_eq!(missing(&service, nulls).await, json!([]), "a null was sent");
    let metrics = String::from_utf8(service.get("/metrics").await.body.to_vec()).unwrap();
    for (feature, requests) in [("acquired_date", 1), ("device_type", 0)] {
        let line = format!("score_missing_features_total{{feature=\"{feature}\"}} {requests}\n");
        assert!(metrics.contains(&line), "{metrics}");
    }
    assert_eq!(service.stop().0, 143);
    assert_eq!(world.logged().len(), 2, "a refused request is not logged");
}

#[tokio::test(flavor = "multi_thread")]
async fn strict_takes_no_missing_feature_and_lenient_takes_all() {
    let world = World::new();
    let strict = Service::start(job(&world, &["--strict"]));
    check_refused(&strict, request(1), &["has 2 of the 3", "missing: acquired_date"]).await;
    let mut whole = request(1);
    whole["acquired_date"] = Value::Null;
    assert_eq!(missing(&strict, whole).await, json!([]));
    let world = World::new();
    let lenient = Service::start(job(&world, &["--lenient"]));
    let all = json!(["activity_score", "device_type", "acquired_date"]);
    assert_eq!(missing(&lenient, json!({})).await, all);
    let both = job(&World::new(), &["--strict", "--lenient"]).run();
    both.check_failed(2, &["--strict", "--lenient"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_row_of_a_batch_has_its_own_answer_or_problem() {
    let world = World::new();
    let service = Service::start(job(&world, &["--logs", &world.path("logs")]));
    let mut wrong = request(2);
    wrong["activity_score"] = "high".into();
    let rows =
        json!([request(1), wrong, {}, 5, request(3), {"Activity_Score": 1, "device_type": "x"}]);
    let answer = service.predict(rows.to_string()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let found = answer.json();
    let found = found.as_array().unwrap();
    assert_eq!(found.len(), 6);
    for row in [0, 4] {
        let alone = service.predict(rows[row].to_string()).await.json();
        assert_eq!(found[row]["prediction"], alone["prediction"], "row {row}");
    }
    for (row, words) in [
        (1, "/1/activity_score"),
        (2, "has 0 of the 3 features"),
        (3, "row 3 is a number"),
        (5, "did you mean `activity_score`?"),
    ] {
        assert_eq!((&found[row]["status"], &found[row]["prediction"]), (&json!(422), &Value::Null));
        assert!(found[row].to_string().contains(words), "{}", found[row]);
    }
    check_refused(&service, json!([{}, 5]), &["/0", "row 1 is a number"]).await;
    let metrics = String::from_utf8(service.get("/metrics").await.body.to_vec()).unwrap();
    assert!(metrics.contains("score_refused_rows_total 4\n"), "{metrics}");
    assert_eq!(service.stop().0, 143);
    assert_eq!(uids(&world.logged()).len(), 4, "what is not answered is not logged");
}

/// A model of the features with these names and kinds.
fn of_features(features: &[(&str, Kind)], change: impl Fn(&mut Schema)) -> Vec<u8> {
    let mut table = Table::default();
    for (name, kind) in features {
        let mut column = Column::new(*name, *kind);
        for row in 0..100 {
            column.push(match kind {
                Kind::Numeric => Cell::Number(f64::from(row)),
                Kind::Categorical => Cell::Text(["a", "b"][row as usize % 2]),
                Kind::Date => Cell::Time(i64::from(row) * 86_400_000_000),
            });
        }
        table.columns.push(column);
    }
    let labels: Vec<bool> = (0..100).map(|row| row % 3 == 0).collect();
    let mut schema = Schema::of_features(&table).unwrap();
    change(&mut schema);
    let recipe = Recipe::new(Learner::GradientBoosting(BoostingParams {
        rounds: 3,
        ..BoostingParams::default()
    }));
    let mut file = model("other", 1);
    file.model = Model::fit(&table, &labels, &schema, &recipe, &Progress::none()).unwrap();
    file.to_pickle()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_needs_other_requests_is_refused_and_the_service_stays_ready() {
    const WATCH: [&str; 3] = ["--watch", "--watch-every", "20ms"];
    let same = [
        ("activity_score", Kind::Numeric),
        ("device_type", Kind::Categorical),
        ("acquired_date", Kind::Date),
    ];
    let more: Vec<(&str, Kind)> = same.into_iter().chain([("height", Kind::Numeric)]).collect();
    let other_kind = [("activity_score", Kind::Categorical), same[1], same[2]];
    let keep = |_: &mut Schema| {};
    let world = World::new();
    let mut service = Service::start(job(&world, &WATCH));
    for (bytes, why) in [
        (of_features(&more, keep), "it needs the feature `height`"),
        (of_features(&other_kind, keep), "its feature `activity_score` has another kind"),
        (
            of_features(&same, |schema| schema.target.name = "bought".into()),
            "it predicts `bought = true`, and the current model `label = true`",
        ),
        (
            of_features(&same, |schema| schema.target.positive = "left".into()),
            "it predicts `label = left`",
        ),
    ] {
        world.put("model.pkl", &bytes);
        let line = service.wait_for("was refused; the current model stays in service");
        assert!(line.contains(why) && line.contains("--allow-new-schema"), "{why}: {line}");
        service
            .wait_until("/ready", |answer| {
                answer.json()["refused_model"]["why"].to_string().contains(why)
            })
            .await;
        let ready = service.get("/ready").await;
        assert_eq!((ready.status, &ready.json()["model_uid"]), (200, &json!("first")), "{why}");
        let page = String::from_utf8(service.get("/").await.body.to_vec()).unwrap();
        assert!(page.contains("A newer model was refused"), "{page}");
    }
    let metrics = String::from_utf8(service.get("/metrics").await.body.to_vec()).unwrap();
    assert!(metrics.contains("score_model_is_refused 1\n"), "{metrics}");

    world.put("model.pkl", &of_features(&same[..2], keep));
    service.wait_until("/ready", |answer| answer.json()["model_uid"] == "other").await;
    assert_eq!(service.get("/ready").await.json()["refused_model"], Value::Null);

    let world = World::new();
    let service = Service::start(job(&world, &[&WATCH[..], &["--allow-new-schema"]].concat()));
    world.put("model.pkl", &of_features(&more, keep));
    service.wait_until("/ready", |answer| answer.json()["model_uid"] == "other").await;
}
