//! The source of a crate by its modules: what each defines, imports and names.

mod module;
mod read;
mod resolve;

pub(crate) use module::{Module, Path};
pub(crate) use resolve::{Crate, Uses};
