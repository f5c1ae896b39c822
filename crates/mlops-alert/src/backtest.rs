use std::collections::BTreeMap;

use anyhow::{Result, bail};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use mlops_core::span::span_text;
use mlops_core::timestamp::to_sql_text;
use mlops_job::{Context, UsageError, grid};
use mlops_rules::MetricStore;
use mlops_rules::{Backtest, Rule, Rules, aligned, earlier};
use serde::Serialize;

use crate::observe::observe;

/// So many runs are measured at once.
const AT_ONCE: usize = 8;

/// The length of a month, for rates.
const MONTH: SignedDuration = SignedDuration::from_hours(24 * 30);

/// Alerts and messages that the rules would have produced.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BacktestReport {
    /// The time of the first run that was replayed.
    pub from: String,
    /// That of the last.
    pub to: String,
    /// Each rule.
    pub rules: Vec<BacktestRule>,
}

/// Alerts and messages that one rule would have produced.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BacktestRule {
    /// The rule.
    pub rule: String,
    /// Runs, over all groups.
    pub runs: u64,
    /// Runs without a value.
    pub without_value: u64,
    /// Runs whose value was wrong.
    pub wrong: u64,
    /// How often it would have fired.
    pub fired: u64,
    /// For how long, in minutes.
    pub firing_minutes: f64,
    /// Messages to one recipient each, by channel.
    pub messages: BTreeMap<&'static str, u64>,
    /// Messages that would have been held back.
    pub muted: u64,
    /// Messages in thirty days, over all channels.
    pub messages_per_month: f64,
    /// Messages in thirty days of a rule that sends at each run beyond the threshold.
    pub plain_per_month: f64,
    /// Each message: when and what.
    pub told: Vec<[String; 2]>,
}

/// Replays the requests logged in `over` before `now`; nothing is written.
///
/// # Errors
///
/// [`UsageError`] where nothing was logged in that time, and the failures of the store.
pub(crate) async fn backtest(
    store: &impl MetricStore,
    rules: &Rules,
    now: Timestamp,
    over: SignedDuration,
    list: bool,
    context: &Context,
) -> Result<BacktestReport> {
    let to = aligned(now, rules.every);
    let Some(first) = store.first_request().await?.filter(|first| *first < to) else {
        return Err(UsageError::new(
            "table model_logs has no request to replay; load requests, or name a later --now",
        )
        .into());
    };
    let from = aligned(first.max(earlier(to, over)), rules.every);
    let steps = steps(from, to, rules.every);
    let bar = context.progress.start("runs", Some((steps.len() * rules.rules.len()) as u64));
    let mut replayed = Vec::new();
    for rule in &rules.rules {
        let mut replay = Backtest::new(rules, rule);
        let mut measured = stream::iter(&steps)
            .map(async |&at| {
                Ok::<_, anyhow::Error>((at, observe(store, rule, at, std::iter::empty()).await?))
            })
            .buffered(AT_ONCE);
        while let Some((at, seen)) = measured.try_next().await? {
            if context.shutdown.is_cancelled() {
                bail!("stopped before the end of the replay");
            }
            for (group, seen) in &seen {
                replay.observe(group, seen, at);
            }
            bar.inc(1);
        }
        drop(measured);
        replayed.push(of_rule(rule, &replay, to.duration_since(from), list));
    }
    bar.finish_and_clear();
    Ok(BacktestReport { from: to_sql_text(from), to: to_sql_text(to), rules: replayed })
}

fn steps(from: Timestamp, to: Timestamp, every: SignedDuration) -> Vec<Timestamp> {
    std::iter::successors(from.checked_add(every).ok(), |at| at.checked_add(every).ok())
        .take_while(|at| *at <= to)
        .collect()
}

fn of_rule(rule: &Rule, replay: &Backtest<'_>, length: SignedDuration, list: bool) -> BacktestRule {
    let counts = &replay.counts;
    let months = length.as_secs_f64().max(1.0) / MONTH.as_secs_f64();
    let messages: u64 = counts.messages.values().sum();
    let told = replay.told.iter().filter(|_| list);
    BacktestRule {
        rule: rule.name.clone(),
        runs: counts.runs,
        without_value: counts.without_value,
        wrong: counts.wrong,
        fired: counts.fired,
        firing_minutes: counts.firing.as_secs_f64() / 60.0,
        messages: counts.messages.iter().map(|(channel, count)| (channel.name(), *count)).collect(),
        muted: counts.muted,
        messages_per_month: messages as f64 / months,
        plain_per_month: (counts.wrong * rule.recipients.len() as u64) as f64 / months,
        told: told
            .map(|(at, _, subject)| [to_sql_text(*at)[..16].to_owned(), subject.clone()])
            .collect(),
    }
}

impl BacktestReport {
    pub(crate) fn human(&self) -> String {
        let header = [
            "rule",
            "runs",
            "wrong",
            "no value",
            "fired",
            "firing for",
            "messages per month",
            "without cooldown",
        ];
        let rows: Vec<Vec<String>> = self
            .rules
            .iter()
            .map(|rule| {
                let firing = SignedDuration::from_secs((60.0 * rule.firing_minutes) as i64);
                vec![
                    rule.rule.clone(),
                    rule.runs.to_string(),
                    rule.wrong.to_string(),
                    rule.without_value.to_string(),
                    rule.fired.to_string(),
                    span_text(firing),
                    format!("{:.0}", rule.messages_per_month),
                    format!("{:.0}", rule.plain_per_month),
                ]
            })
            .collect();
        let mut text = format!(
            "{}\nreplayed from {} to {} UTC",
            grid(&header, &rows),
            &self.from[..16],
            &self.to[..16]
        );
        for [at, subject] in self.rules.iter().flat_map(|rule| &rule.told) {
            text.push_str(&format!("\n{at}  {subject}"));
        }
        text
    }
}
