use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A way to reach people; each is a job's.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// `alert-email`.
    Email,
    /// `alert-sms`.
    Sms,
}

impl Channel {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Email, Self::Sms];

    /// `email` or `sms`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
        }
    }
}

/// A recipient of alerts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Recipient {
    /// How.
    pub channel: Channel,
    /// Where: an e-mail address, or a telephone number as `+49…`.
    pub address: String,
}

impl Recipient {
    /// The address with its middle hidden, for logs: `o…@acme.example`, `+49…42`.
    pub fn masked(&self) -> String {
        let start = |text: &str, count: usize| text.chars().take(count).collect::<String>();
        match self.address.split_once('@') {
            Some((name, domain)) => format!("{}…@{domain}", start(name, 1)),
            None => {
                let last: Vec<char> = self.address.chars().rev().take(2).collect();
                format!(
                    "{}…{}",
                    start(&self.address, 3),
                    last.into_iter().rev().collect::<String>()
                )
            }
        }
    }
}
