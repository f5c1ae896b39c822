use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Channel, NoData, Severity};

/// A rules file as it is written: TOML, whose keys have dashes. `docs/alerts.md` explains each.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct RulesFile {
    /// The step of the schedule: windows end at its multiples, in UTC. Default `10m`.
    pub every: Option<String>,
    /// How long requests take to arrive in the database; windows end so long before now. Default
    /// `0`.
    pub delay: Option<String>,
    /// The IANA time zone of messages, quiet hours and days. Default `UTC`.
    pub time_zone: Option<String>,
    /// A telephone number gets no more texts a day, and then one notice that it is muted. Default
    /// 20.
    pub texts_per_day: Option<u32>,
    /// Hours in which only what is critical goes out.
    pub quiet_hours: Option<QuietFile>,
    /// Groups of people, by name.
    pub recipients: BTreeMap<String, RecipientsFile>,
    /// The rules.
    #[serde(rename = "rule")]
    pub rules: Vec<RuleFile>,
}

/// Hours of each day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct QuietFile {
    /// The first moment: `22:00`.
    pub from: String,
    /// The first moment after: `07:00`.
    pub to: String,
    /// The channels that are quiet. Default `["sms"]`.
    #[serde(default = "only_sms")]
    pub channels: Vec<Channel>,
}

fn only_sms() -> Vec<Channel> {
    vec![Channel::Sms]
}

/// Some people, and how they are reached.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct RecipientsFile {
    /// E-mail addresses.
    pub email: Vec<String>,
    /// Telephone numbers, in E.164: `+4915112345678`.
    pub sms: Vec<String>,
}

/// The metric of a rule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MetricName {
    /// The number of requests.
    #[default]
    Count,
    /// `output.prediction`, by `aggregate`.
    Prediction,
    /// The share of requests whose `output.high_risk` is `yes`.
    HighRiskShare,
    /// The share of requests that have `output.error`.
    ErrorShare,
    /// `output.response_time` in seconds, by `aggregate`.
    ResponseTime,
    /// The share of inputs that are null; with `path` the share of requests that lack this one.
    MissingShare,
    /// Minutes since the last request.
    Silence,
    /// Any value of the log record, by `path` and `aggregate`.
    Json,
    /// Features that shifted, by the latest run of `drift` in the window.
    DataShift,
    /// Findings `shifted` of the latest run of `concept-shift` in the window.
    ConceptShift,
    /// Decisive periods `shifted` of the latest run of `performance` in the window.
    Performance,
    /// Minutes since the last run of the ETL.
    EtlSilence,
    /// Dead letters of the ETL: records that could not be loaded.
    DeadLetters,
}

/// One rule.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct RuleFile {
    /// Names it, in messages too; no two rules of one database may share it.
    pub name: String,
    /// The model whose requests and findings are measured, or `*` for each model. Default: the model
    /// of the job.
    pub model: Option<String>,
    /// The metric. Default `count`.
    pub metric: MetricName,
    /// The path of the value in a record: `output.prediction`.
    pub path: Option<String>,
    /// The aggregate over the window: `count`, `mean` (default), `median`, `min`, `max`, `sum`,
    /// `share`, or a quantile such as `p95`.
    pub aggregate: Option<String>,
    /// With `aggregate = "share"`: the value that is counted. Without it every value that is not
    /// null counts.
    pub equals: Option<String>,
    /// One alert for each value of this: `input.device_type`.
    pub by: Option<String>,
    /// The length of the window. Default `every`.
    pub window: Option<String>,
    /// Compare with the same window so long before: `1d`, `7d`. The value is then the relative
    /// change: 0.5 is half as much more.
    pub against: Option<String>,
    /// A window with fewer requests has no value. Default 1; `count` has a value always.
    pub min_rows: Option<u64>,
    /// Wrong above this.
    pub above: Option<f64>,
    /// Wrong below this.
    pub below: Option<f64>,
    /// Wrong outside of these two.
    pub outside: Option<[f64; 2]>,
    /// Critical above this.
    pub critical_above: Option<f64>,
    /// Critical below this.
    pub critical_below: Option<f64>,
    /// Critical outside of these two.
    pub critical_outside: Option<[f64; 2]>,
    /// Right again only when the value has come back by this much. Default 0.
    pub margin: Option<f64>,
    /// Fire when so many of the last runs were wrong: `2 of 3`. Default `1 of 1`.
    #[serde(rename = "for")]
    pub for_runs: Option<String>,
    /// Recovered when so many runs in a row were right. Default 2.
    pub recover_after: Option<usize>,
    /// How bad it is. Default `warning`.
    pub severity: Option<Severity>,
    /// After a message, firing anew stays quiet for so long, unless it is critical. Default `30m`.
    pub cooldown: Option<String>,
    /// Tell it again after so long: a span, `0` for each run, or `never`. Default `4h`.
    pub repeat: Option<String>,
    /// The effect of a run without a value: `keep` (default), `alert` or `ok`.
    pub no_data: NoData,
    /// Recipients: names of groups, or addresses. Default all groups.
    pub to: Vec<String>,
    /// The recommended action for the recipients: a sentence, or the URL of a runbook.
    pub next: Option<String>,
}

impl RulesFile {
    /// The JSON Schema of the file, for editors.
    pub fn schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }
}
