use std::time::Duration;

use anyhow::{Context as _, Result};
use lettre::Address;
use lettre::address::Envelope;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use mlops_alert::{Delivery, SendError, Sent};
use mlops_core::text::chain;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::args::SmtpTls;
use crate::mail;
use crate::settings::SmtpSettings;

/// The time limit for the connection, TLS and the login.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The time limit from MAIL to the answer to the last byte.
const SEND_TIMEOUT: Duration = Duration::from_secs(20);

/// Reply codes about the login. The mail waits until the operator corrects the password.
const OF_THE_LOGIN: [u16; 5] = [432, 530, 534, 535, 538];

/// A mail server, with one connection for all mails of a run.
pub(crate) struct Smtp {
    settings: SmtpSettings,
    tls: TlsParameters,
    connection: Mutex<Option<AsyncSmtpConnection>>,
}

impl Smtp {
    /// Connects before the first mail.
    pub(crate) fn new(settings: SmtpSettings) -> Result<Self> {
        // The certificates are those of the system, or of SSL_CERT_FILE.
        let tls = TlsParameters::new_rustls(settings.host.clone());
        let tls = tls.with_context(|| format!("preparing TLS to {}", settings.host))?;
        Ok(Self { settings, tls, connection: Mutex::new(None) })
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, SmtpError> {
        let SmtpSettings { host, port, tls, login, from } = &self.settings;
        let hello = ClientId::Domain(from.email.domain().to_owned());
        let implicit = (*tls == SmtpTls::Implicit).then(|| self.tls.clone());
        let server = (host.as_str(), *port);
        let mut connection = AsyncSmtpConnection::connect_tokio1(
            server,
            Some(CONNECT_TIMEOUT),
            &hello,
            implicit,
            None,
        )
        .await?;
        if *tls == SmtpTls::Starttls {
            connection.starttls(self.tls.clone(), &hello).await?;
        }
        if let Some((user, password)) = login {
            connection
                .auth(DEFAULT_MECHANISMS, &Credentials::new(user.clone(), password.clone()))
                .await?;
        }
        Ok(connection)
    }

    fn address(&self) -> String {
        format!("{}:{}", self.settings.host, self.settings.port)
    }

    /// Sends a mail.
    pub(crate) async fn send(&self, delivery: &Delivery) -> Result<Sent, SendError> {
        let to: Address = delivery
            .recipient
            .parse()
            .map_err(|_| SendError::Permanent("not an e-mail address".to_owned()))?;
        let sender = self.settings.from.clone();
        let envelope = Envelope::new(Some(sender.email.clone()), vec![to.clone()]);
        let envelope = envelope.map_err(|error| SendError::Permanent(error.to_string()))?;
        let mail = mail::compose(delivery, &sender, to)
            .map_err(|error| SendError::Permanent(format!("{error:#}")))?;
        let mut held = self.connection.lock().await;
        let mut connection = match held.take() {
            Some(connection) => connection,
            // Nothing was handed over yet, whatever failed.
            None => match timeout(CONNECT_TIMEOUT, self.connect()).await {
                Ok(Ok(connection)) => connection,
                Ok(Err(error)) => {
                    let why = format!("connecting to {}: {}", self.address(), chain(&error));
                    return Err(SendError::Temporary { why, after: None });
                }
                Err(_) => {
                    let why = format!("connecting to {}: timed out", self.address());
                    return Err(SendError::Temporary { why, after: None });
                }
            },
        };
        match timeout(SEND_TIMEOUT, connection.send(&envelope, &mail.formatted())).await {
            Ok(Ok(answer)) => {
                *held = Some(connection);
                let said = answer.message().next().map(|line| line.chars().take(200).collect());
                Ok(Sent { provider_uid: said })
            }
            Ok(Err(error)) => Err(of_answer(&error)),
            Err(_) => Err(SendError::Unclear(format!("{} timed out", self.address()))),
        }
    }
}

/// Classifies an error that occurred while a mail was sent.
fn of_answer(error: &SmtpError) -> SendError {
    let why = chain(error);
    let of_login = error.status().is_some_and(|code| OF_THE_LOGIN.contains(&code.into()));
    match error {
        error if error.is_transient() || of_login => SendError::Temporary { why, after: None },
        error if error.is_permanent() || error.is_client() => SendError::Permanent(why),
        _ => SendError::Unclear(why),
    }
}
