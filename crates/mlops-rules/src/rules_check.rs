//! From a rules file as it is written to rules that can be run.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use jiff::civil::Time;
use jiff::tz::TimeZoneDatabase;

use super::recent::MAX_RUNS;
use super::{
    Aggregate, Bounds, Channel, Condition, JsonPath, Measure, MetricName, Monitor, QuietHours,
    Recipient, RecipientsFile, Repeat, Rule, RuleFile, RuleModels, Rules, RulesFile, Severity,
    Unit,
};
use mlops_core::model_name::ModelName;
use mlops_core::span::parse_span;

/// The first error of a rules file: the key, the problem and the correction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem}")]
pub struct RulesError {
    /// The rule by its name, and the key.
    pub key: String,
    /// The problem, and what to write instead.
    pub problem: String,
}

type Checked<T> = Result<T, RulesError>;

/// Returns an error in the rule of that name, or in the file's own keys where the name is empty.
fn wrong<T>(rule: &str, key: &str, problem: impl Into<String>) -> Checked<T> {
    let key = if rule.is_empty() { format!("`{key}`") } else { format!("rule `{rule}`, `{key}`") };
    Err(RulesError { key, problem: problem.into() })
}

fn span(
    rule: &str,
    key: &str,
    text: Option<&str>,
    default: SignedDuration,
) -> Checked<SignedDuration> {
    match text.map(parse_span) {
        None => Ok(default),
        Some(Ok(span)) => Ok(span),
        Some(Err(problem)) => wrong(rule, key, problem),
    }
}

fn positive(
    rule: &str,
    key: &str,
    text: Option<&str>,
    default: SignedDuration,
) -> Checked<SignedDuration> {
    let span = span(rule, key, text, default)?;
    if span.is_zero() { wrong(rule, key, "must be longer than 0") } else { Ok(span) }
}

impl RulesFile {
    /// Checks the file.
    ///
    /// # Errors
    ///
    /// Returns the first error, with the rule and the key.
    pub fn check(&self) -> Checked<Rules> {
        let every = positive("", "every", self.every.as_deref(), SignedDuration::from_mins(10))?;
        let zone = self.time_zone.as_deref().unwrap_or("UTC");
        let Ok(time_zone) = TimeZoneDatabase::bundled().get(zone) else {
            return wrong(
                "",
                "time-zone",
                format!("`{zone}` is not a time zone; write a name such as Europe/Berlin or UTC"),
            );
        };
        let mut names = BTreeSet::new();
        let mut rules = Vec::new();
        for rule in &self.rules {
            if !names.insert(rule.name.as_str()) {
                return wrong(&rule.name, "name", "two rules have this name; rename one");
            }
            rules.push(self.rule(rule, every)?);
        }
        let mut recipients: Vec<Recipient> = Vec::new();
        for (name, group) in &self.recipients {
            recipients.extend(group_of(name, group)?);
        }
        recipients.sort();
        recipients.dedup();
        Ok(Rules {
            model: ModelName::default(),
            every,
            delay: span("", "delay", self.delay.as_deref(), SignedDuration::ZERO)?,
            time_zone,
            quiet: self.quiet()?,
            texts_per_day: self.texts_per_day.unwrap_or(20),
            recipients,
            rules,
        })
    }

    fn quiet(&self) -> Checked<Option<QuietHours>> {
        let Some(quiet) = &self.quiet_hours else { return Ok(None) };
        let time = |key: &str, text: &str| match text.parse::<Time>() {
            Ok(time) => Ok(time),
            Err(_) => {
                wrong("", key, format!("`{text}` is not a time of day; write a time such as 22:00"))
            }
        };
        let (from, to) =
            (time("quiet-hours.from", &quiet.from)?, time("quiet-hours.to", &quiet.to)?);
        if from == to {
            return wrong("", "quiet-hours", "`from` and `to` are equal; set two different times");
        }
        Ok(Some(QuietHours { from, to, channels: quiet.channels.clone() }))
    }

