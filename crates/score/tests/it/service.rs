//! The program, started and ended.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use mlops_testkit::Job;

use crate::world::World;

/// Longer than anything takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A service that listens.
pub(crate) struct Service {
    child: Child,
    /// Where.
    pub(crate) address: String,
    lines: Receiver<String>,
    /// What it has said so far.
    pub(crate) log: String,
}

/// The program with these arguments, a model, and a spool of the world's.
pub(crate) fn job(world: &World, arguments: &[&str]) -> Job {
    let (model, spool) = (world.path("model.pkl"), world.path("spool"));
    Job::new(env!("CARGO_BIN_EXE_score"))
        .args(["--listen", "127.0.0.1:0", "--model-file", &model, "--spool", &spool])
        .args(arguments)
}

impl Service {
    /// Starts it, and returns when it listens.
    pub(crate) fn start(job: Job) -> Self {
        let mut child = job.start();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            stderr.lines().map_while(Result::ok).for_each(|line| drop(sender.send(line)))
        });
        let mut service = Self { child, address: String::new(), lines, log: String::new() };
        let line = service.wait_for("listening at");
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        service.address = line["server.address"].as_str().unwrap().to_owned();
        service
    }

    /// Waits for a line of its log with these words.
    pub(crate) fn wait_for(&mut self, words: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("it never said `{words}`:\n{}", self.log));
            self.log.push_str(&line);
            self.log.push('\n');
            if line.contains(words) {
                return line;
            }
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        // The shell has a `kill` of its own where the system has none.
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("bash").args(["-c", &kill]).status().unwrap().success());
    }

    /// Asks it to end; returns its exit code and what it wrote to stdout.
    pub(crate) fn stop(mut self) -> (i32, String) {
        self.signal("TERM");
        let mut stdout = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        let code = self.child.wait().unwrap().code().unwrap();
        (code, stdout)
    }

    /// Ends it as a crash would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ends it, and returns the rest of its log.
    pub(crate) fn stop_and_read_log(mut self) -> String {
        self.signal("TERM");
        self.child.wait().unwrap();
        self.log.extend(self.lines.iter().flat_map(|line| [line, "\n".to_owned()]));
        std::mem::take(&mut self.log)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Where a test has failed; after its end this does nothing.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
