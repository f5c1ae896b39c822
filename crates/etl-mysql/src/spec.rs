use mlops_job::{Kind, Schedule, Size, Spec};

const HOURLY: Schedule =
    Schedule { name: "hourly", command: &["run", "--deadline", "45m"], at: "cron(5 * * * ? *)" };

pub(crate) const SPEC: Spec = Spec {
    kind: Kind::Job { timeout_minutes: 50, schedules: &[HOURLY] },
    size: Size::new(256, 512),
    grants: &[mlops_etl::GRANTS],
};
