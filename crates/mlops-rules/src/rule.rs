use jiff::SignedDuration;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Condition, Measure, QuietHours, Recipient, Severity, Unit};

/// The effect of a run without a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NoData {
    /// The state stays what it is; `ok` becomes `unknown`.
    #[default]
    Keep,
    /// It counts as wrong.
    Alert,
    /// It counts as right.
    Ok,
}

/// How often a rule that fires is told again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Repeat {
    /// Not at all.
    Never,
    /// When this long has passed since the last message; 0 is at each run.
    Every(SignedDuration),
}

/// One thing that is watched. Made by [`RulesFile::check`](super::RulesFile::check), which sees to
/// it that the parts go together.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Names it in messages and in `alert_state`; no two rules of one database may share it.
    pub name: String,
    /// The metric.
    pub measure: Measure,
    /// The name of the metric in messages: `requests`, `mean of output.prediction`.
    pub what: String,
    /// How the value is written.
    pub unit: Unit,
    /// The length of the window, which ends at the time of the run.
    pub window: SignedDuration,
    /// The value is the change against the same window this long before, instead of the measured
    /// number itself.
    pub against: Option<SignedDuration>,
    /// Windows with fewer rows have no value.
    pub min_rows: u64,
    /// When the value is wrong.
    pub condition: Condition,
    /// The rule fires when `k` …
    pub k: usize,
    /// … of the last `n` runs were wrong.
    pub n: usize,
    /// It has recovered when so many runs in a row were right.
    pub recover_after: usize,
    /// How bad it is beyond the condition's bounds.
    pub severity: Severity,
    /// After a message, firing anew stays quiet for so long, unless it is critical.
    pub cooldown: SignedDuration,
    /// How often it is told again.
    pub repeat: Repeat,
    /// The effect of a run without a value.
    pub no_data: NoData,
    /// The recipients.
    pub recipients: Vec<Recipient>,
    /// The recommended action, for the recipients.
    pub next: Option<String>,
}

/// A checked rules file.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// The step of the runs; windows end at its multiples.
    pub every: SignedDuration,
    /// Windows end so long before now, for requests to arrive in the database.
    pub delay: SignedDuration,
    /// The clock of messages, quiet hours and days.
    pub time_zone: TimeZone,
    /// Hours in which only what is critical goes out.
    pub quiet: Option<QuietHours>,
    /// A telephone number gets no more than this a day; then one notice that it is muted.
    pub texts_per_day: u32,
    /// The recipients of the daily report and of test messages.
    pub recipients: Vec<Recipient>,
    /// The rules.
    pub rules: Vec<Rule>,
}
