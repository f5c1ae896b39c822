use mlops_job::Grant;
use mlops_objects::READ;

/// Permissions that both alert jobs need, beside those of their senders.
pub const GRANTS: &[Grant] = &[Grant::of("ALERT_RULES", &[READ])];
