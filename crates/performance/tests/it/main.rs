//! The job's binary, over files and databases.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod databases;
mod files;

use mlops_testkit::Job;
use tempfile::TempDir;

/// Random numbers between 0 and 1 that are the same at each run.
struct Units(u64);

impl Units {
    fn next(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, content: &str) -> String {
        std::fs::write(self.path(name), content).unwrap();
        self.path(name)
    }
}

fn job(arguments: &[&str]) -> Job {
    Job::new(env!("CARGO_BIN_EXE_performance")).args(arguments).env("MLOPS_OUTPUT", "json")
}
