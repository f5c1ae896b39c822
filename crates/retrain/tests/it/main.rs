//! The job's binary, over folders and S3.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod arms;
mod check;
mod compare;
mod customers;
mod leaks;
mod publish;
mod refuse;
mod runtimes;
mod sources;
mod values;

use std::fmt::Write as _;
use std::path::Path;

use mlops_testkit::Job;
use tempfile::TempDir;

/// Customers by a rule, so that every machine makes the same; `turn` takes the outcomes from
/// others.
fn customers(rows: usize, turn: bool) -> String {
    let mut csv = "client_id,tenure,plan,spent,joined,signed_up,churn\n".to_owned();
    // A generator as in the C standard, which is good enough for a table.
    let mut state = 12_345u64;
    let mut next = |end: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % end
    };
    for row in 0..rows {
        let (tenure, spent, month) = (next(72), next(1000) as f64 / 10.0, next(12) + 1);
        let plan = ["basic", "plus", "family", ""][next(4) as usize];
        let score = -0.06 * tenure as f64 + 0.02 * spent + if plan == "plus" { 1.5 } else { 0.0 };
        let share = 1.0 / (1.0 + (-score).exp());
        let outcome = (next(1000) as f64) < share * 1000.0;
        let outcome = if turn { !outcome } else { outcome };
        let spent = if next(20) == 0 { String::new() } else { spent.to_string() };
        let churn = if outcome { "yes" } else { "no" };
        let day = format!("2026-{:02}-{:02}", row * 12 / rows + 1, row % 28 + 1);
        writeln!(csv, "c{row},{tenure},{plan},{spent},2025-{month:02}-01,{day},{churn}").unwrap();
    }
    csv
}

fn with_another_column(table: &str) -> String {
    table
        .lines()
        .map(|line| format!("{line},{}\n", if line.ends_with("churn") { "extra" } else { "1" }))
        .collect()
}

struct World {
    folder: TempDir,
}

impl World {
    fn new() -> Self {
        let world = Self { folder: tempfile::tempdir().unwrap() };
        world.write("train.csv", &customers(3000, false));
        world
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, content: &str) -> String {
        std::fs::write(self.path(name), content).unwrap();
        self.path(name)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    fn has(&self, name: &str) -> bool {
        Path::new(&self.path(name)).exists()
    }

    fn job(&self, arguments: &[&str]) -> Job {
        Job::new(env!("CARGO_BIN_EXE_retrain")).args(arguments).env("MLOPS_OUTPUT", "json")
    }

    /// Retrains on `data` into the folder `models`.
    fn retrain(&self, data: &str, arguments: &[&str]) -> Job {
        let (data, models) = (self.path(data), self.path("models"));
        self.job(&["--data", &data, "--id", "client_id", "--target", "churn", "--models", &models])
            .args(arguments)
    }
}
