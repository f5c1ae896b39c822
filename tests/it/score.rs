//! The application's log, all the way: what `score` answers is what `etl-mysql` loads.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command};

use mlops_testkit::{mysql, s3};
use serde_json::Value;
use sqlx::{Connection, MySqlConnection};

use crate::programs::job;

/// Customers of two plans, of whom one stays.
fn customers(rows: usize) -> String {
    let row = |row: usize| {
        let (tenure, plan) =
            (row * 7919 % 72, if row.is_multiple_of(2) { "basic" } else { "plus" });
        let leaves = row * 104_729 % 100 > tenure + if plan == "basic" { 10 } else { 40 };
        format!("c{row},{tenure},{plan},{}\n", if leaves { "yes" } else { "no" })
    };
    format!("client_id,tenure,plan,churn\n{}", (0..rows).map(row).collect::<String>())
}

/// The address that the service says it listens at.
fn address(service: &mut Child) -> String {
    let mut lines = BufReader::new(service.stderr.take().unwrap()).lines();
    let line = lines
        .find(|line| line.as_ref().unwrap().contains("listening at"))
        .expect("it listens")
        .unwrap();
    // Whoever writes to a pipe must find a reader.
    std::thread::spawn(move || lines.for_each(drop));
    serde_json::from_str::<Value>(&line).unwrap()["server.address"].as_str().unwrap().to_owned()
}

fn predict(address: &str, body: &str) -> Value {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = "POST /predict HTTP/1.1\r\nhost: score\r\nconnection: close\r\ncontent-type: application/json\r\n";
    stream
        .write_all(format!("{head}content-length: {}\r\n\r\n{body}", body.len()).as_bytes())
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_answered_is_in_s3_and_the_etl_loads_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("train.csv"), customers(1500)).unwrap();
    let retrain = [
        "--data",
        &path("train.csv"),
        "--id",
        "client_id",
        "--target",
        "churn",
        "--models",
        &path("models"),
    ];
    let made = job("retrain").args(retrain).args(["--output", "json"]).run().json(0);

    let (bucket, database, direct) =
        (s3().bucket().await, mysql().database().await, mysql().database().await);
    let (logs, model) = (format!("s3://{bucket}/churn"), path("models/model.pkl"));
    let arms = ["--heuristic", "tenure < 20", "--heuristic-share", "0.5"];
    let locations = [
        "--model-file",
        &model,
        "--spool",
        &path("spool"),
        "--logs",
        &logs,
        "--listen",
        "127.0.0.1:0",
    ];
    let rows = ["--database", &direct, "--create-tables", "--log-database"];
    let program = job("score").args(["serve"]).args(locations).args(arms).args(rows).on(s3());
    let mut service = program.start();
    let address = address(&mut service);
    let mut answers = Vec::new();
    for client in 0..40 {
        // A note as people write them, which no log must stumble over.
        let body = format!(
            r#"{{"client_id": "c{client}", "tenure": {client}, "plan": "plus", "note": "it's \"ü\" \\ None"}}"#
        );
        answers.push(predict(&address, &body));
    }
    let many: Vec<String> =
        (0..60).map(|client| format!(r#"{{"client_id": {client}, "tenure": null}}"#)).collect();
    answers.extend(predict(&address, &format!("[{}]", many.join(","))).as_array().unwrap().clone());
    let stopped = Command::new("bash")
        .args(["-c", &format!("kill -TERM {}", service.id())])
        .status()
        .unwrap();
    assert!(stopped.success());
    assert_eq!(service.wait().unwrap().code(), Some(143));

    let load = |database: &str| {
        let arguments =
            ["--logs", &logs, "--database", database, "--create-tables", "--output", "json"];
        job("etl-mysql").args(arguments).on(s3()).run().json(0)
    };
    let loaded = load(&database);
    assert_eq!((&loaded["loaded"], &loaded["bad"]), (&100.into(), &0.into()), "{loaded}");
    // The database that score itself wrote to has all of it, and the same.
    let loaded = load(&direct);
    assert_eq!(
        (&loaded["already_there"], &loaded["loaded"], &loaded["bad"]),
        (&100.into(), &0.into(), &0.into()),
        "{loaded}"
    );

    let mut connection = MySqlConnection::connect(&database).await.unwrap();
    for answer in &answers {
        let payload: String = sqlx::query_scalar(
            "SELECT CAST(input_output_payloads AS CHAR) FROM model_logs WHERE uid = ?",
        )
        .bind(answer["uid"].as_str().unwrap())
        .fetch_one(&mut connection)
        .await
        .unwrap();
        let payload: Value = serde_json::from_str(&payload).unwrap();
        for field in ["prediction", "high_risk", "response_time", "ltv", "model_used", "model_uid"]
        {
            assert_eq!(payload["output"][field], answer[field], "{field} of {payload}");
        }
        assert_eq!(answer["model_uid"], made["model_uid"]);
    }
    let arms: Vec<(String, i64)> = sqlx::query_as(
        "SELECT JSON_UNQUOTE(input_output_payloads->'$.output.model_used') AS arm, COUNT(*) FROM model_logs GROUP BY arm ORDER BY arm",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let names: Vec<&str> = arms.iter().map(|(arm, _)| arm.as_str()).collect();
    assert_eq!(names, ["heuristic", "model"], "{arms:?}");
}
