#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod advance;
mod backtest;
mod condition;
mod message;
mod metric;
mod quiet;
mod recent;
mod recipient;
mod report;
mod report_message;
mod route;
mod rule;
mod rules_check;
mod rules_file;
mod severity;
mod state;
mod store;
mod text_message;
mod window;

#[cfg(test)]
mod tests;

pub use advance::{Observation, Step, advance};
pub use backtest::{Backtest, BacktestCounts};
pub use condition::{Bounds, Condition, Judgement};
pub use message::{Context, Message, compose, muted_notice, sample};
pub use metric::{Aggregate, JsonPath, Measure, Measured, Monitor, Unit};
pub use quiet::QuietHours;
pub use recent::{MAX_RUNS, Recent};
pub use recipient::{Channel, Recipient};
pub use report::{DayReport, EtlDay, Histogram, MonitorVerdict};
pub use report_message::report_message;
pub use route::{Route, message_uid, route};
pub use rule::{NoData, Repeat, Rule, RuleModels, Rules};
pub use rules_check::RulesError;
pub use rules_file::{MetricName, QuietFile, RecipientsFile, RuleFile, RulesFile};
pub use severity::Severity;
pub use state::{AlertState, Status, Transition};
pub use store::{
    AlertStore, KeptAlert, MessageLimit, MessageOutcome, MessageStatus, MetricStore, OutboxMessage,
    Taken, WaitingMessage,
};
pub use text_message::{Encoding, SegmentCount, cut, plain_characters, segments};
pub use window::{aligned, earlier, window_before};
