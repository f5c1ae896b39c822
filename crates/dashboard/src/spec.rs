use mlops_job::{Grant, Kind, Schedule, Size, Spec};
use mlops_objects::WRITE;

const GRANTS: &[Grant] = &[Grant::of("DASHBOARD_EXPORT", &[WRITE])];

/// The path that answers while the process does.
pub(crate) const HEALTH: &str = "/health";

pub(crate) const SPEC: Spec = Spec {
    kind: Kind::Service {
        command: &["--listen", "0.0.0.0:8050"],
        port: 8050,
        health: HEALTH,
        timeout_minutes: 30,
        // After the hour's ETL, so that its last hour is counted.
        schedules: &[Schedule { name: "refresh", command: &["refresh"], at: "cron(25 * * * ? *)" }],
    },
    size: Size::new(256, 512),
    grants: &[GRANTS],
};
