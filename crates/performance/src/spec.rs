use mlops_job::{Grant, Kind, Schedule, Size, Spec};
use mlops_objects::{READ, WRITE};

const DAILY: Schedule =
    Schedule { name: "daily", command: &["--retrain"], at: "cron(40 5 * * ? *)" };

const GRANTS: &[Grant] = &[
    Grant::of("MLOPS_MODELS", &[READ]),
    Grant::of("PERFORMANCE_REFERENCE", &[READ]),
    Grant::of("PERFORMANCE_PRODUCTION", &[READ]),
    Grant::of("PERFORMANCE_LTV", &[READ]),
    Grant::of("MLOPS_OUTCOMES", &[READ]),
    Grant::of("PERFORMANCE_REPORT", &[WRITE]),
];

pub(crate) const SPEC: Spec = Spec {
    kind: Kind::Job { timeout_minutes: 60, schedules: &[DAILY] },
    size: Size::new(256, 1024),
    grants: &[GRANTS, mlops_monitor::RETRAIN_GRANTS],
};
