use mlops_job::{Grant, Kind, Size, Spec};
use mlops_objects::{READ, WRITE};

const GRANTS: &[Grant] = &[
    Grant::of("SIMULATE_TABLE", &[READ]),
    Grant::of("SIMULATE_TO", &[WRITE]),
    Grant::of("MLOPS_LOGS", &[WRITE]),
    Grant::of("SIMULATE_MODEL", &[READ]),
    Grant::of("SIMULATE_DATA", &[READ]),
    Grant::of("SIMULATE_REFERENCE", &[READ]),
    Grant::of("SIMULATE_CSV", &[WRITE]),
    Grant::of("SIMULATE_REPORT", &[WRITE]),
];

pub(crate) const SPEC: Spec =
    Spec { kind: Kind::Tool, size: Size::new(256, 512), grants: &[GRANTS] };