    fn rule(&self, rule: &RuleFile, every: SignedDuration) -> Checked<Rule> {
        let name = rule.name.as_str();
        if name.trim().is_empty()
            || name.chars().any(char::is_control)
            || name.chars().count() > 100
        {
            return wrong(name, "name", "a rule needs a name of 1 to 100 characters, on one line");
        }
        let models = match rule.model.as_deref() {
            None => RuleModels::OfJob,
            Some("*") => RuleModels::Each,
            Some(model) => match model.parse() {
                Ok(model) => RuleModels::One(model),
                Err(error) => return wrong(name, "model", format!("`{model}`: {error}, or `*`")),
            },
        };
        let (measure, what, unit) = measure(rule)?;
        let against = match rule.against.as_deref() {
            Some(text) => Some(positive(name, "against", Some(text), every)?),
            None => None,
        };
        let (k, n) = runs(rule)?;
        let recover_after = rule.recover_after.unwrap_or(2);
        if !(1..=MAX_RUNS).contains(&recover_after) {
            return wrong(name, "recover-after", format!("must be 1 to {MAX_RUNS} runs"));
        }
        let repeat = match rule.repeat.as_deref() {
            Some("never") => Repeat::Never,
            text => Repeat::Every(span(name, "repeat", text, SignedDuration::from_hours(4))?),
        };
        Ok(Rule {
            name: name.to_owned(),
            condition: condition(rule)?,
            what: if against.is_some() { format!("change of {what}") } else { what },
            unit: if against.is_some() { Unit::Change } else { unit },
            models,
            measure,
            window: positive(name, "window", rule.window.as_deref(), every)?,
            against,
            min_rows: rule.min_rows.unwrap_or(1),
            k,
            n,
            recover_after,
            severity: rule.severity.unwrap_or(Severity::Warning),
            cooldown: span(
                name,
                "cooldown",
                rule.cooldown.as_deref(),
                SignedDuration::from_mins(30),
            )?,
            repeat,
            no_data: rule.no_data,
            recipients: self.recipients_of(rule)?,
            next: rule.next.clone(),
        })
    }

