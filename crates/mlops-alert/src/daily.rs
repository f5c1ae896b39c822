//! The daily report.

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use mlops_core::window::Window;
use mlops_job::UsageError;
use mlops_rules::{
    Aggregate, DayReport, Message, Recipient, Rules, Status, Transition, earlier, message_uid,
    report_message,
};
use mlops_rules::{AlertStore, MetricStore};

use crate::evaluate::row;
use crate::observe::of_logs;

/// The name of the report in `alert_outbox`.
const NAME: &str = "daily report";

/// Parts of the picture of the predictions.
const PARTS: u32 = 20;

/// Writes the report of the day before `now`, by the clock of the rules, for those recipients; a
/// second run that day adds nothing.
///
/// # Errors
///
/// [`UsageError`] for a report without recipients, and the failures of the store.
pub(crate) async fn enqueue_report(
    store: &(impl AlertStore + MetricStore),
    rules: &Rules,
    recipients: &[Recipient],
    now: Timestamp,
    run_uid: &str,
) -> Result<()> {
    if recipients.is_empty() {
        return Err(UsageError::new(
            "the report has no recipient; name one with --to (ALERT_TO), or in [recipients] of --rules",
        )
        .into());
    }
    let today = now
        .to_zoned(rules.time_zone.clone())
        .start_of_day()
        .context("computing the start of today")?;
    let yesterday = today
        .yesterday()
        .and_then(|day| day.start_of_day())
        .context("computing the start of yesterday")?;
    let window = Window { from: Some(yesterday.timestamp()), to: Some(today.timestamp()) };
    let report = day_report(store, rules, window, yesterday.date().to_string()).await?;
    let message: Message = report_message(rules, NAME, report, now);
    let rows = recipients.iter().map(|recipient| {
        let uid = message_uid(NAME, "", Transition::Report, today.timestamp(), recipient);
        row(&rules.model, &message, "", recipient.channel.name(), &recipient.address, uid, run_uid)
    });
    let rows = rows.collect::<Result<Vec<_>>>()?;
    store.enqueue(&rows).await?;
    Ok(())
}

async fn day_report(
    store: &(impl AlertStore + MetricStore),
    rules: &Rules,
    window: Window,
    day: String,
) -> Result<DayReport> {
    let from = window.from.context("a day begins")?;
    let length = window.to.context("a day ends")?.duration_since(from);
    let before = Window { from: Some(earlier(from, length)), to: Some(from) };
    let count = async |window| {
        anyhow::Ok(of_logs(store, None, Aggregate::Count, window).await?.unwrap_or(0.0) as u64)
    };
    let mean =
        async |window| of_logs(store, Some("output.prediction"), Aggregate::Mean, window).await;
    let high_risk = Aggregate::ShareEqual("yes".to_owned());
    let names: Vec<String> = rules.rules.iter().map(|rule| rule.name.clone()).collect();
    let firing =
        store.alerts(&names).await?.into_iter().filter(|kept| kept.state.status == Status::Firing);
    Ok(DayReport {
        day,
        requests: count(window).await?,
        requests_before: count(before).await?,
        mean_prediction: mean(window).await?,
        mean_prediction_before: mean(before).await?,
        high_risk: of_logs(store, Some("output.high_risk"), high_risk, window).await?,
        errors: of_logs(store, Some("output.error"), Aggregate::ShareSet, window).await?,
        histogram: store.histogram(window, PARTS).await?,
        verdicts: store.verdicts(window).await?,
        etl: store.etl_days(window).await?,
        fired: store.told(Transition::Fired.name(), window).await?,
        firing: firing.map(|kept| kept.rule).collect(),
    })
}
