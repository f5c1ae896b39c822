//! Sending what waits in the outbox.
//!
//! A message is taken by a conditional update before it is sent, and settled after. A run that ends
//! in between leaves it taken; a later run then asks the provider, and sends a page once more
//! unless the provider has it. Of a digest, it takes that for sent.

use std::time::Duration;

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use mlops_rules::{AlertStore, MessageLimit, MessageOutcome, MessageStatus, Taken, WaitingMessage};
use mlops_rules::{
    Channel, Message, Recipient, Rules, Transition, earlier, message_uid, muted_notice,
};

use crate::evaluate::row;
use crate::report::DeliveryCounts;
use crate::sender::{Delivery, SendError, Sender, Sent};

/// Another run that took a message may still be sending it for so long.
const CLAIM: SignedDuration = SignedDuration::from_mins(5);

/// A message that could not be sent for so long is old news.
const GIVE_UP: SignedDuration = SignedDuration::from_hours(24);

/// How often a run tries to send a message.
const TRIES: u32 = 3;

/// The wait before the second attempt, if the provider names none. It doubles with each attempt.
const PAUSE: Duration = Duration::from_millis(500);

/// The longest wait that a provider may ask for within a run; later runs try again.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// After so many failures in a row, the provider counts as unreachable: the other messages are left
/// to the next run.
const FAILURES_IN_A_ROW: u32 = 3;

/// One run's deliveries.
#[derive(Debug)]
pub(crate) struct Deliveries<'a, S, A> {
    pub(crate) sender: &'a S,
    pub(crate) store: &'a A,
    pub(crate) rules: &'a Rules,
    pub(crate) run_uid: &'a str,
    pub(crate) now: Timestamp,
}

/// The outcome of one message.
enum Outcome {
    Sent(Sent),
    Failed(String),
    /// A later run tries again.
    Left(String),
    /// A later run asks the provider first, and then tries again.
    Unclear,
}

