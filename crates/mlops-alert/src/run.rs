use std::collections::BTreeSet;

use anyhow::Result;
use mlops_core::model_name::ModelName;
use mlops_core::timestamp::to_sql_text;
use mlops_job::{Context, DatabaseArgs, UsageError};
use mlops_rules::AlertStore;
use mlops_rules::{
    Message, Recipient, RuleModels, Rules, RulesFile, Transition, aligned, earlier, message_uid,
    sample,
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
    let rules = Rules { model: context.model.clone(), ..rules_of(args, job).await? };
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
        (_, report) => {
            for model in models_of(&rules, &database, report.is_some(), context).await? {
                let rules = rules.of_model(&model, &context.model);
                let database = database.of_model(&model);
                match report {
                    Some(_) => enqueue_report(&database, &rules, &recipients, now, run_uid).await?,
                    None => {
                        let of_model = evaluate(&database, &rules, at, run_uid, args.dry_run);
                        judged.extend(of_model.await?);
                    }
                }
            }
        }
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

/// The models that the run is about: the one that it names, or else all models of the database and
/// of the rules.
async fn models_of(
    rules: &Rules,
    database: &Database,
    has_report: bool,
    context: &Context,
) -> Result<BTreeSet<ModelName>> {
    if context.names_model {
        return Ok(BTreeSet::from([context.model.clone()]));
    }
    let mut models = BTreeSet::new();
    for rule in &rules.rules {
        match &rule.models {
            RuleModels::One(model) => models.extend([model.clone()]),
            RuleModels::OfJob => models.extend([context.model.clone()]),
            RuleModels::Each => {}
        }
    }
    if has_report || rules.rules.iter().any(|rule| rule.models == RuleModels::Each) {
        models.extend(database.models_there().await?);
    }
    if models.is_empty() {
        models.extend([context.model.clone()]);
    }
    Ok(models)
}

/// The database of the arguments, with its tables if they are to be made.
async fn open(args: &DatabaseArgs, context: &Context) -> Result<Database> {
    context.check_lasting(&args.database)?;
    let database = Database::connect(&args.url()).await?;
    if args.create_tables {
        database.create_tables().await?;
    }
    Ok(database.of_model(&context.model))
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
        row(
            &context.model,
            &message,
            "",
            recipient.channel.name(),
            &recipient.address,
            uid,
            &context.run_uid,
        )
    });
    store.enqueue(&rows.collect::<Result<Vec<_>>>()?).await?;
    Ok(())
}
