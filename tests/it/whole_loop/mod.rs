//! A model's whole life over real servers. Each program is killed once at a random moment and run
//! again, S3 and MySQL are gone for a while, and in the end nothing is lost and nothing is there
//! twice.

mod chaos;
mod service;
mod world;

use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;

use mlops_testkit::{Calls, Ended, Fault, Job, batch, end, smtp};
use serde_json::{Value, json};

use chaos::Chaos;
use service::Service;
use world::{World, customer, request, table};

/// Requests that one call brings.
const CALL: usize = 50;

/// All that happens, and what is expected to be left of it.
struct Life {
    world: World,
    chaos: Chaos,
    service: Option<Service>,
    uids: BTreeSet<String>,
    /// Those of a call that was made again, as nobody can know whether its answer was lost.
    repeated: usize,
}

impl Life {
    fn service(&self) -> &Service {
        self.service.as_ref().expect("it runs")
    }

    /// Scores customers; `score` is killed at a call that nobody knows, and the calls that it did
    /// not answer are made again.
    async fn score(&mut self, numbers: Range<usize>, has_changed: bool) {
        let customers: Vec<_> = numbers.map(|number| customer(number, has_changed)).collect();
        let calls = customers.chunks(CALL);
        let fatal = self.chaos.below(calls.len() as u64) as usize;
        for (index, of_call) in calls.enumerate() {
            let requests: Vec<Value> =
                of_call.iter().map(|it| request(&format!("r-{}", it.id), it)).collect();
            self.uids.extend(requests.iter().map(|it| it["uid"].as_str().unwrap().to_owned()));
            let body = Value::from(requests).to_string();
            if index == fatal {
                let service = self.service.take().expect("it runs");
                let after = self.chaos.below(12);
                std::thread::scope(|threads| {
                    threads.spawn(|| service.call("POST", "/predict", &body));
                    std::thread::sleep(Duration::from_millis(after));
                    // By its number, since the call still holds it.
                    service.kill_now();
                });
                drop(service);
                self.service = Some(Service::start(&self.world));
                self.repeated += of_call.len();
            }
            let answers = self.service().call("POST", "/predict", &body).expect("it answers");
            assert_eq!(answers.as_array().unwrap().len(), of_call.len());
        }
    }

    /// Loads the log into both databases, each by a run that was killed once.
    async fn load(&mut self) {
        let logs = self.world.location("logs");
        self.service().wait_for_log().await;
        for name in ["etl-mysql", "etl-dynamo"] {
            let world = &self.world;
            let arguments =
                ["--logs", &logs, "--settle", "0s", "--lease", "200ms", "--max-bad-ratio", "1"];
            self.chaos.kill_once(900, || world.json_job(name, &arguments)).await.json(0);
        }
        self.check_loaded().await;
    }

    async fn check_loaded(&self) {
        assert_eq!(self.world.uids_in_mysql().await, self.uids);
        assert_eq!(self.world.uids_in_dynamodb().await, self.uids);
        // A uid that comes a second time, with another response time, is set aside: the first has
        // been answered.
        let bad: Vec<(i64,)> =
            self.world.rows("SELECT CAST(SUM(bad) AS SIGNED) FROM etl_partition").await;
        assert!(
            bad[0].0 <= self.repeated as i64,
            "{bad:?} records were set aside, of {} that came twice",
            self.repeated
        );
    }

    /// A monitor that was killed once; its findings are there once.
    async fn monitor(&mut self, job: &str, table: &str, arguments: &[&str]) -> Value {
        let world = &self.world;
        let asks = ["--retrain-queue", &world.queue, "--retrain-definition", "retrain"];
        let arguments = [arguments, &asks].concat();
        let found = self.chaos.kill_once(700, || world.json_job(job, &arguments)).await.json(0);
        let run_uid = found["run_uid"].as_str().unwrap();
        let doubled = match table {
            "data_shift" => "feature",
            _ => "kind, period_from",
        };
        let rows: Vec<(i64, i64)> = self
            .world
            .rows(&format!("SELECT COUNT(*), COUNT(DISTINCT {doubled}) FROM {table} WHERE run_uid = '{run_uid}'"))
            .await;
        assert!(
            rows[0].0 > 0 && rows[0].0 == rows[0].1,
            "{job} left {rows:?} rows in {table}: {found}"
        );
        found
    }

    async fn drift(&mut self) -> Value {
        self.monitor("drift", "data_shift", &["--window", "2d", "--retrain-when", "any"]).await
    }

    async fn performance(&mut self) -> Value {
        self.monitor(
            "performance",
            "performance",
            &["--window", "4d", "--every", "month", "--retrain"],
        )
        .await
    }

