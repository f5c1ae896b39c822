use mlops_job::{Grant, Kind, Schedule, Size, Spec};
use mlops_objects::{READ, WRITE};

const DAILY: Schedule = Schedule {
    name: "daily",
    command: &["--window", "7d", "--retrain-when", "important"],
    at: "cron(0 5 * * ? *)",
};

const GRANTS: &[Grant] = &[
    Grant::of("MLOPS_MODELS", &[READ]),
    Grant::of("DRIFT_REFERENCE", &[READ]),
    Grant::of("DRIFT_PRODUCTION", &[READ]),
    Grant::of("DRIFT_IMPORTANCES", &[READ]),
    Grant::of("DRIFT_REPORT", &[WRITE]),
    Grant::of("DRIFT_PROFILE_OUT", &[WRITE]),
];

pub(crate) const SPEC: Spec = Spec {
    kind: Kind::Job { timeout_minutes: 60, schedules: &[DAILY] },
    size: Size::new(256, 1024),
    grants: &[GRANTS, mlops_monitor::RETRAIN_GRANTS],
};
