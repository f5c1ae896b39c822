use anyhow::Result;
use mlops_core::timestamp::to_sql_text;
use mlops_job::{Context, DatabaseArgs, UsageError};
use mlops_rules::AlertStore;
use mlops_rules::{
    Message, Recipient, Rules, RulesFile, Transition, aligned, earlier, message_uid, sample,
};
use mlops_sql::Database;

use crate::backtest::backtest;
use crate::check::CheckReport;
use crate::daily::enqueue_report;
use crate::deliver::Deliveries;
use crate::evaluate::{evaluate, row};
use crate::report::{AlertReport, DeliveryCounts, RunReport};
use crate::rules::rules_of;
use crate::{AlertArgs, AlertCommand, Sender};

/// Does what the command says, for the job of that name, whose sender `connect` makes if something
/// may have to be sent.
///
/// A second run at the same time of the schedule judges nothing again; what the first could not
/// send it sends.
///
/// # Errors
///
/// [`UsageError`] for wrong arguments or rules, and the failures of the database. What could not be
/// sent is in the report.
pub async fn run<S: Sender>(
    job: &str,
    command: AlertCommand,
    args: &AlertArgs,
    store: &DatabaseArgs,
    context: &Context,
    connect: impl AsyncFnOnce() -> Result<S>,
) -> Result<AlertReport> {
    if command == AlertCommand::Schema {
        return Ok(AlertReport::Schema(RulesFile::schema()));
    }
    let rules = rules_of(args, job).await?;
    let now = args.now.unwrap_or(context.started);
    let needs_rules = args.report.is_none() && command != AlertCommand::Test;
    if needs_rules && rules.rules.is_empty() {
        let message =
            "no rule is given; name a file with --rules (ALERT_RULES), or set --when-count-above N";
        return Err(UsageError::new(message).into());
    }
    if command == AlertCommand::Check {
        return Ok(AlertReport::Check(CheckReport::new(&rules)));
    }
    let at = aligned(earlier(now, rules.delay), rules.every);
    if let AlertCommand::Backtest { over, messages } = command {
        let database = open(store, context).await?;
        let replayed =
            backtest(&database, &rules, earlier(now, rules.delay), over, messages, context).await?;
        return Ok(AlertReport::Backtest(replayed));
    }
    // Before anything is judged: a job that could not send must say so before it has something to
    // send.
    let sender = if args.dry_run { None } else { Some(connect().await?) };
    let database = open(store, context).await?;
    let recipients = recipients_of::<S>(args, &rules)?;
    let run_uid = &context.run_uid;
    let mut judged = Vec::new();
    match (&command, args.report) {
        (AlertCommand::Test, _) | (_, Some(_)) if args.dry_run => {}
        (AlertCommand::Test, _) => enqueue_sample(&database, &recipients, context).await?,
        (_, Some(_)) => enqueue_report(&database, &rules, &recipients, now, run_uid).await?,
        (_, None) => judged = evaluate(&database, &rules, at, run_uid, args.dry_run).await?,
    }
    let messages = match &sender {
        Some(sender) => {
            let deliveries = Deliveries { sender, store: &database, rules: &rules, run_uid, now };
            deliveries.send_waiting().await?
        }
        None => DeliveryCounts::default(),
    };
    Ok(AlertReport::Run(RunReport {
        at: to_sql_text(at),
        run_uid: run_uid.clone(),
        rules: judged,
        messages,
    }))
}

/// The database of the arguments, with its tables if they are to be made.
async fn open(args: &DatabaseArgs, context: &Context) -> Result<Database> {
    context.check_lasting(&args.database)?;
    let database = Database::connect(&args.url()).await?;
    if args.create_tables {
        database.create_tables().await?;
    }
    Ok(database)
}

/// Those of `--to`, else all of the rules, as far as this job reaches them.
fn recipients_of<S: Sender>(args: &AlertArgs, rules: &Rules) -> Result<Vec<Recipient>, UsageError> {
    let named = args.plain.recipients()?;
    let mut recipients = if named.is_empty() { rules.recipients.clone() } else { named };
    recipients.retain(|recipient| recipient.channel == S::CHANNEL);
    Ok(recipients)
}

/// A sample for each recipient; each run sends another.
async fn enqueue_sample(
    store: &impl AlertStore,
    recipients: &[Recipient],
    context: &Context,
) -> Result<()> {
    if recipients.is_empty() {
        return Err(UsageError::new(
            "the test message has no recipient; name one with --to (ALERT_TO), or in [recipients] of --rules",
        )
        .into());
    }
    let message: Message = sample(context.started);
    let rows = recipients.iter().map(|recipient| {
        let uid = message_uid(&context.run_uid, "", Transition::Test, context.started, recipient);
        row(&message, "", recipient.channel.name(), &recipient.address, uid, &context.run_uid)
    });
    store.enqueue(&rows.collect::<Result<Vec<_>>>()?).await?;
    Ok(())
}
