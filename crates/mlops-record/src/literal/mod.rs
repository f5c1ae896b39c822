//! JSON as services write it, and Python's `str(dict)`: one reader for both, one writer of strict
//! JSON.

mod cursor;
mod python;
mod reader;
mod value;
mod writer;

#[cfg(test)]
mod tests;

pub use cursor::LiteralError;
pub use reader::read;
pub use value::Value;
pub use writer::{REPLACED_KEY, write_json};
