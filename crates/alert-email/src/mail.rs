use anyhow::{Context as _, Result};
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, Message as Mail, MultiPart, SinglePart};
use lettre::{Address, message::Body};
use mlops_alert::Delivery;
use mlops_rules::{Message, Severity};

use crate::{chart, html};

/// Mail that nobody need answer (RFC 3834), so that no holiday notice comes back.
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

/// What clients show as an exclamation mark.
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

/// The mail for a delivery: text and HTML, and in a report the picture.
///
/// Its date is when it was called for. The Message-ID is made of the episode, the transition and
/// its time, so that a mail that is sent again is the same mail; all mails of an episode refer to
/// one id that none has, which mailboxes show as one thread.
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
    mail.multipart(parts(message)?).context("putting the mail together")
}

fn parts(message: &Message) -> Result<MultiPart> {
    let alternatives = MultiPart::alternative().singlepart(SinglePart::plain(message.text()));
    let page = SinglePart::html(html::page(message));
    Ok(match &message.report {
        None => alternatives.singlepart(page),
        Some(report) => {
            let picture = Body::new(chart::bars(&report.histogram.counts)?);
            let kind = ContentType::parse("image/png").context("naming the picture's type")?;
            let picture = Attachment::new_inline(chart::PICTURE.to_owned()).body(picture, kind);
            alternatives.multipart(MultiPart::related().singlepart(page).singlepart(picture))
        }
    })
}

/// Nothing in a header may end its line, whatever the rules and the records hold.
fn one_line(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}
