//! The job's binary, over files and databases.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod databases;
mod files;

use std::fmt::Write as _;

use mlops_testkit::Job;
use tempfile::TempDir;

/// What the world is like.
#[derive(Debug, Clone, Copy, Default)]
struct World {
    seed: u64,
    /// How much older customers are.
    older: f64,
    /// How much more those of the plan `plus` leave, in log-odds.
    plus: f64,
}

/// One customer: id, age, plan, spent, outcome.
struct Customer {
    id: String,
    age: f64,
    plan: &'static str,
    spent: f64,
    churn: bool,
}

fn customers(rows: usize, world: World) -> Vec<Customer> {
    let mut state = 7 + world.seed;
    let mut unit = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    (0..rows)
        .map(|row| {
            let age = 20.0 + 40.0 * unit() + world.older;
            let plan = ["basic", "plus", "family"][(unit() * 3.0) as usize];
            let spent = (unit() * 1000.0).round() / 10.0;
            let odds = -0.06 * (age - 40.0) + 0.02 * spent - 1.5
                + if plan == "plus" { 0.4 + world.plus } else { 0.0 };
            let churn = unit() < 1.0 / (1.0 + (-odds).exp());
            Customer { id: format!("{}-{row}", world.seed), age, plan, spent, churn }
        })
        .collect()
}

fn csv(customers: &[Customer]) -> String {
    let mut csv = "client_id,age,plan,spent,churn\n".to_owned();
    for Customer { id, age, plan, spent, churn } in customers {
        writeln!(csv, "{id},{age:.2},{plan},{spent},{}", if *churn { "yes" } else { "no" })
            .unwrap();
    }
    csv
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
    let fast = ["--trees", "30", "--max-depth", "6"];
    Job::new(env!("CARGO_BIN_EXE_concept-shift"))
        .args(arguments)
        .args(fast)
        .env("MLOPS_OUTPUT", "json")
}
