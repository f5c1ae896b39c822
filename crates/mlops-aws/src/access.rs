use mlops_core::access::Action;

/// What reading a secret takes.
pub const READ_SECRET: &[Action] = &[Action::new("secretsmanager:GetSecretValue", "secret")];
