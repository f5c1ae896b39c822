use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Child;
use std::sync::OnceLock;

use mlops_sql::Database;
use mlops_testkit::Job;
use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection, SqliteConnection};
use tempfile::TempDir;

use crate::seed;

pub(crate) fn job(arguments: &[&str]) -> Job {
    Job::new(env!("CARGO_BIN_EXE_dashboard")).args(arguments).env("MLOPS_OUTPUT", "json")
}

/// A SQLite file with the seeded year and counted requests, made once for all tests.
pub(crate) fn year() -> &'static str {
    static YEAR: OnceLock<(TempDir, String)> = OnceLock::new();
    let (_, url) = YEAR.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/year.db", folder.path().display());
        // A test has a runtime already, which cannot wait for another one within.
        let seeding = url.clone();
        std::thread::spawn(move || {
            tokio::runtime::Runtime::new().unwrap().block_on(seed_year(&seeding))
        })
        .join()
        .unwrap();
        (folder, url)
    });
    url
}

/// Writes the year into a database, and counts its requests.
pub(crate) async fn seed_year(url: &str) {
    let database = Database::connect(&url.parse().unwrap()).await.unwrap();
    database.create_tables().await.unwrap();
    seed::seed(&database).await;
    for statement in seed::alerts() {
        execute(url, &statement).await;
    }
    job(&["refresh", "--database", url]).run().json(0);
}

pub(crate) async fn execute(url: &str, statement: &str) {
    let statement = AssertSqlSafe(statement.to_owned());
    if url.starts_with("mysql") {
        MySqlConnection::connect(url).await.unwrap().execute(statement).await.unwrap();
    } else {
        SqliteConnection::connect(url).await.unwrap().execute(statement).await.unwrap();
    }
}

/// The page, served until it is dropped.
pub(crate) struct Served {
    child: Child,
    pub(crate) port: u16,
}

/// What the server answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: String,
    pub(crate) body: String,
}

impl Served {
    pub(crate) fn new(url: &str, arguments: &[&str]) -> Self {
        Self::start(job(&["--database", url, "--listen", "127.0.0.1:0"]).args(arguments))
    }

    pub(crate) fn start(job: Job) -> Self {
        let mut child = job.start();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut seen = String::new();
        let port = loop {
            let Some(line) = log.next() else { panic!("the server ended: {seen}") };
            let line = line.unwrap();
            if let Some((_, rest)) = line.split_once("serving the page at http://") {
                break rest
                    .split(['/', '"'])
                    .next()
                    .unwrap()
                    .rsplit_once(':')
                    .unwrap()
                    .1
                    .parse()
                    .unwrap();
            }
            seen.push_str(&line);
        };
        // The log goes on, and a full pipe would hold the server up.
        std::thread::spawn(move || log.for_each(drop));
        Self { child, port }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.get_with(path, &format!("Host: 127.0.0.1:{}\r\n", self.port))
    }

    pub(crate) fn get_with(&self, path: &str, headers: &str) -> Answer {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n").unwrap();
        let mut text = Vec::new();
        stream.read_to_end(&mut text).unwrap();
        let text = String::from_utf8_lossy(&text).into_owned();
        let (headers, body) = text.split_once("\r\n\r\n").unwrap();
        let status = headers.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, headers: headers.to_ascii_lowercase(), body: body.to_owned() }
    }

    /// Asks it to end as AWS Batch does, and gives back how it ended.
    pub(crate) fn terminate(mut self) -> i32 {
        let kill = format!("kill -TERM {}", self.child.id());
        assert!(std::process::Command::new("bash").args(["-c", &kill]).status().unwrap().success());
        let status = self.child.wait().unwrap();
        status.code().unwrap_or(-1)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
