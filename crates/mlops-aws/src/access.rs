use mlops_core::access::Action;

/// The permission to read a secret.
pub const READ_SECRET: &[Action] = &[Action::new("secretsmanager:GetSecretValue", "secret")];