    async fn alerts(&mut self) -> Value {
        let (world, to) = (&self.world, format!("ops@{}", self.world.domain));
        let port = smtp().starttls_port.to_string();
        let job = || -> Job {
            let rule = ["--when-count-above", "400", "--window", "1d", "--to", &to];
            let server =
                ["--smtp-host", "localhost", "--smtp-port", &port, "--from", "alerts@acme.example"];
            let login = ["--smtp-username", "alerts", "--smtp-password", "s3cret"];
            world.json_job("alert-email", &[rule.as_slice(), &server, &login].concat())
        };
        self.chaos.kill_once(400, job).await.json(0)
    }

    /// `retrain` as the first job of the queue would run it, killed once.
    async fn run_queued(&mut self, arguments: &[&str]) -> Ended {
        let jobs = batch().jobs(&self.world.queue).await;
        assert_eq!(jobs.len(), 1, "two monitors asked, and a killed one asked twice: {jobs:?}");
        let container = jobs[0].container().expect("it has a container");
        let variables: Vec<(String, String)> = container
            .environment()
            .iter()
            .filter_map(|pair| Some((pair.name()?.to_owned(), pair.value()?.to_owned())))
            .collect();
        let world = &self.world;
        let job = || {
            let job = world.json_job("retrain", arguments);
            variables.iter().fold(job, |job, (name, value)| job.env(name, value))
        };
        self.chaos.kill_once(900, job).await
    }
}

