//! IAM permissions for calls of AWS services. Each crate that calls a service lists its permissions, and
//! programs combine them.

use serde::Serialize;

/// A right that a role has to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Action {
    /// As IAM names it: `s3:GetObject`.
    #[serde(rename = "action")]
    pub name: &'static str,
    /// The kind of resource that it is given for, as IAM names it, or `*` where it cannot be given
    /// for less than all.
    pub on: &'static str,
}

impl Action {
    /// The right to do `name` to resources of the kind `on`.
    pub const fn new(name: &'static str, on: &'static str) -> Self {
        Self { name, on }
    }
}
