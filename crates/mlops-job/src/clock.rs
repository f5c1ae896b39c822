use std::path::PathBuf;
use std::sync::OnceLock;

use jiff::Timestamp;
use mlops_core::timestamp::parse_utc;

/// Names a file with the time that it is now, in UTC, for rehearsals: a year in some minutes.
pub const CLOCK_VARIABLE: &str = "MLOPS_CLOCK";

/// The time.
#[expect(clippy::disallowed_methods, reason = "the only code that reads the clock")]
pub(crate) fn now() -> Timestamp {
    rehearsed().unwrap_or_else(Timestamp::now)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the only code that reads the environment, beside the harness"
)]
fn rehearsed() -> Option<Timestamp> {
    static FILE: OnceLock<Option<PathBuf>> = OnceLock::new();
    let file =
        FILE.get_or_init(|| std::env::var(CLOCK_VARIABLE).ok().map(PathBuf::from)).as_ref()?;
    parse_utc(std::fs::read_to_string(file).ok()?.trim())
}
