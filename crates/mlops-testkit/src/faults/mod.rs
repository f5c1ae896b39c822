//! A proxy that makes AWS fail in the ways in which it does.

mod answers;
mod batch;
mod cut;
mod operation;
mod proxy;
mod rules;
#[cfg(test)]
mod tests;

pub use proxy::Faults;
pub use rules::{Calls, Fault};
