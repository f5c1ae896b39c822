use mlops_job::{Grant, Kind, Size, Spec};
use mlops_objects::{READ, WRITE};

const GRANTS: &[Grant] = &[
    Grant::of("MLOPS_MODELS", &[READ, WRITE]),
    Grant::of("RETRAIN_DATA", &[READ]),
    Grant::of("RETRAIN_LOGS", &[READ]),
    Grant::of("RETRAIN_RECIPE", &[READ]),
    Grant::of("RETRAIN_GOLDEN", &[READ]),
    Grant::of("MLOPS_OUTCOMES", &[READ]),
    Grant::of("RETRAIN_REPORT", &[WRITE]),
];

/// It has no schedule: monitors start it.
pub(crate) const SPEC: Spec = Spec {
    kind: Kind::Job { timeout_minutes: 120, schedules: &[] },
    size: Size::new(2048, 4096),
    grants: &[GRANTS],
};
