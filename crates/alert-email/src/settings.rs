//! Settings of the mail server, from arguments and the secret.

use std::fmt;
use std::net::IpAddr;

use anyhow::Result;
use lettre::message::Mailbox;
use mlops_alert::{SecretAddresses, read_secret_json};
use mlops_job::UsageError;
use serde::Deserialize;

use crate::args::{SmtpArgs, SmtpTls};

const IMPLICIT_PORT: u16 = 465;
const SUBMISSION_PORT: u16 = 587;

/// The JSON of the secret. The AWS console writes every value as text.
#[derive(Clone, Default, Deserialize)]
pub(crate) struct SmtpSecret {
    username: Option<String>,
    password: Option<String>,
    host: Option<String>,
    port: Option<Port>,
    #[serde(default)]
    recipients: SecretAddresses,
    from: Option<String>,
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Port {
    Number(u16),
    Text(String),
}

/// The address and the login of a mail server.
#[derive(Clone)]
pub(crate) struct SmtpSettings {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) tls: SmtpTls,
    /// User and password.
    pub(crate) login: Option<(String, String)>,
    pub(crate) from: Mailbox,
}

impl fmt::Debug for SmtpSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{} ({:?}) as {}", self.host, self.port, self.tls, self.from)
    }
}

impl SmtpSecret {
    /// Reads the secret that the arguments name. Without a name, the secret is empty.
    pub(crate) async fn read(args: &SmtpArgs) -> Result<Self> {
        match &args.smtp_secret {
            Some(name) => {
                read_secret_json(name, "username, password, host, port, recipients, from").await
            }
            None => Ok(Self::default()),
        }
    }

    /// Returns the recipients of the secret.
    pub(crate) fn recipients(&self) -> Vec<String> {
        self.recipients.all()
    }
}

impl SmtpSettings {
    /// Reads the settings from the arguments, else from the secret.
    ///
    /// # Errors
    ///
    /// [`UsageError`] for missing or conflicting settings.
    pub(crate) fn new(args: &SmtpArgs, secret: &SmtpSecret) -> Result<Self, UsageError> {
        let host = args.smtp_host.clone().or(secret.host.clone()).filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| {
            UsageError::new("no mail server is given; set --smtp-host (ALERT_SMTP_HOST), `host` in --smtp-secret, or --mail-folder to write files")
        })?;
        let of_secret = match &secret.port {
            None => None,
            Some(Port::Number(port)) => Some(*port),
            Some(Port::Text(text)) => {
                let wrong = || {
                    UsageError::new(
                        "`port` in --smtp-secret is not a port number; write a number such as 587",
                    )
                };
                Some(text.trim().parse().map_err(|_| wrong())?)
            }
        };
        let named = args.smtp_port.or(of_secret);
        let tls = args.smtp_tls.unwrap_or(if named == Some(IMPLICIT_PORT) {
            SmtpTls::Implicit
        } else {
            SmtpTls::Starttls
        });
        let default_port = if tls == SmtpTls::Implicit { IMPLICIT_PORT } else { SUBMISSION_PORT };
        if tls == SmtpTls::None && !is_this_machine(&host) {
            let message = format!(
                "--smtp-tls none would send to {host} without encryption; use starttls or implicit"
            );
            return Err(UsageError::new(message));
        }
        let username = args.smtp_username.clone().or(secret.username.clone());
        let password = args.smtp_password.clone().or(secret.password.clone());
        let login = match (username.clone(), password) {
            (Some(username), Some(password)) => Some((username, password)),
            (None, None) => None,
            _ => {
                return Err(UsageError::new(
                    "--smtp-username and --smtp-password must both be set; one of them is missing",
                ));
            }
        };
        let from = args
            .from
            .clone()
            .or(secret.from.clone())
            .or(username.filter(|name| name.contains('@')));
        let from =
            from.ok_or_else(|| UsageError::new("no sender is given; set --from (ALERT_FROM)"))?;
        Ok(Self { host, port: named.unwrap_or(default_port), tls, login, from: sender(&from)? })
    }
}

/// Parses the sender's address.
///
/// # Errors
///
/// [`UsageError`] if the text is not an address.
pub(crate) fn sender(from: &str) -> Result<Mailbox, UsageError> {
    from.parse().map_err(|_| {
        UsageError::new(format!("--from {} is not an e-mail address", from.escape_debug()))
    })
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost"
        || host.trim_matches(['[', ']']).parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}
