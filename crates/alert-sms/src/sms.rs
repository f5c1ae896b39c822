use mlops_alert::{Delivery, SendError, Sender, Sent};
use mlops_rules::{Channel, Message, cut, plain_characters, segments};

use crate::sns::Sns;
use crate::twilio::Twilio;

/// Sends text messages by one of the providers.
#[derive(Debug)]
pub(crate) struct Sms {
    pub(crate) carrier: Carrier,
    pub(crate) max_segments: usize,
}

#[derive(Debug)]
pub(crate) enum Carrier {
    Twilio(Box<Twilio>),
    Sns(Sns),
}

impl Sms {
    /// Returns the text of a delivery: the finding, the recommended action if there is room, and a
    /// unique mark. A delivery always has the same text.
    fn text(&self, delivery: &Delivery) -> String {
        text(&delivery.message, &delivery.message_uid, self.max_segments)
    }
}

pub(crate) fn text(message: &Message, message_uid: &str, max_segments: usize) -> String {
    let mark: String = message_uid.chars().take(8).collect();
    let end = format!(" #{mark}");
    let short = plain_characters(&message.short);
    let next = message.next.as_deref().map(|next| format!("{short} {}", plain_characters(next)));
    let with_next = next.filter(|text| segments(&format!("{text}{end}")).segments <= max_segments);
    cut(&with_next.unwrap_or(short), &end, max_segments)
}

impl Sender for Sms {
    const CHANNEL: Channel = Channel::Sms;

    async fn send(&self, delivery: &Delivery) -> Result<Sent, SendError> {
        let text = self.text(delivery);
        match &self.carrier {
            Carrier::Twilio(twilio) => twilio.send(&delivery.recipient, &text).await,
            Carrier::Sns(sns) => sns.send(&delivery.recipient, &text).await,
        }
    }

    async fn find(&self, delivery: &Delivery) -> Result<Option<Sent>, SendError> {
        match &self.carrier {
            Carrier::Twilio(twilio) => {
                twilio.find(&delivery.recipient, &self.text(delivery), delivery.created_at).await
            }
            // SNS cannot be asked what it was handed.
            Carrier::Sns(_) => Ok(None),
        }
    }
}
