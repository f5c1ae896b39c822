//! Compressed objects, archives and texts in UTF-16, told apart by their first bytes.

mod kind;
mod queue;
mod stack;
mod utf16;
mod zip;

pub use queue::Step;
pub use stack::Decoder;
pub(crate) use stack::decode_all;
