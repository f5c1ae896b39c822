use mlops_core::span::span_text;
use mlops_job::grid;
use mlops_rules::{Repeat, Rule, Rules};
use serde::Serialize;

/// Each rule in words.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckReport {
    /// The step of the runs.
    pub every: String,
    /// Each rule.
    pub rules: Vec<CheckedRule>,
}

/// One rule in words.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckedRule {
    /// Its name.
    pub rule: String,
    /// The threshold, when the alert fires, and how often it is sent.
    pub says: String,
    /// The recipients, with masked addresses.
    pub told: String,
}

impl CheckReport {
    pub(crate) fn new(rules: &Rules) -> Self {
        Self { every: span_text(rules.every), rules: rules.rules.iter().map(of_rule).collect() }
    }

    pub(crate) fn human(&self) -> String {
        let rows: Vec<Vec<String>> = self
            .rules
            .iter()
            .map(|rule| [&rule.rule, &rule.says, &rule.told].map(Clone::clone).to_vec())
            .collect();
        let count = self.rules.len();
        format!(
            "{}\n{count} rules, evaluated every {}",
            grid(&["rule", "condition", "recipients"], &rows),
            self.every
        )
    }
}

fn of_rule(rule: &Rule) -> CheckedRule {
    let severity = rule.severity.name();
    let wrong = rule.condition.text(rule.severity, rule.unit);
    let runs = match (rule.k, rule.n) {
        (1, 1) => "at the first run".to_owned(),
        (k, n) => format!("after {k} of {n} runs"),
    };
    let repeat = match rule.repeat {
        Repeat::Never => "sent once".to_owned(),
        Repeat::Every(span) if span.is_zero() => "sent at every run".to_owned(),
        Repeat::Every(span) => format!("sent again after {}", span_text(span)),
    };
    let says = format!(
        "{severity} {runs} with {} in {} {wrong}; {repeat}",
        rule.what,
        span_text(rule.window)
    );
    let masked: Vec<String> = rule.recipients.iter().map(mlops_rules::Recipient::masked).collect();
    CheckedRule { rule: rule.name.clone(), says, told: masked.join(", ") }
}
