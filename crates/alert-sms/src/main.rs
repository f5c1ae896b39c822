//! `alert-sms`; see the crate's README.

use std::process::ExitCode;

fn main() -> ExitCode {
    mlops_job::main(alert_sms::run)
}
