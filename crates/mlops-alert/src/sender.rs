use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;
use mlops_rules::{Channel, Message};

/// A message on its way to one recipient.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Names it; the same each time that it is sent.
    pub message_uid: String,
    /// The recipient's address.
    pub recipient: String,
    /// When it was called for.
    pub created_at: Timestamp,
    /// The message.
    pub message: Message,
}

/// A message that was handed over.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sent {
    /// The provider's ID of the message.
    pub provider_uid: Option<String>,
}

/// Why a message was not handed over, in words without the recipient's address or a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// A temporary failure: try again later, after this time if the provider named one.
    #[error("{why}")]
    Temporary {
        /// The reason.
        why: String,
        /// How long to wait.
        after: Option<Duration>,
    },
    /// It may have been taken: the answer is missing.
    #[error("{0}")]
    Unclear(String),
    /// It will never be taken.
    #[error("{0}")]
    Permanent(String),
}

/// A way to reach people.
pub trait Sender: Send + Sync {
    /// Which.
    const CHANNEL: Channel;

    /// Hands a message over.
    fn send(&self, delivery: &Delivery) -> impl Future<Output = Result<Sent, SendError>> + Send;

    /// Looks up a message that may have been sent; `None` if it was not sent, or if the provider
    /// cannot tell.
    fn find(
        &self,
        delivery: &Delivery,
    ) -> impl Future<Output = Result<Option<Sent>, SendError>> + Send;
}
