use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use crate::AwsServer;

const WATCH_EVERY: Duration = Duration::from_millis(20);

/// A job's binary, run as AWS Batch or a shell would, in an environment of its own.
#[derive(Debug)]
pub struct Job {
    command: Command,
}

/// A job that has ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code; 128 and the signal where one ended it.
    pub code: i32,
    /// The text of stdout.
    pub stdout: String,
    /// The text of stderr.
    pub stderr: String,
}

impl Job {
    /// The binary at `path`, with an empty environment and in a folder without an `mlops.toml`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let mut command = Command::new(path.into());
        command.env_clear().current_dir(std::env::temp_dir());
        // Without these the AWS SDK asks for a role at an address that nobody answers here.
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        Self { command }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<I: AsRef<std::ffi::OsStr>>(
        mut self,
        arguments: impl IntoIterator<Item = I>,
    ) -> Self {
        self.command.args(arguments);
        self
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Lets it use this S3 or DynamoDB endpoint; one of each, if it is called twice.
    #[must_use]
    pub fn on(mut self, server: &AwsServer) -> Self {
        self.command.envs(server.environment());
        self
    }

    /// Runs it in this folder.
    #[must_use]
    pub fn within(mut self, folder: &std::path::Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Runs it to its end.
    pub fn run(self) -> Ended {
        end(self.start())
    }

    /// Runs it to its end; also returns its peak memory in bytes.
    pub fn run_watched(self) -> (Ended, u64) {
        let child = self.start();
        let status = format!("/proc/{}/status", child.id());
        let (ended, is_ended) = channel::<()>();
        let watching = std::thread::spawn(move || {
            let mut peak = 0;
            // The kernel keeps the peak, so that only the last moment is missed.
            while is_ended.recv_timeout(WATCH_EVERY) == Err(RecvTimeoutError::Timeout) {
                peak = peak_bytes(&status).unwrap_or(peak);
            }
            peak
        });
        let end = end(child);
        drop(ended);
        (end, watching.join().unwrap())
    }

    /// Starts it.
    pub fn start(mut self) -> Child {
        self.command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }
}

/// The peak of a process's memory without its program file, of which a debug build has 40 MB; `None`
/// when it has ended.
fn peak_bytes(status: &str) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    let kilobytes = |name: &str| {
        let value = text.lines().find_map(|line| line.strip_prefix(name))?;
        value.trim().strip_suffix(" kB")?.parse::<u64>().ok()
    };
    Some(kilobytes("VmHWM:")?.saturating_sub(kilobytes("RssFile:")?) << 10)
}

/// Waits for a job that was started.
pub fn end(mut child: Child) -> Ended {
    use std::os::unix::process::ExitStatusExt;
    let mut errors = child.stderr.take().unwrap();
    // Both at a time: a job that fills one pipe waits until somebody reads it.
    let reading = std::thread::spawn(move || {
        let mut text = String::new();
        errors.read_to_string(&mut text).unwrap();
        text
    });
    let mut stdout = String::new();
    child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    let stderr = reading.join().unwrap();
    let status = child.wait().unwrap();
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap());
    Ended { code, stdout, stderr }
}

impl Ended {
    /// The JSON document of a job that ended with `code`.
    #[track_caller]
    pub fn json(&self, code: i32) -> serde_json::Value {
        assert_eq!(self.code, code, "{}\n{}", self.stdout, self.stderr);
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }

    /// Asserts that the job failed with `code`, and with these words on stderr.
    #[track_caller]
    pub fn check_failed(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{}\n{}", self.stdout, self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "no `{word}` in: {}", self.stderr);
        }
    }
}
