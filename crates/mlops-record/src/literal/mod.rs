//! JSON as services write it, and Python's `str(dict)`: one reader for both, one writer of strict
//! JSON.

mod class;
mod cursor;
mod parts;
mod python;
mod reader;
mod text;
mod value;
mod writer;

#[cfg(test)]
mod tests;

pub use cursor::LiteralError;
pub(crate) use parts::{entries, is_whole, items, key_at, length};
pub use reader::read;
pub(crate) use reader::show;
pub use value::Value;
pub(crate) use value::Visitor;
pub(crate) use writer::JsonWriter;
pub use writer::{REPLACED_KEY, write_json};