fn auc(found: &Value) -> f64 {
    let decisive =
        found["periods"].as_array().unwrap().iter().find(|period| period["is_decisive"] == true);
    decisive.unwrap_or_else(|| panic!("no period decides: {found}"))["roc_auc"].as_f64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_models_whole_life_survives_kills_and_outages() {
    let world = World::new().await;
    let mut life =
        Life { world, chaos: Chaos::new(), service: None, uids: BTreeSet::new(), repeated: 0 };

    // A first model is made, and published to S3.
    std::fs::write(
        life.world.path("train.csv"),
        table((0..3000).map(|number| customer(number, false)), false),
    )
    .unwrap();
    let first = ["--data", "train.csv", "--id", "client_id", "--target", "churn"];
    let world = &life.world;
    let made = life.chaos.kill_once(900, || world.json_job("retrain", &first)).await.json(0);
    let first_model = made["model_uid"].as_str().unwrap().to_owned();
    assert_eq!(
        (life.world.model_uid(), life.world.versions().await.len()),
        (first_model.clone(), 1),
        "{made}"
    );

    // It answers, also while S3 is gone, and its log is loaded when S3 is back.
    life.service = Some(Service::start(&life.world));
    life.world.faults.inject("PutObject", Calls::All, Fault::Drop);
    life.score(10_000..10_600, false).await;
    assert!(life.world.keys("logs/").await.is_empty(), "S3 is gone, and has nothing");
    life.world.faults.clear();
    life.load().await;

    // The number of requests is told by one mail.
    life.world.set_time("2026-03-02 00:00:05");
    let told = life.alerts().await;
    assert_eq!(told["rules"][0]["state"], "firing", "{told}");
    let names: BTreeSet<String> = life.world.mails().iter().map(message_id).collect();
    assert_eq!(
        names.len(),
        1,
        "one mail, which a run that was killed after it had sent it repeats under its own name"
    );
    let outbox: Vec<(String, i64)> =
        life.world.rows("SELECT status, COUNT(*) FROM alert_outbox GROUP BY status").await;
    assert_eq!(outbox, [("sent".to_owned(), 1)]);

    // All is as at training.
    life.world
        .note_outcomes((10_000..10_600).map(|number| customer(number, false)), "2026-03-01 12:00")
        .await;
    life.world.set_time("2026-03-04 12:00");
    let judged = life.performance().await;
    assert_eq!(judged["verdict"], "stable", "{judged}");
    let auc_before = auc(&judged);

    // The world changes while MySQL is gone in the middle of a load.
    life.world.set_time("2026-03-10 12:00");
    life.score(20_000..21_600, true).await;
    life.service().wait_for_log().await;
    let mut load = load_slowly(&life.world);
    life.world.mysql.kill();
    let refused = life.world.json_job("drift", &["--window", "2d"]).run();
    assert_eq!(
        refused.code, 75,
        "a server that does not answer is a reason to try again: {}",
        refused.stderr
    );
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(load.try_wait().unwrap().is_none(), "it waits for MySQL");
    life.world.mysql.start().await;
    life.world.faults.clear();
    end(load).json(0);
    life.load().await;

    // Drift is seen, and one model is asked for.
    life.world.set_time("2026-03-11 00:00");
    let found = life.drift().await;
    assert_eq!(found["verdict"], "shifted", "{found}");
    assert!(
        matches!(found["retrain"]["action"].as_str(), Some("submitted" | "suppressed")),
        "{found}"
    );
    life.world
        .note_outcomes((20_000..21_600).map(|number| customer(number, true)), "2026-03-10 12:00")
        .await;
    life.world.set_time("2026-03-12 18:00");
    let judged = life.performance().await;
    let auc_drifted = auc(&judged);
    assert_eq!(
        (&judged["verdict"], &judged["retrain"]["action"]),
        (&json!("shifted"), &json!("suppressed")),
        "{judged}"
    );

    // It is made, the gate accepts it, and score answers with it.
    let learn =
        ["--logs", "model_logs", "--since", "2026-03-10", "--id", "client_id", "--target", "churn"];
    let made = life.run_queued(&learn).await.json(0);
    let second_model = life.world.model_uid();
    assert_ne!(second_model, first_model, "{made}");
    assert_eq!(
        life.world.versions().await,
        BTreeSet::from([first_model.clone(), second_model.clone()])
    );
    let requests: Vec<(String, String)> = life
        .world
        .rows("SELECT status, COALESCE(model_uid, '') FROM retrain_request WHERE status NOT IN ('kept', 'waiting')")
        .await;
    assert_eq!(requests, [("served".to_owned(), second_model.clone())]);
    life.service().wait_for_model(&second_model).await;

    // Predictions are as good as they were.
    life.world.set_time("2026-03-20 12:00");
    life.score(30_000..30_800, true).await;
    life.load().await;
    life.world.set_time("2026-03-20 18:00");
    let found = life.drift().await;
    assert_eq!(found["verdict"], "stable", "{found}");
    life.world
        .note_outcomes((30_000..30_800).map(|number| customer(number, true)), "2026-03-20 12:00")
        .await;
    life.world.set_time("2026-03-22 18:00");
    let judged = life.performance().await;
    let auc_after = auc(&judged);
    assert_eq!(judged["verdict"], "stable", "{judged}");
    assert!(
        auc_drifted < auc_before - 0.1 && auc_after > auc_drifted + 0.1,
        "ROC AUC {auc_before} before, {auc_drifted} when the world had changed, {auc_after} with the new model"
    );

    // A bad model is refused, and changes nothing.
    std::fs::write(
        life.world.path("bad.csv"),
        table((0..3000).map(|number| customer(number, true)), true),
    )
    .unwrap();
    let bad = ["--data", "bad.csv", "--id", "client_id", "--target", "churn", "--fail-on-verdict"];
    let world = &life.world;
    let refused = life.chaos.kill_once(900, || world.json_job("retrain", &bad)).await.json(10);
    assert_eq!(refused["gate"]["accepted"], false, "{refused}");
    assert_eq!(life.world.model_uid(), second_model);

    // The page has all of it.
    let world = &life.world;
    life.chaos.kill_once(300, || world.json_job("dashboard", &["refresh"])).await.json(0);
    let export = || {
        world
            .job("dashboard", &["export", "page.html", "--window", "60d"])
            .env("MLOPS_CREATE_TABLES", "false")
    };
    let page = life.chaos.kill_once(400, export).await;
    assert_eq!(page.code, 0, "{}", page.stderr);
    let page = std::fs::read_to_string(life.world.path("page.html")).unwrap();
    assert!(page.contains(&first_model) && page.contains(&second_model));
    life.check_loaded().await;
    println!("{} of the runs were killed before they had ended", life.chaos.killed);
}

/// A load that has begun, and has still to read its first object.
fn load_slowly(world: &World) -> std::process::Child {
    // Calls are counted from here on.
    world.faults.clear();
    world.faults.inject("GetObject", Calls::All, Fault::Delay(Duration::from_millis(1500)));
    let logs = world.location("logs");
    let slowly = ["--lease", "20s", "--concurrency", "1", "--max-bad-ratio", "1"];
    let arguments = [["--logs", &logs, "--settle", "0s"].as_slice(), &slowly].concat();
    let load = world.json_job("etl-mysql", &arguments).start();
    while world.faults.calls("GetObject") < 1 {
        std::thread::sleep(Duration::from_millis(10));
    }
    load
}

fn message_id(mail: &Value) -> String {
    let headers = mail["headers"].as_array().unwrap();
    headers.iter().find(|header| header[0] == "Message-ID").unwrap()[1].as_str().unwrap().to_owned()
}
