//! A server that accepts connections and is silent, or nearly so, holds up no job.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Child;
use std::time::{Duration, Instant};

use mlops_testkit::{Ended, Job, MuteServer, OddS3, Silence, end, mysql};

use crate::etl::world::line;
use crate::programs::job;

/// A job without a deadline ends within this time of silence.
const LIMIT: Duration = Duration::from_secs(60);

/// Files for the jobs, and the addresses of servers that are silent.
struct World {
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let world = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir(world.path("logs")).unwrap();
        std::fs::write(world.path("logs/a.ndjson"), line(1)).unwrap();
        let rows = (0..200).map(|row| format!("c{row},{},{}\n", row % 72, row % 2));
        let rows = format!("client_id,tenure,churn\n{}", rows.collect::<String>());
        std::fs::write(world.path("train.csv"), rows).unwrap();
        world
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// Every job that has a database, on the one at `url`.
    fn jobs_on_database(&self, url: &str) -> Vec<(&'static str, Job)> {
        let (logs, train) = (self.path("logs"), self.path("train.csv"));
        let mail = ["--smtp-host", "127.0.0.1", "--from", "a@b.example", "--to", "c@d.example"];
        let mut jobs: Vec<(&'static str, Job)> = ["run", "verify", "status", "redrive"]
            .into_iter()
            .map(|command| (command, job("etl-mysql").args([command, "--logs", &logs])))
            .collect();
        jobs.extend([
            ("drift", job("drift").args(["--reference", &train])),
            ("performance", job("performance").args(["--reference", &train, "--outcomes", "x"])),
            ("concept-shift", job("concept-shift").args(["--reference", &train])),
            (
                "retrain",
                job("retrain")
                    .args(["--query", "SELECT * FROM client_outcomes", "--target", "churn"])
                    .args(["--models", &self.path("models")]),
            ),
            ("alert-email", job("alert-email").args(["--when-count-above", "5"]).args(mail)),
            (
                "alert-sms",
                job("alert-sms")
                    .args(["--when-count-above", "5", "--to", "+4915112345678"])
                    .env("TWILIO_ACCOUNT_SID", "AC00000000000000000000000000000000")
                    .env("TWILIO_AUTH_TOKEN", "s3cret")
                    .env("TWILIO_FROM", "+15005550006"),
            ),
            ("export", job("dashboard").args(["export", &self.path("page.html")])),
            ("refresh", job("dashboard").args(["refresh"])),
        ]);
        jobs.into_iter().map(|(name, job)| (name, job.env("MLOPS_DATABASE", url))).collect()
    }

    /// Jobs that read from S3.
    fn jobs_on_s3(&self, endpoint: &str, name: &str) -> Vec<(&'static str, Job)> {
        let (logs, train) = ("s3://bucket/logs", "s3://bucket/train.csv");
        let own = self.path("train.csv");
        let mut jobs: Vec<(&'static str, Job)> = ["run", "verify", "redrive", "plan"]
            .into_iter()
            .map(|command| (command, job("etl-mysql").args([command, "--logs", logs])))
            .collect();
        jobs.extend([
            ("drift", job("drift").args(["--reference", train, "--production", &own])),
            (
                "retrain",
                job("retrain").args(["--data", train, "--target", "churn"]).args([
                    "--models",
                    &self.path("models"),
                    "--id",
                    "client_id",
                ]),
            ),
            ("drift on logs", job("drift").args(["--reference", &own, "--production", logs])),
        ]);
        let set = |index: usize, (command, job): (&'static str, Job)| {
            let database = format!("sqlite://{}", self.path(&format!("{name}{index}.db")));
            (command, on_s3(job, endpoint).env("MLOPS_DATABASE", &database))
        };
        jobs.into_iter().enumerate().map(|(index, job)| set(index, job)).collect()
    }
}

fn on_s3(job: Job, endpoint: &str) -> Job {
    job.env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_REGION", "us-east-1")
}

/// Returns `HOST:PORT` of an address.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").unwrap().1;
    let rest = rest.split_once('@').map_or(rest, |(_, host)| host);
    rest.split('/').next().unwrap()
}

fn through(url: &str, server: &MuteServer) -> String {
    url.replace(host_of(url), &server.address.to_string())
}

/// Waits for jobs that run at the same time.
fn end_all(jobs: Vec<(String, Child)>) -> Vec<(String, Ended, Duration)> {
    let began = Instant::now();
    let waiting = jobs
        .into_iter()
        .map(|(name, child)| std::thread::spawn(move || (name, end(child), began.elapsed())));
    let waiting: Vec<_> = waiting.collect();
    waiting.into_iter().map(|thread| thread.join().unwrap()).collect()
}

fn check_all(jobs: Vec<(String, Child)>, limit: Duration, codes: &[i32]) {
    let mut wrong = Vec::new();
    for (name, ended, took) in end_all(jobs) {
        if !codes.contains(&ended.code) || took > limit {
            wrong.push(format!("{name}: {} after {took:.1?}: {}", ended.code, ended.stderr));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn start(kind: &str, jobs: Vec<(&'static str, Job)>) -> Vec<(String, Child)> {
    jobs.into_iter().map(|(name, job)| (format!("{name}, {kind}"), job.start())).collect()
}

/// The address of a database with all tables and one record.
async fn database(world: &World) -> String {
    let url = mysql().database().await;
    let load = job("etl-mysql").args(["--logs", &world.path("logs"), "--create-tables"]);
    let ended = load.env("MLOPS_DATABASE", &url).run();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_end_within_a_minute_of_a_databases_silence() {
    let world = World::new();
    let url = database(&world).await;
    let mut jobs = Vec::new();
    let mut servers = Vec::new();
    for silence in [Silence::FromTheStart, Silence::ByteASecond] {
        let server = MuteServer::start(host_of(&url), silence);
        jobs.extend(start(
            &format!("{silence:?}"),
            world.jobs_on_database(&through(&url, &server)),
        ));
        servers.push(server);
    }
    // After the handshake, each job with a server of its own.
    for index in 0..world.jobs_on_database(&url).len() {
        let server = MuteServer::start(host_of(&url), Silence::After(1200));
        let (name, job) = world.jobs_on_database(&through(&url, &server)).swap_remove(index);
        jobs.push((format!("{name}, in mid-answer"), job.start()));
        servers.push(server);
    }
    check_all(jobs, LIMIT, &[75]);
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_end_within_a_minute_of_an_endpoints_silence() {
    let world = World::new();
    let bucket = OddS3::start(mlops_testkit::Listings::default());
    bucket.put("logs/a.ndjson", line(1));
    bucket.put("train.csv", std::fs::read(world.path("train.csv")).unwrap());
    let mut jobs = Vec::new();
    let mut servers = Vec::new();
    for silence in [Silence::FromTheStart, Silence::ByteASecond, Silence::After(150)] {
        let server = MuteServer::start(host_of(&bucket.endpoint), silence);
        let endpoint = format!("http://{}", server.address);
        let name = format!("{silence:?}");
        jobs.extend(start(&name, world.jobs_on_s3(&endpoint, &name)));
        servers.push(server);
    }
    check_all(jobs, LIMIT, &[75]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_etl_ends_within_ten_seconds_of_its_deadline() {
    let world = World::new();
    let url = database(&world).await;
    let bucket = OddS3::start(mlops_testkit::Listings::default());
    bucket.put("logs/a.ndjson", line(1));
    let mut jobs = Vec::new();
    let mut servers = Vec::new();
    for (silence, of_logs) in [
        (Silence::FromTheStart, Silence::FromTheStart),
        (Silence::ByteASecond, Silence::ByteASecond),
        (Silence::After(1200), Silence::After(0)),
        (Silence::After(2500), Silence::After(150)),
    ] {
        let server = MuteServer::start(host_of(&url), silence);
        let load = job("etl-mysql").args(["--logs", &world.path("logs"), "--deadline", "3s"]);
        let load = load.env("MLOPS_DATABASE", &through(&url, &server));
        jobs.push((format!("database, {silence:?}"), load.start()));
        servers.push(server);
        let server = MuteServer::start(host_of(&bucket.endpoint), of_logs);
        let database = format!("sqlite://{}", world.path(&format!("{of_logs:?}.db")));
        let load = job("etl-mysql").args(["--logs", "s3://bucket/logs", "--deadline", "3s"]);
        let load = on_s3(load, &format!("http://{}", server.address));
        jobs.push((format!("logs, {of_logs:?}"), load.env("MLOPS_DATABASE", &database).start()));
        servers.push(server);
    }
    check_all(jobs, Duration::from_secs(13), &[75, 76]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_unavailable_while_the_database_is_silent() {
    let world = World::new();
    let url = database(&world).await;
    let server = MuteServer::start(host_of(&url), Silence::Later);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut page = job("dashboard")
        .args(["--listen", &free.to_string()])
        .args(["--renew-every", "1s"])
        .env("MLOPS_DATABASE", &through(&url, &server))
        .start();
    let mut lines = BufReader::new(page.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("serving the page") {
        line.clear();
        assert_ne!(lines.read_line(&mut line).unwrap(), 0, "it does not listen");
    }
    server.fall_silent();
    let asked = Instant::now();
    let answers: Vec<_> =
        (0..5).map(|_| std::thread::spawn(move || status_of(free, "/"))).collect();
    for answer in answers {
        assert_eq!(answer.join().unwrap(), "503");
    }
    assert!(asked.elapsed() < Duration::from_secs(30), "{:?}", asked.elapsed());
    page.kill().unwrap();
    page.wait().unwrap();
}

/// Returns the status of the answer to a request.
fn status_of(address: std::net::SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap_or_default().to_owned()
}
