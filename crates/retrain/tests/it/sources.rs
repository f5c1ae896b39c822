//! Training data from tables, queries, and logs with outcomes.

use mlops_core::ports::{ModelStore, RetrainStore};
use mlops_core::timestamp::parse_utc;
use mlops_sql::Database;
use mlops_testkit::mysql;
use sqlx::{AssertSqlSafe, Executor};

use crate::{World, customers};

/// `CREATE TABLE` and `INSERT` for the customers, in SQL that both databases read.
fn statements(csv: &str) -> Vec<String> {
    let mut statements = vec![
        "CREATE TABLE churn_data (client_id VARCHAR(20), tenure INT, plan VARCHAR(20), spent DOUBLE, joined DATE, \
         signed_up DATE, churn VARCHAR(5))"
            .to_owned(),
    ];
    let quoted = |cell: &str| if cell.is_empty() { "NULL".to_owned() } else { format!("'{cell}'") };
    let rows: Vec<String> = csv
        .lines()
        .skip(1)
        .map(|line| format!("({})", line.split(',').map(quoted).collect::<Vec<String>>().join(",")))
        .collect();
    statements.extend(
        rows.chunks(500).map(|rows| format!("INSERT INTO churn_data VALUES {}", rows.join(","))),
    );
    statements
}

#[tokio::test]
async fn a_table_is_as_good_as_a_file() {
    let world = World::new();
    let from_file = world.retrain("train.csv", &["--time", "signed_up", "--dry-run"]).run().json(0);
    let csv = customers(3000, false);
    let mysql = mysql().database().await;
    let mut connection =
        <sqlx::MySqlConnection as sqlx::Connection>::connect(&mysql).await.unwrap();
    for statement in statements(&csv) {
        connection.execute(AssertSqlSafe(statement)).await.unwrap();
    }
    let sqlite = format!("sqlite://{}", world.path("data.db"));
    drop(Database::connect(&sqlite.parse().unwrap()).await.unwrap());
    let mut connection =
        <sqlx::SqliteConnection as sqlx::Connection>::connect(&sqlite).await.unwrap();
    for statement in statements(&csv) {
        connection.execute(AssertSqlSafe(statement)).await.unwrap();
    }
    let models = world.path("models");
    for database in [&mysql, &sqlite] {
        let asked = |source: &[&str]| {
            let common = [
                "--id",
                "client_id",
                "--time",
                "signed_up",
                "--target",
                "churn",
                "--models",
                &models,
                "--dry-run",
            ];
            world.job(&common).args(source).env("MLOPS_DATABASE", database).run()
        };
        let of_table = asked(&["--table", "churn_data"]).json(0);
        assert_eq!(of_table["metrics"], from_file["metrics"], "{of_table}");
        let some = asked(&["--query", "SELECT * FROM churn_data WHERE tenure < 50"]).json(0);
        let rows =
            some["training"]["rows"].as_u64().unwrap() + some["metrics"]["n"].as_u64().unwrap();
        let expected = csv
            .lines()
            .skip(1)
            .filter(|line| line.split(',').nth(1).unwrap().parse::<u32>().unwrap() < 50);
        assert_eq!(rows, expected.count() as u64);
        asked(&["--table", "no_such"]).check_failed(2, &["no_such"]);
        asked(&["--query", "SELECT * FROM churn_data WHERE 1 = 0"])
            .check_failed(2, &["no such column"]);
    }
    world
        .job(&["--table", "t", "--target", "churn", "--models", &models])
        .run()
        .check_failed(2, &["--table needs --database"]);
}

