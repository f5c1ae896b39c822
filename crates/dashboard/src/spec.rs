use mlops_job::{Grant, Kind, Size, Spec};
use mlops_objects::WRITE;

const GRANTS: &[Grant] = &[Grant::of("DASHBOARD_EXPORT", &[WRITE])];

pub(crate) const SPEC: Spec = Spec {
    kind: Kind::Service { command: &["--listen", "0.0.0.0:8050"], port: 8050, health: "/health" },
    size: Size::new(256, 512),
    grants: &[GRANTS],
};
