use jiff::SignedDuration;
use jiff::tz::TimeZone;
use mlops_core::model_name::ModelName;
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

/// The models that a rule is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleModels {
    /// The one of the job.
    OfJob,
    /// This one.
    One(ModelName),
    /// Each of the database, with a state and messages of its own.
    Each,
}

/// One thing that is watched. Made by [`RulesFile::check`](super::RulesFile::check), which sees to
/// it that the parts go together.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Names it in messages and in `alert_state`; no two rules of one database may share it.
    pub name: String,
    /// Which models it is about.
    pub models: RuleModels,
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
    /// The model that is judged.
    pub model: ModelName,
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

impl Rules {
    /// Returns the rules that are about `model`, in a job of the model `of_job`.
    #[must_use]
    pub fn of_model(&self, model: &ModelName, of_job: &ModelName) -> Self {
        let is_of_model = |rule: &&Rule| match &rule.models {
            RuleModels::OfJob => model == of_job,
            RuleModels::One(name) => name == model,
            RuleModels::Each => true,
        };
        let rules = self.rules.iter().filter(is_of_model).cloned().collect();
        Self { model: model.clone(), rules, ..self.clone() }
    }
}
