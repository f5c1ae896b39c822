use mlops_core::access::Action;

/// The permissions to list and read objects.
pub const READ: &[Action] =
    &[Action::new("s3:GetObject", "object"), Action::new("s3:ListBucket", "bucket")];

/// The permission to write objects.
pub const WRITE: &[Action] = &[Action::new("s3:PutObject", "object")];

/// The permission to delete objects.
pub const DELETE: &[Action] = &[Action::new("s3:DeleteObject", "object")];
