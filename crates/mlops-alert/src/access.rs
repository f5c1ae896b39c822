use mlops_job::Grant;
use mlops_objects::READ;

/// What both alert jobs need, beside what their senders do.
pub const GRANTS: &[Grant] = &[Grant::of("ALERT_RULES", &[READ])];
