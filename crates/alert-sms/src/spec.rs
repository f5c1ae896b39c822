use mlops_aws::READ_SECRET;
use mlops_core::access::Action;
use mlops_job::{Grant, Kind, Schedule, Size, Spec};

const EVERY_TEN_MINUTES: Schedule =
    Schedule { name: "every-ten-minutes", command: &["run"], at: "cron(0/10 * * * ? *)" };

/// Permission on all resources: a phone number has no ARN.
const PUBLISH: &[Action] = &[Action::new("sns:Publish", "*")];

const GRANTS: &[Grant] = &[
    Grant::of("ALERT_TWILIO_SECRET", &[READ_SECRET]),
    Grant::of("ALERT_SMS_PROVIDER", &[PUBLISH]),
];

pub(crate) const SPEC: Spec = Spec {
    kind: Kind::Job { timeout_minutes: 5, schedules: &[EVERY_TEN_MINUTES] },
    size: Size::new(256, 512),
    grants: &[mlops_alert::GRANTS, GRANTS],
};
