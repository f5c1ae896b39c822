use mlops_aws::READ_SECRET;
use mlops_job::{Grant, Kind, Schedule, Size, Spec};

const EVERY_TEN_MINUTES: Schedule =
    Schedule { name: "every-ten-minutes", command: &["run"], at: "cron(0/10 * * * ? *)" };

const REPORT: Schedule =
    Schedule { name: "report", command: &["--report", "daily"], at: "cron(30 6 * * ? *)" };

const GRANTS: &[Grant] = &[Grant::of("ALERT_SMTP_SECRET", &[READ_SECRET])];

pub(crate) const SPEC: Spec = Spec {
    kind: Kind::Job { timeout_minutes: 5, schedules: &[EVERY_TEN_MINUTES, REPORT] },
    size: Size::new(256, 512),
    grants: &[mlops_alert::GRANTS, GRANTS],
};
