//! `score`; see the crate's README.

use std::process::ExitCode;

fn main() -> ExitCode {
    mlops_job::main(score::run)
}
