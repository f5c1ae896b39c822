use std::path::PathBuf;

use lettre::message::Mailbox;
use mlops_alert::{Delivery, SendError, Sent};
use mlops_rules::Message;

use crate::mail;

/// The longest part of a rule's name in a file name.
const LONGEST_NAME: usize = 40;

/// A folder instead of a mail server: each mail is a file that mail programs open.
///
/// The file transport of lettre names files at random. Here the name is derived from the message:
/// files sort by time, and a mail that is sent again is the same file.
pub(crate) struct MailFolder {
    folder: PathBuf,
    from: Mailbox,
}

impl MailFolder {
    /// The folder, created with the first mail.
    pub(crate) fn new(folder: PathBuf, from: Mailbox) -> Self {
        Self { folder, from }
    }

    fn file(&self, delivery: &Delivery) -> PathBuf {
        self.folder.join(file_name(&delivery.message, &delivery.message_uid))
    }

    pub(crate) async fn send(&self, delivery: &Delivery) -> Result<Sent, SendError> {
        let to = delivery
            .recipient
            .parse()
            .map_err(|_| SendError::Permanent("not an e-mail address".to_owned()))?;
        let mail = mail::compose(delivery, &self.from, to)
            .map_err(|error| SendError::Permanent(format!("{error:#}")))?;
        let file = self.file(delivery);
        // A reader never sees half a mail: the file gets its name when it is whole.
        let part = file.with_extension("part");
        let written = async {
            tokio::fs::create_dir_all(&self.folder).await?;
            tokio::fs::write(&part, mail.formatted()).await?;
            tokio::fs::rename(&part, &file).await
        };
        match written.await {
            Ok(()) => Ok(sent(&file)),
            Err(error) => {
                let why = format!("writing to --mail-folder {}: {error}", self.folder.display());
                Err(SendError::Temporary { why, after: None })
            }
        }
    }

    pub(crate) async fn find(&self, delivery: &Delivery) -> Result<Option<Sent>, SendError> {
        let file = self.file(delivery);
        Ok(tokio::fs::try_exists(&file).await.is_ok_and(|is_there| is_there).then(|| sent(&file)))
    }
}

fn sent(file: &std::path::Path) -> Sent {
    Sent { provider_uid: file.file_name().map(|name| name.to_string_lossy().into_owned()) }
}

/// Returns a name that sorts by time: `2026-03-02T10-10-00-many-requests-fired-1f0c4a52.eml`.
fn file_name(message: &Message, message_uid: &str) -> String {
    let name: String = message
        .rule
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' })
        .collect();
    let words: Vec<&str> = name.split('-').filter(|word| !word.is_empty()).collect();
    let mut name = words.join("-").to_lowercase();
    name.truncate(LONGEST_NAME);
    let uid: String = message_uid.chars().take(8).collect();
    let parts = [
        &message.at.strftime("%Y-%m-%dT%H-%M-%S").to_string(),
        &name,
        message.transition.name(),
        &uid,
    ];
    let parts: Vec<&str> =
        parts.into_iter().map(|part| part as &str).filter(|part| !part.is_empty()).collect();
    format!("{}.eml", parts.join("-"))
}
