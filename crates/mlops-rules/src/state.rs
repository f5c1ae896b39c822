use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Recent, Severity};

/// The status of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It had no value to judge by, and nothing was wrong when it had one.
    Unknown,
    /// All right.
    Ok,
    /// Wrong, but not often enough yet.
    Pending,
    /// Wrong often enough to be told.
    Firing,
    /// Right again, but not for long enough yet.
    Recovering,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Unknown, Self::Ok, Self::Pending, Self::Firing, Self::Recovering];

    /// The name in `alert_state`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Ok => "ok",
            Self::Pending => "pending",
            Self::Firing => "firing",
            Self::Recovering => "recovering",
        }
    }

    /// Whether an episode that was, or may yet be, told is under way.
    pub fn is_alert(self) -> bool {
        matches!(self, Self::Firing | Self::Recovering)
    }
}

impl FromStr for Status {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|status| status.name() == text);
        found.ok_or_else(|| format!("`{text}` is not a state of an alert"))
    }
}

/// Why a message is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transition {
    /// It began.
    Fired,
    /// It became critical.
    Escalated,
    /// It goes on.
    Repeated,
    /// It goes on, and quiet hours that held its message are over.
    Held,
    /// It is over.
    Recovered,
    /// The daily report.
    Report,
    /// Today's texts are used up.
    Muted,
    /// A sample.
    Test,
}

impl Transition {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Fired,
        Self::Escalated,
        Self::Repeated,
        Self::Held,
        Self::Recovered,
        Self::Report,
        Self::Muted,
        Self::Test,
    ];

    /// The name in `alert_outbox`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fired => "fired",
            Self::Escalated => "escalated",
            Self::Repeated => "repeated",
            Self::Held => "held",
            Self::Recovered => "recovered",
            Self::Report => "report",
            Self::Muted => "muted",
            Self::Test => "test",
        }
    }

    /// Whether it is better told twice than not at all; the opposite holds for a digest.
    pub fn is_page(self) -> bool {
        !matches!(self, Self::Report | Self::Test)
    }
}

/// The state of a rule for one group.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertState {
    /// The status.
    pub status: Status,
    /// How bad it is, or would be.
    pub severity: Severity,
    /// When the status began.
    pub since: Timestamp,
    /// The last value.
    pub value: Option<f64>,
    /// The value of this episode that lay furthest outside.
    pub worst: Option<f64>,
    /// The results of the last runs.
    pub recent: Recent,
    /// When the first wrong run of this, or else of the last, episode was.
    pub fired_at: Option<Timestamp>,
    /// When a message was last called for.
    pub notified_at: Option<Timestamp>,
    /// Since when there has been no value.
    pub no_data_since: Option<Timestamp>,
    /// Why there is no value.
    pub why: String,
    /// The time of the last run.
    pub evaluated_at: Timestamp,
}

impl AlertState {
    /// The state of a rule that was never run, at the time of its first run.
    pub fn new(severity: Severity, at: Timestamp) -> Self {
        Self {
            status: Status::Unknown,
            severity,
            since: at,
            value: None,
            worst: None,
            recent: Recent::default(),
            fired_at: None,
            notified_at: None,
            no_data_since: None,
            why: String::new(),
            evaluated_at: at,
        }
    }

    /// Whether a message about the episode under way was called for.
    pub fn is_announced(&self) -> bool {
        self.notified_at.is_some() && self.notified_at >= self.fired_at
    }
}
