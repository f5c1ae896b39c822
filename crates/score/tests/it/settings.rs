//! Cut-off, heuristic and arms.

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use mlops_testkit::{PrivateMySql, mysql};
use serde_json::{Value, json};
use sqlx::{Connection, MySqlConnection, SqliteConnection};

use crate::caller::Answer;
use crate::service::{Service, job};
use crate::world::World;

async fn refresh(service: &Service) -> Answer {
    let call = Request::post("/config-refresh")
        .header("host", "score")
        .header("authorization", "Bearer secret");
    service.call(call.body(Full::<Bytes>::default()).unwrap()).await
}

async fn predict(service: &Service, body: &Value) -> Value {
    let call =
        Request::post("/predict").header("host", "score").header("authorization", "bearer secret");
    let call =
        call.header("content-type", "application/json").body(Full::from(body.to_string())).unwrap();
    let answer = service.call(call).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn some_clients_are_decided_on_by_the_heuristic_and_always_the_same_ones() {
    let world = World::new();
    let rule = "activity_score < 0.5 and device_type != 'level_3' or vip";
    let arms = [
        "--heuristic",
        rule,
        "--heuristic-share",
        "0.3",
        "--cut-off",
        "0",
        "--logs",
        &world.path("logs"),
    ];
    let clients: Vec<Value> = (0..1000)
        .map(|client| {
            let device = format!("level_{}", client % 3 + 1);
            json!({"client_id": client, "activity_score": f64::from(client % 10) / 10.0, "device_type": device})
        })
        .collect();
    let ask = async |job| {
        let service = Service::start(job);
        let found = service.predict(Value::from(clients.clone()).to_string()).await.json();
        // Whose request it is nobody knows.
        let nobody =
            service.predict(r#"{"activity_score": 0.1, "device_type": null}"#).await.json();
        assert_eq!(nobody["model_used"], "model");
        let text = service
            .predict(
                r#"{"client_id": "7", "vip": true, "activity_score": null, "device_type": null}"#,
            )
            .await
            .json();
        assert_eq!(text["model_used"], found[7]["model_used"], "7 and \"7\" are the same client");
        assert_eq!(service.stop().0, 143);
        found.as_array().unwrap().clone()
    };
    let found = ask(job(&world, &arms)).await;
    let by_heuristic = |found: &[Value]| -> Vec<bool> {
        found.iter().map(|row| row["model_used"] == "heuristic").collect()
    };
    let share = by_heuristic(&found).iter().filter(|is| **is).count();
    // Five standard deviations of 1000 clients are 72.
    assert!((228..=372).contains(&share), "{share}");
    for (client, row) in clients.iter().zip(&found) {
        let by_rule =
            client["activity_score"].as_f64().unwrap() < 0.5 && client["device_type"] != "level_3";
        let expected = if row["model_used"] == "heuristic" { by_rule } else { true };
        assert_eq!(row["high_risk"], if expected { "yes" } else { "no" }, "{client} {row}");
    }
    let again = ask(job(&world, &arms)).await;
    assert_eq!(by_heuristic(&again), by_heuristic(&found), "another process has the same arms");
    let other = ask(job(&world, &[arms.as_slice(), &["--experiment", "other"]].concat())).await;
    let both = by_heuristic(&other)
        .iter()
        .zip(by_heuristic(&found))
        .filter(|(other, one)| **other && *one)
        .count();
    assert!((45..=135).contains(&both), "two experiments are independent: {both}");
    assert_eq!(world.logged().len(), 3 * 1002);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_settings_of_a_table_are_taken_over_and_bad_ones_are_not() {
    let world = World::new();
    let database = mysql().database().await;
    mlops_sql::Database::connect(&database.parse().unwrap())
        .await
        .unwrap()
        .create_tables()
        .await
        .unwrap();
    let mut connection = MySqlConnection::connect(&database).await.unwrap();
    let mut set = async |statement: &'static str| {
        sqlx::query(statement).execute(&mut connection).await.unwrap();
    };
    set("INSERT INTO prod_config (name, value) VALUES ('cut_off', '0.99'), ('colour', 'red')")
        .await;
    // As a stack has it: the password comes apart from the address.
    let address = database.replace(":test@", "@");
    let table = [
        "--database",
        &address,
        "--config-table",
        "prod_config",
        "--token",
        "secret",
        "--cut-off",
        "0.01",
    ];
    let service = Service::start(job(&world, &table).env("MLOPS_DATABASE_PASSWORD", "test"));
    let one = json!({"client_id": "7", "activity_score": 0.5, "device_type": null});
    assert_eq!(
        predict(&service, &one).await["high_risk"],
        "no",
        "the table's cut-off is in force from the start"
    );

    set("UPDATE prod_config SET value = '0.001' WHERE name = 'cut_off'").await;
    set("INSERT INTO prod_config (name, value) VALUES ('heuristic', 'activity_score > 0.9'), ('heuristic_share', '1.0')").await;
    let refreshed = refresh(&service).await.json();
    let settings = json!({"cut_off": 0.001, "heuristic": "activity_score > 0.9", "heuristic_share": 1.0, "experiment": "score"});
    assert_eq!(refreshed, json!({"settings": settings, "refused": [], "unknown": ["colour"]}));
    let found = predict(&service, &one).await;
    assert_eq!((&found["model_used"], &found["high_risk"]), (&json!("heuristic"), &json!("no")));

    set("UPDATE prod_config SET value = 'most' WHERE name = 'heuristic_share'").await;
    set("UPDATE prod_config SET value = 'activity_score >' WHERE name = 'heuristic'").await;
    let refreshed = refresh(&service).await;
    assert_eq!(
        (refreshed.status, &refreshed.json()["settings"]),
        (200, &settings),
        "{refreshed:?}"
    );
    let refused = refreshed.json()["refused"].to_string();
    assert!(
        refused.contains("must be a share between 0 and 1") && refused.contains("at character 17"),
        "{refused}"
    );
    assert_eq!(predict(&service, &one).await["model_used"], "heuristic");
    let metrics = String::from_utf8(service.get("/metrics").await.body.to_vec()).unwrap();
    assert!(metrics.contains("score_config_refused_values_total 2\n"), "{metrics}");
    let log = service.stop_and_read_log();
    assert!(
        log.contains(
            "the setting `heuristic` in prod_config is invalid and its last valid value is kept"
        ),
        "{log}"
    );
    assert!(!log.contains("secret"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_settings_is_read_again_by_itself() {
    let world = World::new();
    let database = format!("sqlite://{}", world.path("mlops.db"));
    mlops_sql::Database::connect(&database.parse().unwrap()).await.unwrap();
    let table =
        ["--database", &database, "--config-table", "stage_config", "--config-every", "50ms"];
    let service = Service::start(job(&world, &table));
    let mut connection = SqliteConnection::connect(&database).await.unwrap();
    sqlx::query("INSERT INTO stage_config (name, value) VALUES ('cut_off', '0.75')")
        .execute(&mut connection)
        .await
        .unwrap();
    service.wait_until("/model", |answer| answer.json()["settings"]["cut_off"] == 0.75).await;
    assert_eq!(refresh(&service).await.status, 403, "without a token it is nobody's to call");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_table_the_settings_stay() {
    let world = World::new();
    let mut server = PrivateMySql::new().await;
    let database = server.database().await;
    let table = [
        "--database",
        &database,
        "--config-table",
        "prod_config",
        "--token",
        "secret",
        "--cut-off",
        "0.25",
    ];
    let service = Service::start(job(&world, &table));
    // The tables were never made.
    let missing = refresh(&service).await;
    assert_eq!((missing.status, missing.header("retry-after")), (503, "30"), "{missing:?}");
    mlops_sql::Database::connect(&database.parse().unwrap())
        .await
        .unwrap()
        .create_tables()
        .await
        .unwrap();
    let mut connection = MySqlConnection::connect(&database).await.unwrap();
    sqlx::query("INSERT INTO prod_config (name, value) VALUES ('cut_off', '0.5')")
        .execute(&mut connection)
        .await
        .unwrap();
    drop(connection);
    assert_eq!(refresh(&service).await.json()["settings"]["cut_off"], 0.5);
    server.kill();
    let down = refresh(&service).await;
    assert_eq!(down.status, 503, "{down:?}");
    assert!(
        !down.json().to_string().contains("127.0.0.1"),
        "the answer tells nothing of the inside: {down:?}"
    );
    let token =
        Request::get("/model").header("host", "score").header("authorization", "Bearer secret");
    let found = service.call(token.body(Full::default()).unwrap()).await.json();
    assert_eq!(found["settings"]["cut_off"], 0.5);
    server.start().await;
    assert_eq!(refresh(&service).await.status, 200);
}
