use mlops_job::{Grant, Kind, Size, Spec};
use mlops_objects::{READ, WRITE};

const GRANTS: &[Grant] =
    &[Grant::of("SIMULATE_TABLE", &[READ]), Grant::of("SIMULATE_TO", &[WRITE]), Grant::of("MLOPS_LOGS", &[WRITE])];

pub(crate) const SPEC: Spec = Spec { kind: Kind::Tool, size: Size::new(256, 512), grants: &[GRANTS] };
