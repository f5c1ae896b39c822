#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod proxy;
mod secrets;
mod this_machine;

pub use proxy::Proxy;
pub use secrets::Secrets;
pub use this_machine::is_for_this_machine;