/// Requests of the customers from the first of January on, one a minute, each with its outcome
/// twenty days later.
fn logs(world: &World, rows: usize) -> String {
    let (mut requests, mut outcomes) =
        (String::new(), "client_id,outcome_timestamp,outcome\n".to_owned());
    for (minute, line) in customers(rows, false).lines().skip(1).enumerate() {
        let cells: Vec<&str> = line.split(',').collect();
        let day = minute / 1440;
        let time = |day: usize| {
            format!(
                "2026-{:02}-{:02} {:02}:{:02}:00",
                1 + day / 28,
                1 + day % 28,
                minute / 60 % 24,
                minute % 60
            )
        };
        let spent = if cells[3].is_empty() { "null" } else { cells[3] };
        let request = format!(
            "{{\"input\": {{\"uid\": \"u{minute}\", \"client_id\": \"{}\", \"tenure\": {}, \"plan\": \"{}\", \"spent\": {spent}, \
             \"joined\": \"{}\"}}, \"output\": {{\"prediction\": 0.5, \"logging_timestamp\": \"{}\"}}}}\n",
            cells[0],
            cells[1],
            cells[2],
            cells[4],
            time(day)
        );
        requests.push_str(&request);
        outcomes.push_str(&format!("{},{},{}\n", cells[0], time(day + 20), cells[6]));
    }
    // Until which all outcomes are known.
    outcomes.push_str("nobody,2026-06-01,no\n");
    std::fs::create_dir_all(world.path("logs/dt=2026-01-01")).unwrap();
    world.write("logs/dt=2026-01-01/all.ndjson", &requests);
    world.write("outcomes.csv", &outcomes)
}

#[test]
fn logged_requests_with_outcomes_are_training_data() {
    let world = World::new();
    let outcomes = logs(&world, 4000);
    let models = world.path("models");
    let logs = world.path("logs");
    let alone = [
        "--logs",
        &logs,
        "--outcomes",
        &outcomes,
        "--id",
        "client_id",
        "--target",
        "churn",
        "--models",
        &models,
    ];
    world.job(&alone).run().check_failed(2, &["--logs alone do not say what the features are"]);
    let first = world.retrain("train.csv", &[]).run().json(0);
    let report = world.job(&alone).args(["--time", "logged_at"]).run().json(0);
    let logged = &report["logged"];
    assert_eq!(
        (&logged["labelled"], &logged["too_young"], &logged["repeated"]),
        (&4000.into(), &0.into(), &0.into())
    );
    assert_eq!(
        (&report["training"]["rows"], &report["published"]),
        (&3000.into(), &true.into()),
        "{report}"
    );
    assert_eq!(report["training"]["from"], "2026-01-01 00:00:00.000000");
    assert_eq!(report["champion"]["model_uid"], first["model_uid"]);
    // On top of a table, those since a time; the table has some of the same customers.
    let both = world.job(&alone).args([
        "--data",
        &world.path("train.csv"),
        "--time",
        "signed_up",
        "--since",
        "2026-01-02",
    ]);
    let both = both.args(["--dry-run"]).run().json(0);
    assert_eq!(both["logged"]["labelled"], 2560);
    let rows = |field: &serde_json::Value| field.as_u64().unwrap();
    let used = rows(&both["training"]["rows"]) + rows(&both["metrics"]["n"]);
    assert_eq!(used + rows(&both["of_both_parts"]), 5560, "{both}");
    assert!(rows(&both["of_both_parts"]) > 500, "customers have rows of both times: {both}");
    // An outcome that comes late is none, and one may be taken for granted.
    let early = world.job(&alone).args(["--horizon", "10d", "--dry-run"]).run();
    early.check_failed(2, &["0 rows have an outcome"]);
    let granted =
        world.job(&alone).args(["--horizon", "10d", "--absent-outcome", "no", "--dry-run"]).run();
    granted.check_failed(2, &["0 are yes"]);
}

