use mlops_core::model_name::ModelName;
use mlops_job::{Exit, Metrics, Report, grid};
use mlops_rules::{AlertState, Rule, Status, Transition};
use serde::Serialize;
use serde_json::Value;

use crate::backtest::BacktestReport;
use crate::check::CheckReport;

/// The output of a command of an alert job.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum AlertReport {
    /// The output of `run` and `test`.
    Run(RunReport),
    /// The output of `check`.
    Check(CheckReport),
    /// The output of `backtest`.
    Backtest(BacktestReport),
    /// The output of `schema`.
    Schema(Value),
}

/// The results of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunReport {
    /// The time that it judged at: windows end here.
    pub at: String,
    /// The run.
    pub run_uid: String,
    /// Each rule and group.
    pub rules: Vec<RuleReport>,
    /// Delivery counts of this job's channel.
    pub messages: DeliveryCounts,
}

/// The state of a rule for one group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleReport {
    /// The model.
    pub model: ModelName,
    /// The rule.
    pub rule: String,
    /// The group; empty where there is only one.
    pub group: String,
    /// `ok`, `pending`, `firing`, `recovering`, or `unknown`.
    pub state: Status,
    /// How bad it is, or would be.
    pub severity: &'static str,
    /// The value.
    pub value: Option<f64>,
    /// The same for people.
    pub value_text: String,
    /// Why there is no value.
    pub why: String,
    /// The transition that was reported in this run.
    pub told: Option<&'static str>,
    /// Whether another run had judged it.
    pub already_judged: bool,
}

/// Numbers of messages by outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct DeliveryCounts {
    /// Handed over.
    pub sent: u64,
    /// Refused, or given up.
    pub failed: u64,
    /// Held by the day's limit.
    pub muted: u64,
    /// For a later run to try again.
    pub left: u64,
}

impl RuleReport {
    pub(crate) fn new(
        model: &ModelName,
        rule: &Rule,
        group: &str,
        state: &AlertState,
        told: Option<Transition>,
        already_judged: bool,
    ) -> Self {
        Self {
            model: model.clone(),
            rule: rule.name.clone(),
            group: group.to_owned(),
            state: state.status,
            severity: state.severity.name(),
            value: state.value,
            value_text: state
                .value
                .map_or_else(|| "none".to_owned(), |value| rule.unit.text(value)),
            why: state.why.clone(),
            told: told.map(Transition::name),
            already_judged,
        }
    }
}

impl RunReport {
    fn human(&self) -> String {
        let rows: Vec<Vec<String>> = self
            .rules
            .iter()
            .map(|rule| {
                let told =
                    rule.told.unwrap_or(if rule.already_judged { "evaluated before" } else { "" });
                let words =
                    [&rule.rule, &rule.group, rule.state.name(), &rule.value_text, told, &rule.why];
                words.map(str::to_owned).to_vec()
            })
            .collect();
        let DeliveryCounts { sent, failed, muted, left } = self.messages;
        let counts = format!(
            "{sent} sent, {failed} failed, {muted} muted, {left} left for the next run (evaluated at {} UTC)",
            &self.at[..16]
        );
        match rows.is_empty() {
            true => counts,
            false => format!(
                "{}\n{counts}",
                grid(&["rule", "group", "state", "value", "told", "why"], &rows)
            ),
        }
    }
}

impl Report for AlertReport {
    fn human(&self) -> String {
        match self {
            Self::Run(run) => run.human(),
            Self::Check(check) => check.human(),
            Self::Backtest(backtest) => backtest.human(),
            Self::Schema(schema) => format!("{schema:#}"),
        }
    }

    fn metrics(&self) -> Vec<Metrics> {
        let Self::Run(run) = self else { return Vec::new() };
        let of_run = Metrics {
            dimensions: Vec::new(),
            values: vec![
                ("messages_sent", "Count", run.messages.sent as f64),
                ("messages_failed", "Count", run.messages.failed as f64),
                ("messages_left", "Count", run.messages.left as f64),
            ],
        };
        let of_rules = run.rules.iter().filter(|rule| rule.group.is_empty()).map(|rule| Metrics {
            dimensions: vec![("rule", rule.rule.clone())],
            values: vec![
                ("value", "None", rule.value.unwrap_or(f64::NAN)),
                ("firing", "None", f64::from(u8::from(rule.state == Status::Firing))),
            ],
        });
        std::iter::once(of_run).chain(of_rules).collect()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Run(run) if run.messages.left > 0 => Exit::Temporary,
            Self::Run(run) if run.messages.failed > 0 => Exit::Failed,
            _ => Exit::Done,
        }
    }
}
