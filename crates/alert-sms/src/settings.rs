//! Settings of the Twilio account, from arguments and the secret.

use std::fmt;
use std::time::Duration;

use anyhow::Result;
use mlops_alert::{SecretAddresses, read_secret_json};
use mlops_job::UsageError;
use serde::Deserialize;

use crate::args::SmsArgs;

/// The JSON of the secret.
#[derive(Clone, Default, Deserialize)]
pub(crate) struct TwilioSecret {
    account_sid: Option<String>,
    auth_token: Option<String>,
    api_key: Option<String>,
    api_secret: Option<String>,
    from: Option<String>,
    messaging_service: Option<String>,
    #[serde(default)]
    recipients: SecretAddresses,
}

/// The sender of text messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum From {
    Number(String),
    Service(String),
}

/// The account and the login at Twilio.
#[derive(Clone)]
pub(crate) struct TwilioSettings {
    pub(crate) endpoint: String,
    pub(crate) account_sid: String,
    /// The account with its token, or the API key with its secret.
    pub(crate) login: (String, String),
    pub(crate) from: From,
    pub(crate) timeout: Duration,
}

impl fmt::Debug for TwilioSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.account_sid, self.endpoint)
    }
}

impl TwilioSecret {
    /// Reads the secret that the arguments name. Without a name, the secret is empty.
    pub(crate) async fn read(args: &SmsArgs) -> Result<Self> {
        match &args.twilio_secret {
            Some(name) => {
                let keys = "account_sid, auth_token or api_key and api_secret, from or messaging_service, recipients";
                read_secret_json(name, keys).await
            }
            None => Ok(Self::default()),
        }
    }

    /// Returns the recipients of the secret.
    pub(crate) fn recipients(&self) -> Vec<String> {
        self.recipients.all()
    }
}

impl TwilioSettings {
    /// Reads the settings from the arguments, else from the secret.
    ///
    /// # Errors
    ///
    /// [`UsageError`] for missing or invalid settings.
    pub(crate) fn new(args: &SmsArgs, secret: TwilioSecret) -> Result<Self, UsageError> {
        let needed = |value: Option<String>, name: &str, key: &str| {
            value.ok_or_else(|| {
                UsageError::new(format!("{name} is missing; set it, or `{key}` in --twilio-secret"))
            })
        };
        let account_sid = needed(
            args.twilio_account_sid.clone().or(secret.account_sid),
            "--twilio-account-sid (TWILIO_ACCOUNT_SID)",
            "account_sid",
        )?;
        check_sid("--twilio-account-sid", &account_sid, "AC")?;
        let login = match args.twilio_api_key.clone().or(secret.api_key) {
            Some(key) => {
                check_sid("--twilio-api-key", &key, "SK")?;
                let of_key = args.twilio_api_secret.clone().or(secret.api_secret);
                (key, needed(of_key, "--twilio-api-secret (TWILIO_API_SECRET)", "api_secret")?)
            }
            None => {
                let token = args.twilio_auth_token.clone().or(secret.auth_token);
                (
                    account_sid.clone(),
                    needed(token, "--twilio-auth-token (TWILIO_AUTH_TOKEN)", "auth_token")?,
                )
            }
        };
        let service = args.twilio_messaging_service.clone().or(secret.messaging_service);
        let from = match (service, args.twilio_from.clone().or(secret.from)) {
            (Some(service), _) => {
                check_sid("--twilio-messaging-service", &service, "MG")?;
                From::Service(service)
            }
            (None, Some(number)) => From::Number(number),
            (None, None) => {
                let message = "no sender is given; set --twilio-from (TWILIO_FROM) or --twilio-messaging-service";
                return Err(UsageError::new(message));
            }
        };
        let endpoint = args.twilio_endpoint.trim_end_matches('/').to_owned();
        let is_here = ["http://127.0.0.1:", "http://localhost:", "http://[::1]:"];
        if !endpoint.starts_with("https://")
            && !is_here.iter().any(|start| endpoint.starts_with(start))
        {
            return Err(UsageError::new(
                "--twilio-endpoint must begin with https://, except on localhost",
            ));
        }
        let timeout = args.twilio_timeout.unsigned_abs();
        Ok(Self { endpoint, account_sid, login, from, timeout })
    }
}

/// Checks that an ID of Twilio is two letters and 32 hexadecimal digits.
fn check_sid(argument: &str, sid: &str, letters: &str) -> Result<(), UsageError> {
    let digits = sid.strip_prefix(letters);
    if digits.is_some_and(|digits| {
        digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    }) {
        return Ok(());
    }
    Err(UsageError::new(format!("{argument} must be {letters} and 32 hexadecimal digits")))
}