    fn recipients_of(&self, rule: &RuleFile) -> Checked<Vec<Recipient>> {
        let mut found = Vec::new();
        let all: Vec<&str> = self.recipients.keys().map(String::as_str).collect();
        let named: Vec<&str> = rule.to.iter().map(String::as_str).collect();
        for name in if named.is_empty() { &all } else { &named } {
            match self.recipients.get(*name) {
                Some(group) => found.extend(group_of(name, group)?),
                None if name.contains('@') || name.starts_with('+') => {
                    found.push(recipient(&rule.name, "to", name)?)
                }
                None => {
                    let problem = format!(
                        "`{name}` is neither an address nor a group of [recipients], which has {}",
                        listed(&all)
                    );
                    return wrong(&rule.name, "to", problem);
                }
            }
        }
        found.sort();
        found.dedup();
        if found.is_empty() {
            return wrong(
                &rule.name,
                "to",
                "the rule has no recipient; name groups of [recipients], or addresses",
            );
        }
        Ok(found)
    }
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn group_of(name: &str, group: &RecipientsFile) -> Checked<Vec<Recipient>> {
    let of = |channel: Channel, addresses: &[String]| {
        let key = format!("recipients.{name}.{}", channel.name());
        let checked = addresses.iter().map(|address| {
            let is_of_channel = address.starts_with('+') == (channel == Channel::Sms);
            if is_of_channel {
                recipient("", &key, address)
            } else {
                wrong("", &key, not_of(channel, address))
            }
        });
        checked.collect::<Checked<Vec<Recipient>>>()
    };
    Ok([of(Channel::Email, &group.email)?, of(Channel::Sms, &group.sms)?].concat())
}

fn not_of(channel: Channel, address: &str) -> String {
    match channel {
        Channel::Email => format!("`{address}` is not an e-mail address"),
        Channel::Sms => {
            format!(
                "`{address}` is not an E.164 phone number; write a number such as +4915112345678"
            )
        }
    }
}

/// An address by its look: `+` and digits, or something at a domain, with nothing in it that could
/// end a header.
fn recipient(rule: &str, key: &str, address: &str) -> Checked<Recipient> {
    if let Some(digits) = address.strip_prefix('+') {
        let is_number = (7..=15).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0');
        if !is_number {
            return wrong(rule, key, not_of(Channel::Sms, address));
        }
        return Ok(Recipient { channel: Channel::Sms, address: address.to_owned() });
    }
    let parts = address.rsplit_once('@').filter(|(name, domain)| {
        let is_plain = |text: &str| {
            !text.chars().any(|c| c.is_control() || c.is_whitespace() || "<>,;:\"".contains(c))
        };
        !name.is_empty()
            && !domain.is_empty()
            && is_plain(name)
            && is_plain(domain)
            && address.len() <= 254
    });
    match parts {
        Some(_) => Ok(Recipient { channel: Channel::Email, address: address.to_owned() }),
        None => wrong(rule, key, not_of(Channel::Email, &address.escape_debug().to_string())),
    }
}

fn runs(rule: &RuleFile) -> Checked<(usize, usize)> {
    let Some(text) = rule.for_runs.as_deref() else { return Ok((1, 1)) };
    let parsed = match text.split_once(" of ") {
        Some((k, n)) => k.trim().parse().ok().zip(n.trim().parse().ok()),
        None => text.trim().parse().ok().map(|runs| (runs, runs)),
    };
    match parsed {
        Some((k, n)) if 1 <= k && k <= n && n <= MAX_RUNS => Ok((k, n)),
        _ => wrong(
            &rule.name,
            "for",
            format!("`{text}` is not a number of runs; write `2 of 3` or `3`, at most {MAX_RUNS}"),
        ),
    }
}

fn condition(rule: &RuleFile) -> Checked<Condition> {
    let name = rule.name.as_str();
    let bounds = |above: Option<f64>, below: Option<f64>, outside: Option<[f64; 2]>, key: &str| {
        let (low, high) = match outside {
            Some(_) if above.is_some() || below.is_some() => {
                return wrong(
                    name,
                    key,
                    "sets both an upper and a lower bound; remove `above` and `below`",
                );
            }
            Some([low, high]) => (Some(low), Some(high)),
            None => (below, above),
        };
        if [low, high].into_iter().flatten().any(|bound| !bound.is_finite()) {
            return wrong(name, key, "a bound must be a finite number");
        }
        match (low, high) {
            (Some(low), Some(high)) if low > high => {
                wrong(name, key, format!("the lower bound {low} is above the upper one, {high}"))
            }
            _ => Ok(Bounds { low, high }),
        }
    };
    let normal = bounds(rule.above, rule.below, rule.outside, "outside")?;
    let critical = bounds(
        rule.critical_above,
        rule.critical_below,
        rule.critical_outside,
        "critical-outside",
    )?;
    if normal.low.is_none() && normal.high.is_none() {
        return wrong(
            name,
            "above",
            "the rule has no threshold; set `above`, `below` or `outside`",
        );
    }
    let is_within = |critical: Option<f64>, normal: Option<f64>, sign: f64| {
        critical.is_some_and(|critical| normal.is_none_or(|normal| sign * critical < sign * normal))
    };
    if is_within(critical.high, normal.high, 1.0) || is_within(critical.low, normal.low, -1.0) {
        return wrong(
            name,
            "critical-above",
            "a critical bound must lie beyond `above` or `below`",
        );
    }
    let margin = rule.margin.unwrap_or(0.0);
    if !(margin >= 0.0 && margin.is_finite()) {
        return wrong(name, "margin", "must be a number, 0 or greater");
    }
    Ok(Condition { bounds: normal, critical, margin })
}

fn path(rule: &RuleFile, key: &str, text: Option<&str>) -> Checked<Option<JsonPath>> {
    match text.map(str::parse) {
        None => Ok(None),
        Some(Ok(path)) => Ok(Some(path)),
        Some(Err(problem)) => wrong(&rule.name, key, problem),
    }
}

/// Returns the metric, its name in messages, and its unit.
fn measure(rule: &RuleFile) -> Checked<(Measure, String, Unit)> {
    let name = rule.name.as_str();
    let own_path = path(rule, "path", rule.path.as_deref())?;
    let by = path(rule, "by", rule.by.as_deref())?;
    let takes_aggregate =
        matches!(rule.metric, MetricName::Prediction | MetricName::ResponseTime | MetricName::Json);
    let takes_path =
        matches!(rule.metric, MetricName::Json | MetricName::MissingShare | MetricName::ErrorShare);
    for (key, is_set, is_taken) in [
        ("aggregate", rule.aggregate.is_some(), takes_aggregate),
        ("equals", rule.equals.is_some(), rule.metric == MetricName::Json),
        ("path", own_path.is_some(), takes_path),
    ] {
        if is_set && !is_taken {
            return wrong(name, key, "this metric has no such setting; remove the key");
        }
    }
    let logs = |path: Option<JsonPath>, aggregate: Aggregate| Measure::Logs {
        path,
        aggregate,
        by: by.clone(),
    };
    let known = |text: &str| text.parse::<JsonPath>().expect("a path that is written here");
    let (measure, what, unit) = match rule.metric {
        MetricName::Count => (logs(None, Aggregate::Count), "requests".to_owned(), Unit::Count),
        MetricName::Prediction => {
            let (aggregate, word) = aggregate(rule, Aggregate::Mean)?;
            let unit = if aggregate == Aggregate::Count { Unit::Count } else { Unit::Number };
            (logs(Some(known("output.prediction")), aggregate), format!("{word} prediction"), unit)
        }
        MetricName::ResponseTime => {
            let (aggregate, word) = aggregate(rule, Aggregate::Mean)?;
            let unit = if aggregate == Aggregate::Count { Unit::Count } else { Unit::Seconds };
            (
                logs(Some(known("output.response_time")), aggregate),
                format!("{word} response time"),
                unit,
            )
        }
        MetricName::HighRiskShare => {
            let share = Aggregate::ShareEqual("yes".to_owned());
            (
                logs(Some(known("output.high_risk")), share),
                "share of high risk".to_owned(),
                Unit::Share,
            )
        }
        MetricName::ErrorShare => {
            let path = own_path.unwrap_or_else(|| known("output.error"));
            (logs(Some(path), Aggregate::ShareSet), "share of errors".to_owned(), Unit::Share)
        }
        MetricName::MissingShare => match own_path {
            Some(path) => {
                let what = format!("share without {path}");
                (logs(Some(path), Aggregate::ShareMissing), what, Unit::Share)
            }
            None => (Measure::MissingInputs, "share of missing inputs".to_owned(), Unit::Share),
        },
        MetricName::Json => {
            let Some(path) = own_path else {
                return wrong(
                    name,
                    "path",
                    "the metric `json` needs the path of a value, such as output.prediction",
                );
            };
            let (aggregate, word) = aggregate(rule, Aggregate::Mean)?;
            let unit = match &aggregate {
                Aggregate::Count => Unit::Count,
                aggregate if aggregate.is_share() => Unit::Share,
                _ => Unit::Number,
            };
            let what = format!("{word} {path}");
            (logs(Some(path), aggregate), what, unit)
        }
        MetricName::Silence => {
            (Measure::Silence, "time since the last request".to_owned(), Unit::Minutes)
        }
        MetricName::DataShift => {
            (Measure::Shifted(Monitor::DataShift), "shifted features".to_owned(), Unit::Count)
        }
        MetricName::ConceptShift => (
            Measure::Shifted(Monitor::ConceptShift),
            "findings of concept shift".to_owned(),
            Unit::Count,
        ),
        MetricName::Performance => (
            Measure::Shifted(Monitor::Performance),
            "periods of worse performance".to_owned(),
            Unit::Count,
        ),
        MetricName::EtlSilence => {
            (Measure::EtlSilence, "time since the last ETL run".to_owned(), Unit::Minutes)
        }
        MetricName::DeadLetters => (Measure::DeadLetters, "dead letters".to_owned(), Unit::Count),
    };
    if by.is_some() && !matches!(measure, Measure::Logs { .. }) {
        return wrong(name, "by", "this metric has no groups; remove the key");
    }
    if matches!(measure, Measure::Silence | Measure::EtlSilence) && rule.against.is_some() {
        return wrong(name, "against", "this metric has no window to compare with; remove the key");
    }
    Ok((measure, what, unit))
}

/// Returns the aggregate, and its word in front of the metric's name.
fn aggregate(rule: &RuleFile, default: Aggregate) -> Checked<(Aggregate, String)> {
    let Some(text) = rule.aggregate.as_deref() else { return Ok((default, "mean".to_owned())) };
    let quantile =
        || text.strip_prefix('p')?.parse::<f64>().ok().filter(|p| (0.0..=100.0).contains(p));
    Ok(match text {
        "count" => (Aggregate::Count, "number of".to_owned()),
        "mean" => (Aggregate::Mean, "mean".to_owned()),
        "median" => (Aggregate::Quantile(0.5), "median".to_owned()),
        "min" => (Aggregate::Min, "minimum".to_owned()),
        "max" => (Aggregate::Max, "maximum".to_owned()),
        "sum" => (Aggregate::Sum, "sum of".to_owned()),
        "share" => match &rule.equals {
            Some(value) => (Aggregate::ShareEqual(value.clone()), format!("share of `{value}` in")),
            None => (Aggregate::ShareSet, "share with".to_owned()),
        },
        _ => match quantile() {
            Some(percent) => (Aggregate::Quantile(percent / 100.0), text.to_owned()),
            None => {
                let problem = format!(
                    "unknown aggregate `{text}`; write count, mean, median, min, max, sum, share, or a quantile such as p95"
                );
                return wrong(&rule.name, "aggregate", problem);
            }
        },
    })
}
