use anyhow::{Context as _, Result};
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, Message as Mail, MultiPart, SinglePart};
use lettre::{Address, message::Body};
use mlops_alert::Delivery;
use mlops_rules::{Message, Severity};

use crate::{chart, html};

/// The header of automatic mail (RFC 3834), which suppresses out-of-office replies.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// The header that mail programs show as high importance.
#[derive(Clone)]
struct Importance;

impl Header for Importance {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Importance")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "high".to_owned())
    }
}

/// Builds the mail of a delivery: text and HTML, with the histogram in a daily report.
///
/// Its date is the time of the message. The Message-ID is derived from the episode, the transition
/// and its time, so a mail that is sent again has the same ID. All mails of an episode refer to one
/// ID, which mail programs show as one thread.
pub(crate) fn compose(delivery: &Delivery, from: &Mailbox, to: Address) -> Result<Mail> {
    let message = &delivery.message;
    let domain = from.email.domain();
    let name = message.transition.name();
    let id = format!("<{}.{name}.{}@{domain}>", message.thread, message.at.as_second());
    let root = format!("<{}@{domain}>", message.thread);
    let mut mail = Mail::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .date(delivery.created_at.into())
        .subject(one_line(&message.subject))
        .message_id(Some(id))
        .in_reply_to(root.clone())
        .references(root)
        .header(AutoSubmitted);
    if message.severity == Severity::Critical {
        mail = mail.header(Importance);
    }
    mail.multipart(parts(message)?).context("composing the mail")
}

fn parts(message: &Message) -> Result<MultiPart> {
    let alternatives = MultiPart::alternative().singlepart(SinglePart::plain(message.text()));
    let page = SinglePart::html(html::page(message));
    Ok(match &message.report {
        None => alternatives.singlepart(page),
        Some(report) => {
            let picture = Body::new(chart::bars(&report.histogram.counts)?);
            let kind = ContentType::parse("image/png")
                .context("setting the content type of the histogram")?;
            let picture = Attachment::new_inline(chart::PICTURE.to_owned()).body(picture, kind);
            alternatives.multipart(MultiPart::related().singlepart(page).singlepart(picture))
        }
    })
}

/// Returns the text without line ends, which rules and records may hold and a header may not.
fn one_line(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}
