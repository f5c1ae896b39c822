//! Judging all rules.

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use mlops_core::model_name::ModelName;
use mlops_rules::{
    AlertState, Message, Route, Rule, Rules, Step, advance, compose, message_uid, route,
};
use mlops_rules::{AlertStore, KeptAlert, MessageStatus, MetricStore, OutboxMessage};

use crate::observe::{context, observe};
use crate::report::RuleReport;

/// Judges every rule at `at`, and writes states and messages unless it is a rehearsal. A second run
/// at the same time finds each rule judged already and changes nothing, and so does one that comes
/// in between.
///
/// # Errors
///
/// The failures of the store.
pub(crate) async fn evaluate(
    store: &(impl AlertStore + MetricStore),
    rules: &Rules,
    at: Timestamp,
    run_uid: &str,
    is_rehearsal: bool,
) -> Result<Vec<RuleReport>> {
    let mut reports = Vec::new();
    for rule in &rules.rules {
        let kept = store.alerts(std::slice::from_ref(&rule.name)).await?;
        let find = |group: &str| kept.iter().find(|kept| kept.group == group);
        let known = kept.iter().map(|kept| kept.group.clone());
        for (group, seen) in observe(store, rule, at, known).await? {
            let before = find(&group);
            if let Some(before) = before.filter(|before| before.state.evaluated_at >= at) {
                reports.push(RuleReport::new(
                    &rules.model,
                    rule,
                    &group,
                    &before.state,
                    None,
                    true,
                ));
                continue;
            }
            let step = advance(rules, rule, before.map(|before| &before.state), &seen, at);
            let messages = match step.transition {
                None => Vec::new(),
                Some(transition) => {
                    let context = context(store, rule, at, run_uid).await?;
                    let message =
                        compose(rules, rule, &group, &step.state, transition, &seen, &context, at);
                    outbox(rules, rule, &group, &message, run_uid)?
                }
            };
            let was_first =
                is_rehearsal || keep(store, rule, &group, before, &step, &messages).await?;
            let told = step.transition.filter(|_| was_first);
            if let Some(transition) = told {
                tracing::info!(
                    rule.name = rule.name,
                    alert.transition = transition.name(),
                    messages = messages.len(),
                    "an alert calls for messages"
                );
            }
            reports.push(RuleReport::new(
                &rules.model,
                rule,
                &group,
                &step.state,
                told,
                !was_first,
            ));
        }
    }
    Ok(reports)
}

async fn keep(
    store: &impl AlertStore,
    rule: &Rule,
    group: &str,
    before: Option<&KeptAlert>,
    step: &Step,
    messages: &[OutboxMessage],
) -> Result<bool> {
    let state: AlertState = step.state.clone();
    let version = before.map_or(0, |before| before.version) + 1;
    let next = KeptAlert { rule: rule.name.clone(), group: group.to_owned(), state, version };
    store
        .advance_alert(&next, messages)
        .await
        .with_context(|| format!("saving the state of the alert `{}`", rule.name))
}

/// A row for each recipient that the message is for.
fn outbox(
    rules: &Rules,
    rule: &Rule,
    group: &str,
    message: &Message,
    run_uid: &str,
) -> Result<Vec<OutboxMessage>> {
    let mut messages = Vec::new();
    for recipient in &rule.recipients {
        let (status, why) =
            match route(rules, recipient, message.transition, message.severity, message.at) {
                Route::Skip => continue,
                Route::Send => (MessageStatus::Sending, ""),
                Route::Muted(why) => (MessageStatus::Muted, why),
            };
        let uid = message_uid(&rule.name, group, message.transition, message.at, recipient);
        let mut row = row(
            &rules.model,
            message,
            group,
            recipient.channel.name(),
            &recipient.address,
            uid,
            run_uid,
        )?;
        (row.status, row.why) = (status, why.to_owned());
        messages.push(row);
    }
    Ok(messages)
}

/// A message to one recipient, which is to be sent.
pub(crate) fn row(
    model: &ModelName,
    message: &Message,
    group: &str,
    channel: &'static str,
    address: &str,
    message_uid: String,
    run_uid: &str,
) -> Result<OutboxMessage> {
    let message = message.of_model(model);
    let of_model = if model.is_default() { String::new() } else { format!("-{model}") };
    Ok(OutboxMessage {
        message_uid: message_uid + &of_model,
        created_at: message.at,
        run_uid: run_uid.to_owned(),
        rule: message.rule.clone(),
        group: group.to_owned(),
        transition: message.transition.name(),
        channel,
        severity: message.severity.name(),
        recipient: address.to_owned(),
        subject: message.subject.clone(),
        content: serde_json::to_string(&message).context("writing a message as JSON")?,
        status: MessageStatus::Sending,
        why: String::new(),
    })
}