#[tokio::test]
async fn a_wish_is_answered_and_what_became_of_it_is_written_down() {
    let world = World::new();
    let url = format!("sqlite://{}", world.path("mlops.db"));
    let database = Database::connect(&url.parse().unwrap()).await.unwrap();
    let status = async |request: &str, day: &str, data: &str, code: i32| {
        let now = parse_utc(day).unwrap();
        let wish = mlops_core::ports::RetrainRequest {
            request_uid: request,
            requested_at: now,
            job: "drift",
            reason: "x",
        };
        assert_eq!(database.claim_retrain(wish, now).await.unwrap(), None);
        let job = world.retrain(data, &["--database", &url]).env("MLOPS_RETRAIN_REQUEST", request);
        assert_eq!(job.run().code, code);
        let standing = database.standing_request(now, "").await.unwrap();
        standing.map(|standing| standing.status.name())
    };
    assert_eq!(status("one", "2026-01-01", "train.csv", 0).await, Some("served"));
    world.write("wider.csv", &crate::with_another_column(&customers(3000, false)));
    assert_eq!(status("two", "2026-01-02", "wider.csv", 0).await, Some("refused"));
    world.write("few.csv", &customers(50, false));
    assert_eq!(
        status("three", "2026-01-03", "few.csv", 2).await,
        None,
        "it failed, and holds up nobody"
    );
    let first = database.releases().await.unwrap().remove(0);
    assert_eq!(
        (first.action.as_str(), first.request_uid.as_deref(), &first.replaced_model_uid),
        ("retrain", Some("one"), &None)
    );
    world.write("more.csv", &customers(4000, false));
    let second = world.retrain("more.csv", &["--database", &url]).run().json(0);
    world
        .job(&["rollback", &first.model_uid, "--models", &world.path("models"), "--database", &url])
        .run()
        .json(0);
    let back = database.releases().await.unwrap().remove(0);
    assert_eq!((back.action.as_str(), &back.model_uid), ("rollback", &first.model_uid));
    assert_eq!(back.replaced_model_uid.as_deref(), second["model_uid"].as_str());
}

#[tokio::test]
async fn what_a_pipeline_released_is_written_down_once() {
    let world = World::new();
    let (url, models) = (format!("sqlite://{}", world.path("mlops.db")), world.path("models"));
    let released = || world.job(&["released", "--models", &models, "--database", &url]);
    released().run().check_failed(2, &["there is no model.pkl in --models"]);
    world
        .job(&["released", "--models", &models])
        .run()
        .check_failed(2, &["--database (MLOPS_DATABASE) is missing"]);
    // As in production: the candidate waits, and the pipeline copies it to model.pkl.
    let promote = |name: &str| {
        let made = world
            .retrain(name, &["--candidate", "candidate/model.pkl", "--database", &url])
            .run()
            .json(0);
        std::fs::copy(world.path("models/candidate/model.pkl"), world.path("models/model.pkl"))
            .unwrap();
        made["model_uid"].as_str().unwrap().to_owned()
    };
    let first = promote("train.csv");
    assert_eq!(released().run().json(0), serde_json::json!({"model_uid": first, "written": true}));
    assert_eq!(released().run().json(0)["written"], false, "a second run finds it");
    world.write("more.csv", &customers(4000, false));
    let second = promote("more.csv");
    assert_eq!(released().run().json(0)["written"], true);
    let releases =
        Database::connect(&url.parse().unwrap()).await.unwrap().releases().await.unwrap();
    let found: Vec<_> = releases
        .iter()
        .map(|it| (it.action.as_str(), it.model_uid.as_str(), it.replaced_model_uid.as_deref()))
        .collect();
    assert_eq!(
        found,
        [("release", second.as_str(), Some(first.as_str())), ("release", first.as_str(), None)]
    );
}

#[test]
fn recipes_are_searched_by_hand() {
    let world = World::new();
    let out = world.path("best.toml");
    let data = world.path("train.csv");
    let search = [
        "search",
        "--data",
        &data,
        "--id",
        "client_id",
        "--target",
        "churn",
        "--trials",
        "3",
        "--out",
        &out,
    ];
    let report = world.job(&search).args(["--learner", "logistic-regression"]).run().json(0);
    assert_eq!(report["trials"].as_array().unwrap().len(), 4);
    let losses: Vec<f64> = report["trials"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t["log_loss"].as_f64().unwrap())
        .collect();
    assert!(losses.is_sorted() && losses[0] < 0.6, "{losses:?}");
    assert!(!world.has("models"));
    let fitted = world.retrain("train.csv", &["--recipe", &out, "--dry-run"]).run().json(0);
    assert_eq!(fitted["recipe"], report["trials"][0]["recipe"]);
    let people = world.job(&search).args(["--halving", "--output", "human"]).run();
    assert!(
        people.code == 0 && people.stdout.contains("the best recipe is in"),
        "{}{}",
        people.stdout,
        people.stderr
    );
    world.job(&search).args(["--learner", "oracle"]).run().check_failed(2, &["random-forest"]);
}
