use mlops_job::{Grant, Kind, Schedule, Size, Spec};
use mlops_objects::{READ, WRITE};

const DAILY: Schedule = Schedule {
    name: "daily",
    command: &["--window", "30d", "--retrain"],
    at: "cron(20 5 * * ? *)",
};

const GRANTS: &[Grant] = &[
    Grant::of("MLOPS_MODELS", &[READ]),
    Grant::of("CONCEPT_SHIFT_REFERENCE", &[READ]),
    Grant::of("CONCEPT_SHIFT_PRODUCTION", &[READ]),
    Grant::of("MLOPS_OUTCOMES", &[READ]),
    Grant::of("CONCEPT_SHIFT_REPORT", &[WRITE]),
];

pub(crate) const SPEC: Spec = Spec {
    kind: Kind::Job { timeout_minutes: 60, schedules: &[DAILY] },
    size: Size::new(1024, 2048),
    grants: &[GRANTS, mlops_monitor::RETRAIN_GRANTS],
};
