use mlops_core::access::Action;

/// What listing and reading objects takes.
pub const READ: &[Action] =
    &[Action::new("s3:GetObject", "object"), Action::new("s3:ListBucket", "bucket")];

/// What writing objects takes.
pub const WRITE: &[Action] = &[Action::new("s3:PutObject", "object")];

/// What deleting objects takes.
pub const DELETE: &[Action] = &[Action::new("s3:DeleteObject", "object")];
