//! Programs that are killed once, at a random moment, and run again.

#![expect(clippy::print_stdout, reason = "a test that fails says by which seed")]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mlops_testkit::{Ended, Job, end};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Numbers of a seed.
pub(super) struct Chaos {
    random: ChaCha8Rng,
    runs: u64,
    /// Runs that were killed before they had ended.
    pub(super) killed: u64,
}

impl Chaos {
    /// The seed of `MLOPS_TEST_SEED`, or one that nobody knows.
    #[expect(
        clippy::disallowed_methods,
        reason = "tests have no arguments, and a new seed is to be found somewhere"
    )]
    pub(super) fn new() -> Self {
        let named = std::env::var("MLOPS_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
        let seed = named.unwrap_or(now % 1_000_000);
        println!("the same moments again: MLOPS_TEST_SEED={seed}");
        Self { random: ChaCha8Rng::seed_from_u64(seed), runs: 0, killed: 0 }
    }

    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.random.random_range(0..limit)
    }

    /// Kills a job at a moment of its first `within_ms`, and runs it again, as the second attempt
    /// of one job of AWS Batch.
    pub(super) async fn kill_once(&mut self, within_ms: u64, job: impl Fn() -> Job) -> Ended {
        self.runs += 1;
        let name = format!("attempt-{}-{}", std::process::id(), self.runs);
        let attempt = || job().env("AWS_BATCH_JOB_ID", &name);
        let moment = self.below(within_ms);
        let mut first = attempt().start();
        tokio::time::sleep(Duration::from_millis(moment)).await;
        // A job that has ended already is run a second time, which must be as harmless.
        first.kill().unwrap();
        let ended = end(first);
        self.killed += u64::from(ended.code == 128 + 9);
        println!("run {}: killed after {moment} ms, code {}", self.runs, ended.code);
        attempt().run()
    }
}
