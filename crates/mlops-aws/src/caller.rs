use mlops_core::ports::{StoreError, StoreErrorKind};

use crate::{config, failed};

/// Returns the ARN of the user or role whose credentials this process has.
///
/// # Errors
///
/// The failure of `sts:GetCallerIdentity`.
pub async fn caller_arn() -> Result<String, StoreError> {
    let client = aws_sdk_sts::Client::new(&config().await);
    let identity = client.get_caller_identity().send().await;
    let doing = "asking AWS for the identity of the caller";
    let identity = identity.map_err(|error| failed(doing, error, |_, _| None))?;
    identity.arn.ok_or_else(|| StoreError::new(StoreErrorKind::Other, format!("{doing}: no ARN")))
}
