use anyhow::Result;
use mlops_alert::{AlertCommand, AlertReport};
use mlops_job::Context;

use crate::Args;
use crate::post::Post;
use crate::settings::SmtpSecret;

/// Evaluates the rules and sends the waiting mails. A second run at the same scheduled time evaluates
/// nothing again; it sends the messages that the first run could not send.
///
/// # Errors
///
/// [`UsageError`](mlops_job::UsageError) for wrong arguments, rules or settings, and the failures
/// of the database and of Secrets Manager.
pub async fn run(args: Args, context: Context) -> Result<AlertReport> {
    let Args { command, mut alert, smtp, store, .. } = args;
    let command = command.unwrap_or(AlertCommand::Run);
    let secret = if command == AlertCommand::Schema {
        SmtpSecret::default()
    } else {
        SmtpSecret::read(&smtp).await?
    };
    // A report to all of a rules file is not for the secret to narrow.
    if alert.plain.to.is_empty() && alert.rules.is_none() {
        alert.plain.to = secret.recipients();
    }
    let connect = async || Post::new(&smtp, &secret);
    mlops_alert::run("alert-email", command, &alert, &store, &context, connect).await
}
