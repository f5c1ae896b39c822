use mlops_job::{Grant, Kind, Size, Spec};
use mlops_objects::{READ, WRITE};

const GRANTS: &[Grant] = &[
    Grant::of("SCORE_MODEL", &[READ]),
    Grant::of("SCORE_GOLDEN", &[READ]),
    Grant::of("SCORE_DATA", &[READ]),
    Grant::of("MLOPS_LOGS", &[WRITE]),
];

/// The path that answers while the process does.
pub(crate) const HEALTH: &str = "/health";

pub(crate) const SPEC: Spec = Spec {
    kind: Kind::Service {
        command: &["serve"],
        port: 8080,
        health: HEALTH,
        timeout_minutes: 0,
        schedules: &[],
    },
    size: Size::new(256, 512),
    grants: &[GRANTS],
};
