use anyhow::Result;
use mlops_alert::{AlertCommand, AlertReport};
use mlops_job::Context;

use crate::Args;
use crate::args::Provider;
use crate::settings::{TwilioSecret, TwilioSettings};
use crate::sms::{Carrier, Sms};
use crate::sns::Sns;
use crate::twilio::Twilio;

/// Evaluates the rules and sends the waiting text messages. A second run at the same scheduled time
/// evaluates nothing again; it sends the messages that the first run could not send.
///
/// # Errors
///
/// [`UsageError`](mlops_job::UsageError) for wrong arguments, rules or settings, and the failures
/// of the database and of Secrets Manager.
pub async fn run(args: Args, context: Context) -> Result<AlertReport> {
    let Args { command, mut alert, sms, store, .. } = args;
    let command = command.unwrap_or(AlertCommand::Run);
    let needs_secret = command != AlertCommand::Schema && sms.provider == Provider::Twilio;
    let secret =
        if needs_secret { TwilioSecret::read(&sms).await? } else { TwilioSecret::default() };
    if alert.plain.to.is_empty() && alert.rules.is_none() {
        alert.plain.to = secret.recipients();
    }
    let connect = async || {
        let carrier = match sms.provider {
            Provider::Twilio => {
                Carrier::Twilio(Box::new(Twilio::new(TwilioSettings::new(&sms, secret)?)?))
            }
            Provider::Sns => Carrier::Sns(Sns::new(sms.sns_sender.clone()).await),
        };
        Ok(Sms { carrier, max_segments: sms.max_segments.into() })
    };
    mlops_alert::run("alert-sms", command, &alert, &store, &context, connect).await
}