impl<S: Sender, A: AlertStore> Deliveries<'_, S, A> {
    /// Sends all that waits for this channel, and says how many.
    ///
    /// # Errors
    ///
    /// The failures of the store. One of the provider is counted, and written beside the message.
    pub(crate) async fn send_waiting(&self) -> Result<DeliveryCounts> {
        let mut counts = DeliveryCounts::default();
        let notices = self.pass(&mut counts).await?;
        if notices > 0 {
            self.pass(&mut counts).await?;
        }
        Ok(counts)
    }

    /// One way through the messages; gives the number of notices that were written meanwhile.
    async fn pass(&self, counts: &mut DeliveryCounts) -> Result<u64> {
        let (mut notices, mut failures) = (0, 0);
        for waiting in self.store.waiting(S::CHANNEL.name()).await? {
            if self.is_anothers(&waiting) {
                continue;
            }
            if failures >= FAILURES_IN_A_ROW {
                counts.left += 1;
                continue;
            }
            let Ok(message) = serde_json::from_str::<Message>(&waiting.content) else {
                self.settle(
                    &waiting,
                    Outcome::Failed("its content in table alert_outbox cannot be read".to_owned()),
                    counts,
                )
                .await?;
                continue;
            };
            match self.store.take(&waiting, self.run_uid, self.now, self.limit(&message)).await? {
                Taken::Lost => continue,
                Taken::OverLimit => {
                    counts.muted += 1;
                    notices += self.write_notice(&waiting.recipient).await?;
                    continue;
                }
                Taken::Yes => {}
            }
            let outcome = self.outcome(&waiting, message).await;
            failures = if matches!(outcome, Outcome::Left(_) | Outcome::Unclear) {
                failures + 1
            } else {
                0
            };
            self.settle(&waiting, outcome, counts).await?;
        }
        Ok(notices)
    }

    fn is_anothers(&self, waiting: &WaitingMessage) -> bool {
        let claim = waiting.claim.as_ref();
        claim.is_some_and(|(run, at)| run != self.run_uid && self.now.duration_since(*at) < CLAIM)
    }

    /// Texts have a limit; the notice that it is reached has none.
    fn limit(&self, message: &Message) -> Option<MessageLimit> {
        let is_limited = S::CHANNEL == Channel::Sms && message.transition != Transition::Muted;
        is_limited.then(|| MessageLimit { since: self.midnight(), most: self.rules.texts_per_day })
    }

    fn midnight(&self) -> Timestamp {
        let now = self.now.to_zoned(self.rules.time_zone.clone());
        now.start_of_day().map_or(self.now, |midnight| midnight.timestamp())
    }

    /// Once a day and recipient: the notice's name is the day's.
    async fn write_notice(&self, address: &str) -> Result<u64> {
        let notice = muted_notice(self.rules, self.now);
        let recipient = Recipient { channel: S::CHANNEL, address: address.to_owned() };
        let uid = message_uid(&notice.rule, "", notice.transition, self.midnight(), &recipient);
        let row =
            row(&self.rules.model, &notice, "", S::CHANNEL.name(), address, uid, self.run_uid)?;
        Ok(self.store.enqueue(&[row]).await?)
    }

    async fn outcome(&self, waiting: &WaitingMessage, message: Message) -> Outcome {
        if waiting.created_at < earlier(self.now, GIVE_UP) {
            return Outcome::Failed("not sent within 24 hours".to_owned());
        }
        let delivery = Delivery {
            message_uid: waiting.message_uid.clone(),
            recipient: waiting.recipient.clone(),
            created_at: waiting.created_at,
            message,
        };
        let is_page = delivery.message.transition.is_page();
        if waiting.claim.is_some() {
            match (is_page, self.sender.find(&delivery).await) {
                (_, Ok(Some(sent))) => return Outcome::Sent(sent),
                (false, _) => {
                    return Outcome::Failed(
                        "a run ended while it was sending this message; the message may have arrived".to_owned(),
                    );
                }
                // Better twice than not at all.
                (true, _) => {}
            }
        }
        self.try_to_send(&delivery, is_page).await
    }

    async fn try_to_send(&self, delivery: &Delivery, is_page: bool) -> Outcome {
        let mut pause = PAUSE;
        let mut left = Outcome::Unclear;
        for attempt in 1..=TRIES {
            let (problem, wait, is_clear) = match self.sender.send(delivery).await {
                Ok(sent) => return Outcome::Sent(sent),
                Err(SendError::Permanent(why)) => return Outcome::Failed(why),
                Err(SendError::Temporary { why, after }) => (why, after.unwrap_or(pause), true),
                Err(SendError::Unclear(why)) => {
                    // What was taken may take a moment to show.
                    tokio::time::sleep(pause).await;
                    match (is_page, self.sender.find(delivery).await) {
                        (_, Ok(Some(sent))) => return Outcome::Sent(sent),
                        (false, _) => {
                            return Outcome::Failed(format!("{why}; the message may have arrived"));
                        }
                        (true, _) => (why, Duration::ZERO, false),
                    }
                }
            };
            tracing::warn!(
                message.uid = delivery.message_uid,
                attempt,
                "a message was not sent and is retried: {problem}"
            );
            left = if is_clear { Outcome::Left(problem) } else { Outcome::Unclear };
            if wait > LONGEST_PAUSE || attempt == TRIES {
                break;
            }
            tokio::time::sleep(wait).await;
            pause *= 2;
        }
        left
    }

    async fn settle(
        &self,
        waiting: &WaitingMessage,
        outcome: Outcome,
        counts: &mut DeliveryCounts,
    ) -> Result<()> {
        let (status, sent_at, sent, why) = match outcome {
            Outcome::Sent(sent) => {
                counts.sent += 1;
                (MessageStatus::Sent, Some(self.now), sent, String::new())
            }
            Outcome::Failed(why) => {
                counts.failed += 1;
                tracing::error!(
                    message.uid = waiting.message_uid,
                    "a message was not delivered and is not retried: {why}"
                );
                (MessageStatus::Failed, None, Sent::default(), why)
            }
            Outcome::Left(why) => {
                counts.left += 1;
                (MessageStatus::Sending, None, Sent::default(), why)
            }
            // It stays taken.
            Outcome::Unclear => {
                counts.left += 1;
                return Ok(());
            }
        };
        let outcome = MessageOutcome {
            message_uid: &waiting.message_uid,
            status,
            sent_at,
            provider_uid: sent.provider_uid.as_deref(),
            why: &why,
        };
        Ok(self.store.settle_message(outcome).await?)
    }
}
