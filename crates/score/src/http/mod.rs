//! The HTTP service: its answers and its access control.

mod app;
mod auth;
mod body;
mod layer;
mod openapi;
mod page;
mod predict;
mod problem;
mod router;
mod status;

pub(crate) use app::App;
pub(crate) use body::BodyBytes;
pub(crate) use problem::{FieldError, Problem};
pub(crate) use router::router;
