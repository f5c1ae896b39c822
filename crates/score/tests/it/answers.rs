//! What requests are answered with.

use serde_json::{Value, json};

use crate::caller::Answer;
use crate::service::{Service, job};
use crate::world::{World, asked, model, uids};

fn check_problem(answer: &Answer, status: u16, words: &str) {
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (status, "application/problem+json"),
        "{answer:?}"
    );
    let problem = answer.json();
    assert_eq!(problem["status"], status, "{problem}");
    assert!(problem.to_string().contains(words), "no `{words}` in {problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_and_an_array_of_them_are_answered_by_the_model_and_logged() {
    let world = World::new();
    let service = Service::start(job(
        &world,
        &["--logs", &world.path("logs"), "--cut-off", "0.4", "--lenient"],
    ));
    let file = model("first", 20);

    let sent = json!({"client_id": 1963820, "activity_score": 0.25, "device_type": "level_2", "acquired_date": "2025-03-09",
                      "note": "it's \"new\"", "nested": {"list": [1, {"deep": null}]}, "big": 1e300});
    // A pretty request with its fields' text as it is.
    let pretty = serde_json::to_string_pretty(&sent).unwrap().replace("1e+300", "1.50e300");
    let answer = service.predict(pretty).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let one = answer.json();
    let expected = asked(&file, Some(0.25), Some("level_2"), Some("2025-03-09"));
    assert_eq!(one["prediction"], expected);
    assert_eq!(one["high_risk"], if expected >= 0.4 { "yes" } else { "no" });
    assert_eq!(
        (&one["ltv"], &one["model_used"], &one["model_uid"]),
        (&json!(0), &json!("model"), &json!("first"))
    );
    assert!(one["response_time"].as_f64().unwrap() >= 0.0);
    assert_eq!(one["missing"], json!([]));
    assert_eq!(one.as_object().unwrap().len(), 8, "{one}");

    let rows = json!([{"uid": "mine", "activity_score": 0.9}, {"device_type": null}, {"device_type": "never seen"}, {}]);
    let many = service.predict(rows.to_string()).await.json();
    let empty = asked(&file, None, None, None);
    let predictions: Vec<&Value> =
        many.as_array().unwrap().iter().map(|row| &row["prediction"]).collect();
    assert_eq!(
        predictions,
        [&json!(asked(&file, Some(0.9), None, None)), &json!(empty), &json!(empty), &json!(empty)]
    );
    assert_eq!(many[0]["uid"], "mine");
    assert_eq!(many[0]["missing"], json!(["device_type", "acquired_date"]));

    let (code, said) = service.stop();
    assert_eq!((code, said.trim()), (143, "5 requests were logged and uploaded"));
    let logged = world.logged();
    let mut answered: Vec<&str> = many
        .as_array()
        .unwrap()
        .iter()
        .chain([&one])
        .map(|row| row["uid"].as_str().unwrap())
        .collect();
    answered.sort_unstable();
    assert_eq!(uids(&logged), answered);
    let record = logged.iter().find(|record| record["input"]["uid"] == one["uid"]).unwrap();
    let mut input = sent.clone();
    input["big"] = json!(1.5e300);
    input["uid"] = one["uid"].clone();
    input["endpoint"] = json!("predict");
    assert_eq!(record["input"], input);
    let mut output = record["output"].clone();
    let time = output.as_object_mut().unwrap().remove("logging_timestamp").unwrap();
    let epoch = output.as_object_mut().unwrap().remove("logging_epoch").unwrap();
    let parsed = mlops_core::timestamp::parse_utc(time.as_str().unwrap()).unwrap();
    assert!(
        (parsed.as_microsecond() as f64 / 1e6 - epoch.as_f64().unwrap()).abs() < 1e-5,
        "{time} {epoch}"
    );
    output["uid"] = one["uid"].clone();
    output["missing"] = json!([]);
    assert_eq!(output, one);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_means_the_same_in_any_notation() {
    let world = World::new();
    let service = Service::start(job(&world, &["--logs", &world.path("logs")]));
    let asked = async |sent: Value| -> f64 {
        let answer = service.predict(sent.to_string()).await.json();
        answer["prediction"].as_f64().unwrap_or_else(|| panic!("{sent}: {answer}"))
    };
    let plain =
        json!({"activity_score": 0.37, "device_type": "level_2", "acquired_date": "2025-03-11"});
    let expected = asked(plain.clone()).await;
    let nulls = json!({"activity_score": null, "device_type": null, "acquired_date": null});
    let empty = asked(nulls).await;
    for (field, value) in [
        ("activity_score", json!("0.37")),
        ("activity_score", json!(" 37 % ")),
        ("activity_score", json!("0,37")),
        ("device_type", json!(" level_2\t")),
        ("device_type", json!("\u{a0}level_2\u{2009}")),
        ("acquired_date", json!("11.03.2025")),
        ("acquired_date", json!(" 2025/03/11 ")),
    ] {
        let mut sent = plain.clone();
        sent[field] = value;
        assert_eq!(asked(sent.clone()).await, expected, "{sent}");
    }
    for nothing in ["", "NA", "-", "#DIV/0!", "unknown", " "] {
        let sent = json!({"activity_score": nothing, "acquired_date": nothing});
        assert_eq!(asked(sent).await, empty, "{nothing}");
    }
    for client in [json!("12"), json!(12), json!(12.0), json!(" 12.0 ")] {
        let mut sent = plain.clone();
        sent["client_id"] = client;
        assert_eq!(asked(sent).await, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_types_are_refused_by_name_and_nothing_of_the_call_is_answered() {
    let world = World::new();
    let service = Service::start(job(
        &world,
        &["--logs", &world.path("logs"), "--max-body-bytes", "4096", "--max-rows", "3"],
    ));
    for (sent, words) in [
        (
            json!({"activity_score": "high"}),
            "`activity_score` must be a number or null, not a text",
        ),
        (json!({"activity_score": "1,234"}), "must be a number or null, not a text"),
        (json!({"activity_score": true}), "must be a number or null, not a boolean"),
        (json!({"activity_score": [1]}), "must be a number or null, not an array"),
        (
            json!({"device_type": {"level": 1}}),
            "`device_type` must be a text, a number, true, false or null, not an object",
        ),
        (
            json!({"acquired_date": "yesterday"}),
            "`acquired_date` must be a date such as 2026-11-23",
        ),
        (json!({"acquired_date": 20251109}), "must be a date as a text, or null, not a number"),
        (json!({"client_id": 1.5}), "`client_id` must be a text or a whole number"),
        (json!({"uid": ""}), "`uid` must have from 1 to 255 characters, and has 0"),
        (json!({"uid": 7}), "`uid` must be a text, not a number"),
        (json!([{}, {"activity_score": "x"}, 5]), r#""pointer":"/1/activity_score""#),
        (json!([{}, {"activity_score": "x"}, 5]), "row 2 is a number"),
        (json!([]), "the request has 0 rows; send from 1 to 3 at once"),
        (json!([{}, {}, {}, {}]), "the request has 4 rows"),
        (json!("text"), "the request must be an object or an array of them, not a text"),
    ] {
        check_problem(&service.predict(sent.to_string()).await, 422, words);
    }
    let deep = format!(r#"{{"deep": {}1{}}}"#, "[".repeat(40), "]".repeat(40));
    check_problem(
        &service.predict(deep).await,
        422,
        "`deep` is nested 40 levels deep; at most 28 are allowed",
    );
    let twice = r#"{"activity_score": 0.1, "activity_score": 0.2}"#;
    check_problem(&service.predict(twice).await, 422, "`activity_score` occurs twice");
    check_problem(&service.predict(r#"{"device_type": "\ud800"}"#).await, 422, "lone surrogate");
    check_problem(
        &service.predict(r#"{"activity_score": 1e999}"#).await,
        422,
        "out of range of a 64-bit float",
    );

    check_problem(&service.predict("{\"a\": }").await, 400, "expected value at line 1 column 7");
    check_problem(&service.predict("{'a': 1}").await, 400, "the body is not valid JSON");
    check_problem(&service.predict("").await, 400, "the body is not valid JSON");
    check_problem(&service.predict("{\"a\": NaN}").await, 400, "the body is not valid JSON");
    check_problem(
        &service.predict(b"{\"a\": \"\xff\"}".as_slice()).await,
        400,
        "the body is not valid JSON",
    );
    check_problem(
        &service.predict(format!(r#"{{"a": "{}"}}"#, "x".repeat(5000))).await,
        413,
        "longer than 4096 bytes",
    );
    let metrics = service.get("/metrics").await;
    let metrics = String::from_utf8(metrics.body.to_vec()).unwrap();
    assert!(metrics.contains("score_requests_total{status=\"422\"} 19\n"), "{metrics}");
    assert!(metrics.contains("score_requests_total{status=\"400\"} 5\n"), "{metrics}");
    assert_eq!(service.stop().0, 143);
    assert_eq!(world.logged(), Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_tells_what_it_is() {
    let world = World::new();
    let service = Service::start(job(&world, &["--logs", &world.path("logs")]));
    assert_eq!(service.get("/health").await.json(), json!({"status": "ok"}));
    let ready = service.get("/ready").await;
    assert_eq!(ready.status, 200);
    let logs = json!([{"sink": "objects", "state": "reachable", "waiting_bytes": 0}]);
    assert_eq!(
        ready.json(),
        json!({
            "status": "ready", "model_uid": "first", "refused_model": null, "spooled_bytes": 0, "logs": logs,
        })
    );
    let found = service.get("/model").await.json();
    assert_eq!(
        (&found["model_uid"], &found["learner"]),
        (&json!("first"), &json!("gradient-boosting")),
        "{found}"
    );
    assert!(found["metrics"]["roc_auc"].as_f64().unwrap() > 0.7, "{found}");
    assert_eq!(found["schema"]["features"][0]["name"], "activity_score");
    assert_eq!(
        found["settings"],
        json!({"cut_off": 0.5, "heuristic": null, "heuristic_share": 0.0, "experiment": "score"})
    );
    service.predict(r#"{"activity_score": 0.5, "device_type": null}"#).await;
    let metrics = String::from_utf8(service.get("/metrics").await.body.to_vec()).unwrap();
    assert!(metrics.contains("score_logged_records_total 1\n"), "{metrics}");
    let decided: u64 = metrics
        .lines()
        .filter_map(|line| {
            line.strip_prefix("score_predictions_total{model_used=\"model\",")?
                .split(' ')
                .nth(1)?
                .parse::<u64>()
                .ok()
        })
        .sum();
    assert_eq!(decided, 1, "{metrics}");
    for (path, status) in [("/nothing", 404), ("/predict", 405)] {
        check_problem(&service.get(path).await, status, "about:blank");
    }
    assert_eq!(service.get("/predict").await.header("allow"), "POST");
}

#[test]
fn a_file_is_answered_row_by_row() {
    let world = World::new();
    let rows = "client_id,activity_score,device_type,acquired_date\na,0.25,level_2,2025-03-09\nb,,level_1,2025-01-01\n";
    world.put("rows.csv", rows.as_bytes());
    let file = model("first", 20);
    let expected = [
        asked(&file, Some(0.25), Some("level_2"), Some("2025-03-09")),
        asked(&file, None, Some("level_1"), Some("2025-01-01")),
    ];
    let (model, data) = (world.path("model.pkl"), world.path("rows.csv"));
    let predict = |output: &str| {
        let job = mlops_testkit::Job::new(env!("CARGO_BIN_EXE_score"));
        job.args(["predict", "--model", &model, "--data", &data, "--output", output]).run()
    };
    let csv = predict("csv");
    assert_eq!(
        (csv.code, csv.stdout),
        (0, format!("prediction\n{}\n{}\n", expected[0], expected[1])),
        "{}",
        csv.stderr
    );
    let found = predict("json").json(0);
    assert_eq!((&found["predictions"], &found["model_uid"]), (&json!(expected), &json!("first")));
    job(&world, &["--output", "csv"])
        .run()
        .check_failed(2, &["--output csv is supported by `score predict`"]);
}

#[test]
fn a_service_that_cannot_work_does_not_start() {
    let world = World::new();
    world.put("bad.pkl", b"no model");
    let run = |arguments: &[&str]| job(&world, arguments).run();
    run(&["--heuristic", "a <"])
        .check_failed(2, &["--heuristic: expected a field", "at character 4"]);
    run(&["--heuristic-share", "0.5"]).check_failed(2, &["no heuristic is set", "add --heuristic"]);
    run(&["--config-table", "prod_config"]).check_failed(2, &["--database"]);
    run(&["--listen", "here"]).check_failed(2, &["--listen"]);
    let bad = |model: &str| {
        mlops_testkit::Job::new(env!("CARGO_BIN_EXE_score"))
            .args(["--listen", "127.0.0.1:0", "--model", model])
            .run()
    };
    bad(&world.path("bad.pkl")).check_failed(2, &["reading the model", "bad.pkl"]);
    bad(&world.path("nothing.pkl")).check_failed(2, &["no model at"]);
    let first = Service::start(job(&world, &["--logs", &world.path("logs")]));
    run(&["--logs", &world.path("logs")])
        .check_failed(2, &["opening the spool", "set another --spool"]);
    assert_eq!(first.stop().0, 143);
}
