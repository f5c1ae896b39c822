//! `score` as a process, which may be killed.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command};
use std::time::Duration;

use serde_json::Value;

use super::world::World;

/// Long enough for whatever takes a moment.
const ATTEMPTS: usize = 600;
const PAUSE: Duration = Duration::from_millis(50);

pub(super) struct Service {
    child: Child,
    address: String,
}

impl Service {
    /// Starts it, over the spool that an earlier one left.
    pub(super) fn start(world: &World) -> Self {
        let (model, logs) = (world.location("models/model.pkl"), world.location("logs"));
        let of_model =
            ["--model-file", &model, "--watch", "--watch-every", "200ms", "--cut-off", "0.5"];
        let of_log = [
            "--listen",
            "127.0.0.1:0",
            "--logs",
            &logs,
            "--log-every",
            "250ms",
            "--spool",
            "spool",
        ];
        let mut child = world.job("score", &[of_model.as_slice(), &of_log].concat()).start();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let line = lines
            .find(|line| line.as_ref().unwrap().contains("listening at"))
            .expect("it listens")
            .unwrap();
        // Whoever writes to a pipe must find a reader.
        std::thread::spawn(move || lines.for_each(drop));
        let address = serde_json::from_str::<Value>(&line).unwrap()["server.address"]
            .as_str()
            .unwrap()
            .to_owned();
        Self { child, address }
    }

    /// The document of a call that was answered with 200; `None` where nobody answered.
    pub(super) fn call(&self, method: &str, path: &str, body: &str) -> Option<Value> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        let head = "host: score\r\nconnection: close\r\ncontent-type: application/json";
        let length = body.len();
        let request =
            format!("{method} {path} HTTP/1.1\r\n{head}\r\ncontent-length: {length}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        if answer.is_empty() {
            return None;
        }
        assert!(answer.starts_with("HTTP/1.1 200"), "{method} {path}: {answer}");
        Some(serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap())
    }

    /// Kills it at once, also while a call of another thread holds it.
    pub(super) fn kill_now(&self) {
        let kill = format!("kill -KILL {}", self.child.id());
        assert!(Command::new("bash").args(["-c", &kill]).status().unwrap().success());
    }

    /// Waits until its whole log is in S3.
    pub(super) async fn wait_for_log(&self) {
        self.wait_for("/ready", |ready| ready["spooled_bytes"] == 0).await;
    }

    /// Waits until it answers with this model.
    pub(super) async fn wait_for_model(&self, model_uid: &str) {
        self.wait_for("/model", |model| model["model_uid"] == model_uid).await;
    }

    async fn wait_for(&self, path: &str, is_there: impl Fn(&Value) -> bool) {
        let mut last = None;
        for _ in 0..ATTEMPTS {
            last = self.call("GET", path, "");
            if last.as_ref().is_some_and(&is_there) {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("{path} still says {last:?}");
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
