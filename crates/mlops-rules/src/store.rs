use std::future::Future;

use jiff::Timestamp;

use crate::{AlertState, EtlDay, Histogram, Measure, Measured, MonitorVerdict};
use mlops_core::ports::StoreError;
use mlops_core::window::Window;

/// A rule's state for one group, as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptAlert {
    /// The rule.
    pub rule: String,
    /// The group; empty where there is only one.
    pub group: String,
    /// The state.
    pub state: AlertState,
    /// How often it was written.
    pub version: u64,
}

/// How far a message has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageStatus {
    /// It is to be sent, or being sent.
    Sending,
    /// It was handed over.
    Sent,
    /// It was refused, or given up.
    Failed,
    /// It is not to be sent: quiet hours, or the day's limit.
    Muted,
}

impl MessageStatus {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Sending, Self::Sent, Self::Failed, Self::Muted];

    /// The name in `alert_outbox`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Muted => "muted",
        }
    }
}

/// A message to one recipient, for `alert_outbox`.
#[derive(Debug, Clone, PartialEq)]
pub struct OutboxMessage {
    /// The ID of the message. A message whose ID exists is not written again.
    pub message_uid: String,
    /// The time of the run that called for it.
    pub created_at: Timestamp,
    /// That run.
    pub run_uid: String,
    /// The rule.
    pub rule: String,
    /// The group.
    pub group: String,
    /// Why it is sent.
    pub transition: &'static str,
    /// How.
    pub channel: &'static str,
    /// How bad it is.
    pub severity: &'static str,
    /// The recipient's address.
    pub recipient: String,
    /// One line.
    pub subject: String,
    /// The [`Message`](crate::Message) as JSON.
    pub content: String,
    /// [`MessageStatus::Sending`] or [`MessageStatus::Muted`].
    pub status: MessageStatus,
    /// Why it is muted.
    pub why: String,
}

/// A message that waits to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct WaitingMessage {
    /// Names it.
    pub message_uid: String,
    /// The time of the run that called for it.
    pub created_at: Timestamp,
    /// The recipient's address.
    pub recipient: String,
    /// The [`Message`](crate::Message) as JSON.
    pub content: String,
    /// The run that took it and has not said what came of it, and when.
    pub claim: Option<(String, Timestamp)>,
    /// How often it was taken.
    pub attempts: u64,
}

/// How many messages a recipient may get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageLimit {
    /// Those are counted that were taken from this time on.
    pub since: Timestamp,
    /// The most.
    pub most: u32,
}

/// The result of claiming a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is this run's to send.
    Yes,
    /// Another run has it, or had it.
    Lost,
    /// The recipient has had as many as the limit allows; it is muted now.
    OverLimit,
}

/// The outcome of a message that a run had claimed.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageOutcome<'a> {
    /// Names it.
    pub message_uid: &'a str,
    /// [`MessageStatus::Sending`] gives it back, for a later run.
    pub status: MessageStatus,
    /// When it was handed over.
    pub sent_at: Option<Timestamp>,
    /// The provider's ID of the message.
    pub provider_uid: Option<&'a str>,
    /// Why it was not.
    pub why: &'a str,
}

/// A store of alerts and their messages: tables `alert_state` and `alert_outbox`.
pub trait AlertStore: Send + Sync {
    /// The states of all groups of these rules.
    fn alerts(
        &self,
        rules: &[String],
    ) -> impl Future<Output = Result<Vec<KeptAlert>, StoreError>> + Send;

    /// Writes a state with the messages that it calls for, in one transaction, if the kept one
    /// still has the version before `next.version`, or there is none and that is 1. `false` where
    /// another run came first; nothing is written then.
    fn advance_alert(
        &self,
        next: &KeptAlert,
        messages: &[OutboxMessage],
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Writes the messages that are not there yet, and says how many those were.
    fn enqueue(
        &self,
        messages: &[OutboxMessage],
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// The messages of a channel that are not settled, the oldest first.
    fn waiting(
        &self,
        channel: &str,
    ) -> impl Future<Output = Result<Vec<WaitingMessage>, StoreError>> + Send;

    /// Takes a message for a run, if its claim is still the one that was seen.
    fn take(
        &self,
        message: &WaitingMessage,
        run_uid: &str,
        at: Timestamp,
        limit: Option<MessageLimit>,
    ) -> impl Future<Output = Result<Taken, StoreError>> + Send;

    /// Writes down what came of a message that was taken.
    fn settle_message(
        &self,
        outcome: MessageOutcome<'_>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// A source of the metrics that alerts measure.
pub trait MetricStore: Send + Sync {
    /// The number of each group, the largest groups first and no more than `max_groups`; a measure
    /// without groups has exactly one. Both ends of the window are set.
    fn measure(
        &self,
        measure: &Measure,
        window: Window,
        max_groups: u32,
    ) -> impl Future<Output = Result<Vec<Measured>, StoreError>> + Send;

    /// The predictions of a window in so many equal parts from 0 to 1.
    fn histogram(
        &self,
        window: Window,
        parts: u32,
    ) -> impl Future<Output = Result<Histogram, StoreError>> + Send;

    /// The latest verdict of each monitor that ran in a window.
    fn verdicts(
        &self,
        window: Window,
    ) -> impl Future<Output = Result<Vec<MonitorVerdict>, StoreError>> + Send;

    /// The pipelines of the ETL.
    fn etl_days(
        &self,
        window: Window,
    ) -> impl Future<Output = Result<Vec<EtlDay>, StoreError>> + Send;

    /// The first moment of `model_logs`.
    fn first_request(&self) -> impl Future<Output = Result<Option<Timestamp>, StoreError>> + Send;

    /// How many messages of a transition a window saw, each recipient counted once a rule and
    /// group.
    fn told(
        &self,
        transition: &str,
        window: Window,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;
}
