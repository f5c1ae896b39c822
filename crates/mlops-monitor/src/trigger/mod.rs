//! Requests a retrain when a monitor's finding calls for it, once.

mod access;
mod args;
mod batch;
mod submit;

pub use access::RETRAIN_GRANTS;
pub use args::RetrainArgs;
pub use submit::{Requester, RetrainAction, RetrainReport, Trigger};
