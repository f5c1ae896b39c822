use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::route::digest;
use super::{AlertState, DayReport, Observation, Rule, Rules, Severity, Transition, Unit, earlier};
use mlops_core::model_name::ModelName;
use mlops_core::span::span_text;
use mlops_core::timestamp::to_sql_text;

/// Figures that a message shows beside the value.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Context {
    /// Requests logged in the window.
    pub requests: Option<u64>,
    /// The mean of their predictions.
    pub mean_prediction: Option<f64>,
    /// The run.
    pub run_uid: String,
}

/// A message in words, for every channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// The rule, or the subject of a message without a rule.
    pub rule: String,
    /// Why it is sent.
    pub transition: Transition,
    /// The severity.
    pub severity: Severity,
    /// The time of the run that it comes from.
    pub at: Timestamp,
    /// The ID that all messages of one episode share: mail programs show them as one thread.
    pub thread: String,
    /// One line.
    pub subject: String,
    /// One sentence or two.
    pub headline: String,
    /// Figures, each with its name.
    pub facts: Vec<(String, String)>,
    /// The recommended action.
    pub next: Option<String>,
    /// The message in one or two lines, without any value of a record.
    pub short: String,
    /// The day's figures, in a daily report.
    pub report: Option<DayReport>,
}

impl Message {
    /// Returns the message as one about a model, which it names if the installation does.
    #[must_use]
    pub fn of_model(&self, model: &ModelName) -> Self {
        let mut message = self.clone();
        if !model.is_default() {
            message.subject = format!("{model}: {}", self.subject);
            message.headline = format!("Model {model}: {}", self.headline);
            message.short = format!("{model}: {}", self.short);
            message.facts.insert(0, ("Model".to_owned(), model.to_string()));
            message.thread = digest(&[model.as_str(), &self.thread]);
        }
        message
    }

    /// Returns the message as plain text.
    pub fn text(&self) -> String {
        let mut text = format!("{}\n\n", self.headline);
        let width = self.facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        for (name, value) in &self.facts {
            // Writing to a string cannot fail.
            let _written = writeln!(text, "  {name:<width$}   {value}");
        }
        if let Some(next) = &self.next {
            let _written = write!(text, "\nWhat to do: {next}\n");
        }
        if let Some(report) = &self.report {
            text.push_str(&report.text());
        }
        text
    }
}

/// A time by the clock of `zone`: `2026-03-02 10:20 CET`.
pub(super) fn clock(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M %Z").to_string()
}

/// Returns the value with its name: `1,234 requests in 10m`, `mean prediction 0.143 in 10m`.
fn reading(rule: &Rule, value: f64) -> String {
    let text = rule.unit.text(value);
    match rule.unit {
        Unit::Count if value == 1.0 => {
            format!("{text} {} in {}", singular(&rule.what), span_text(rule.window))
        }
        Unit::Count => format!("{text} {} in {}", rule.what, span_text(rule.window)),
        Unit::Minutes => format!("{} {text}", rule.what),
        _ => format!("{} {text} in {}", rule.what, span_text(rule.window)),
    }
}

/// Returns the singular of `shifted features` or `periods of worse performance`.
fn singular(things: &str) -> String {
    match things.split_once(" of ") {
        Some((things, rest)) => format!("{} of {rest}", singular(things)),
        None => things.strip_suffix('s').unwrap_or(things).to_owned(),
    }
}

