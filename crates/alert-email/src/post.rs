use anyhow::Result;
use mlops_alert::{Delivery, SendError, Sender, Sent};
use mlops_job::UsageError;
use mlops_rules::Channel;

use crate::args::SmtpArgs;
use crate::mail_folder::MailFolder;
use crate::settings::{SmtpSecret, SmtpSettings, sender};
use crate::smtp::Smtp;

/// The default sender of mail in a folder.
const LOCAL_SENDER: &str = "alert-email@localhost";

/// The destination of mail.
pub(crate) enum Post {
    Server(Box<Smtp>),
    Folder(MailFolder),
}

impl Post {
    /// Reads the destination from the arguments, else from the secret.
    ///
    /// # Errors
    ///
    /// [`UsageError`] for missing or conflicting settings.
    pub(crate) fn new(args: &SmtpArgs, secret: &SmtpSecret) -> Result<Self> {
        let Some(folder) = &args.mail_folder else {
            return Ok(Self::Server(Box::new(Smtp::new(SmtpSettings::new(args, secret)?)?)));
        };
        if args.smtp_host.is_some() || args.smtp_secret.is_some() {
            let message = "--mail-folder cannot be combined with a mail server; leave out --smtp-host and --smtp-secret (ALERT_SMTP_HOST, \
                           ALERT_SMTP_SECRET)";
            return Err(UsageError::new(message).into());
        }
        let from = sender(args.from.as_deref().unwrap_or(LOCAL_SENDER))?;
        Ok(Self::Folder(MailFolder::new(folder.clone(), from)))
    }
}

impl Sender for Post {
    const CHANNEL: Channel = Channel::Email;

    async fn send(&self, delivery: &Delivery) -> Result<Sent, SendError> {
        match self {
            Self::Server(server) => server.send(delivery).await,
            Self::Folder(folder) => folder.send(delivery).await,
        }
    }

    async fn find(&self, delivery: &Delivery) -> Result<Option<Sent>, SendError> {
        match self {
            // SMTP cannot be asked. A mail that is sent again has the same Message-ID, by which
            // many mailboxes show it once.
            Self::Server(_) => Ok(None),
            Self::Folder(folder) => folder.find(delivery).await,
        }
    }
}
