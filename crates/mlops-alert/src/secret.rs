use anyhow::Result;
use mlops_aws::{config, read_secret};
use mlops_job::UsageError;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// A secret of Secrets Manager that is a JSON object with some keys.
///
/// # Errors
///
/// The failures of the service; [`UsageError`] where it does not read, in words without any of it.
pub async fn read_secret_json<T: DeserializeOwned>(name: &str, keys: &str) -> Result<T> {
    let text = read_secret(&config().await, name).await?;
    // The parser's own error may show what it could not read.
    let read = serde_json::from_str(&text);
    read.map_err(|_| {
        UsageError::new(format!("the secret {name} is not a JSON object with the keys {keys}"))
            .into()
    })
}

/// Addresses in a secret: a list, or one text with commas between them, which is all that the
/// console of AWS writes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum SecretAddresses {
    /// A list.
    List(Vec<String>),
    /// One text.
    Text(String),
}

impl Default for SecretAddresses {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

impl SecretAddresses {
    /// Each address.
    pub fn all(&self) -> Vec<String> {
        match self {
            Self::List(list) => list.clone(),
            Self::Text(text) => {
                let parts = text.split([',', ';']).map(str::trim);
                parts.filter(|address| !address.is_empty()).map(str::to_owned).collect()
            }
        }
    }
}
