use aws_sdk_secretsmanager::Client;
use mlops_core::ports::{StoreError, StoreErrorKind};

use crate::{SdkConfig, failed};

/// The text of a secret in Secrets Manager, by its name or ARN.
///
/// # Errors
///
/// [`StoreErrorKind::NotFound`] where there is none of that name, or it has no text; else what the
/// service says.
pub async fn read_secret(config: &SdkConfig, name: &str) -> Result<String, StoreError> {
    let doing = format!("reading the secret {name}");
    let answer = Client::new(config).get_secret_value().secret_id(name).send().await;
    let secret = answer.map_err(|error| {
        failed(doing.clone(), error, |code, _| {
            use StoreErrorKind::{Configuration, Denied, NotFound};
            match code {
                "ResourceNotFoundException" => {
                    Some((NotFound, "; the secret does not exist in this region"))
                }
                "AccessDeniedException" => {
                    Some((Denied, "; grant secretsmanager:GetSecretValue to the role"))
                }
                "DecryptionFailure" => {
                    Some((Denied, "; grant kms:Decrypt on the secret's key to the role"))
                }
                "InvalidRequestException" => Some((Configuration, "; the secret is being deleted")),
                _ => None,
            }
        })
    })?;
    let missing = || {
        StoreError::new(
            StoreErrorKind::NotFound,
            format!("{doing}: the secret is binary; store JSON text"),
        )
    };
    secret.secret_string.ok_or_else(missing)
}
