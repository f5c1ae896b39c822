#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod health;
mod lingering;
mod open_files;
mod proxy;
mod secrets;
mod serve;
mod this_machine;

pub use health::{Healthy, ask_health};
pub use proxy::Proxy;
pub use secrets::Secrets;
pub use serve::{Limits, serve};
pub use this_machine::is_for_this_machine;
