#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod access;
mod args;
mod backtest;
mod check;
mod daily;
mod deliver;
mod evaluate;
mod observe;
mod report;
mod rules;
mod run;
mod secret;
mod sender;

pub use access::GRANTS;
pub use args::{AlertArgs, AlertCommand, PlainArgs, ReportEvery};
pub use backtest::{BacktestReport, BacktestRule};
pub use check::CheckReport;
pub use report::{AlertReport, DeliveryCounts, RuleReport, RunReport};
pub use run::run;
pub use secret::{SecretAddresses, read_secret_json};
pub use sender::{Delivery, SendError, Sender, Sent};