/// Composes the message for a transition of `rule` into `state`.
///
/// `group` stands in the subject and the facts, and never in [`Message::short`]: it is a value of a
/// record.
#[expect(clippy::too_many_arguments, reason = "a message is made of everything that a run knows")]
pub fn compose(
    rules: &Rules,
    rule: &Rule,
    group: &str,
    state: &AlertState,
    transition: Transition,
    seen: &Observation,
    context: &Context,
    at: Timestamp,
) -> Message {
    let zone = &rules.time_zone;
    let limit = rule.condition.text(state.severity, rule.unit);
    let began = state.fired_at.unwrap_or(at);
    let lasted = span_text(at.duration_since(began));
    let worst = state.worst.map(|worst| rule.unit.text(worst));
    let now = match &seen.value {
        Ok(value) => reading(rule, *value),
        Err(why) => format!("no value ({why})"),
    };
    let severity = state.severity.name().to_uppercase();
    let (prefix, says) = match transition {
        Transition::Recovered => {
            let at_worst =
                worst.as_ref().map_or(String::new(), |worst| format!(", worst value {worst}"));
            ("RESOLVED".to_owned(), format!("fired for {lasted}{at_worst}; now {now}"))
        }
        Transition::Repeated | Transition::Held => {
            (format!("STILL {severity}"), format!("{now}, {limit}"))
        }
        _ => (severity, format!("{now}, {limit}")),
    };
    let of_group = if group.is_empty() { String::new() } else { format!(" [{}]", one_line(group)) };
    let name = &rule.name;
    let mut facts = vec![("Now".to_owned(), now), ("Threshold".to_owned(), limit)];
    let mut fact = |name: &str, value: Option<String>| {
        facts.extend(value.map(|value| (name.to_owned(), value)))
    };
    fact("Group", (!group.is_empty()).then(|| one_line(group)));
    let ago = rule.against.map(|against| format!("the same window {} before", span_text(against)));
    fact(
        "Compared with",
        ago.map(|ago| {
            seen.baseline.map_or(ago.clone(), |then| format!("{ago}: {}", Unit::Number.text(then)))
        }),
    );
    fact(
        "Window",
        Some(format!("{} to {}", clock(earlier(at, rule.window), zone), clock(at, zone))),
    );
    fact("Since", Some(format!("{} ({lasted})", clock(began, zone))));
    fact("Worst value", worst);
    fact("Requests", context.requests.map(|requests| Unit::Count.text(requests as f64)));
    fact("Mean predicted probability", context.mean_prediction.map(|mean| Unit::Number.text(mean)));
    fact(
        "Last runs",
        Some(format!(
            "{} (. normal, - within the margin, w warning, c critical, ? no value)",
            state.recent
        )),
    );
    fact("Run", Some(context.run_uid.clone()));
    let mean = context
        .mean_prediction
        .map_or(String::new(), |mean| format!(" Mean prediction {}.", Unit::Number.text(mean)));
    let some_group = if group.is_empty() { "" } else { " (one of its groups)" };
    Message {
        rule: name.clone(),
        transition,
        severity: state.severity,
        at,
        thread: digest(&[name, group, &to_sql_text(began)]),
        subject: format!("{prefix}: {name}{of_group}: {says}"),
        headline: format!("{name}{of_group}: {says}."),
        facts,
        next: rule.next.clone(),
        short: format!("{prefix} {name}{some_group}: {says}.{mean} Since {}.", clock(began, zone)),
        report: None,
    }
}

/// Returns the text without control characters, at most 80 characters: a value of a record must not end
/// a line.
fn one_line(text: &str) -> String {
    let cut: String = text.chars().take(80).collect();
    cut.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

/// Composes the last text message of a day to a number that reached the daily limit.
pub fn muted_notice(rules: &Rules, at: Timestamp) -> Message {
    let limit = rules.texts_per_day;
    let headline = format!(
        "{limit} text messages were sent today, which is the daily limit. Further alerts are muted until midnight ({}).",
        clock_zone(at, &rules.time_zone)
    );
    note("daily limit of text messages", Transition::Muted, headline, at)
}

fn clock_zone(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Z").to_string()
}

/// Composes a test message.
pub fn sample(at: Timestamp) -> Message {
    let headline = "This is a test message: alerts arrive here. No action is needed.".to_owned();
    note("sample", Transition::Test, headline, at)
}

fn note(rule: &str, transition: Transition, headline: String, at: Timestamp) -> Message {
    Message {
        rule: rule.to_owned(),
        transition,
        severity: Severity::Warning,
        at,
        thread: digest(&[rule, &to_sql_text(at)]),
        subject: format!("{}: {headline}", transition.name().to_uppercase()),
        short: headline.clone(),
        headline,
        facts: Vec::new(),
        next: None,
        report: None,
    }
}
