use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::{Recipient, Rules, Severity, Transition};
use mlops_core::timestamp::to_sql_text;

/// The delivery decision for one recipient of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// It is sent.
    Send,
    /// It is written down and not sent, for this reason.
    Muted(&'static str),
    /// It is not for this channel.
    Skip,
}

/// Whether a message of that severity goes to a recipient at `at`.
///
/// In quiet hours the quiet channels get only what is critical; [`Transition::Held`] makes up for
/// it there, and there alone.
pub fn route(
    rules: &Rules,
    recipient: &Recipient,
    transition: Transition,
    severity: Severity,
    at: Timestamp,
) -> Route {
    let quiet = rules.quiet.as_ref().filter(|quiet| quiet.channels.contains(&recipient.channel));
    let is_quiet = quiet.is_some_and(|quiet| quiet.contains(at, &rules.time_zone));
    match (transition, quiet) {
        (Transition::Held, None) => Route::Skip,
        _ if is_quiet && severity != Severity::Critical => Route::Muted("quiet hours"),
        _ => Route::Send,
    }
}

/// Names a message to one recipient: the same for every run that calls for it at `at`, so that it
/// is written once.
pub fn message_uid(
    rule: &str,
    group: &str,
    transition: Transition,
    at: Timestamp,
    recipient: &Recipient,
) -> String {
    let at = to_sql_text(at);
    digest(&[rule, group, transition.name(), &at, recipient.channel.name(), &recipient.address])
}

/// Half of a SHA-256 over the parts, which cannot run into each other, in hexadecimal.
pub(super) fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hex::encode(&hash.finalize()[..16])
}
