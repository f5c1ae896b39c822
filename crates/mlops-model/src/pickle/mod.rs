//! Python pickles of plain containers. Reading them needs no import and runs no code.
//!
//! The reader takes what `pickle.dumps` makes of `None`, `bool`, `int`, `float`, `str`, `bytes`,
//! `list`, `tuple` and `dict` in protocols 2 to 5. Every opcode that could import or call
//! code is rejected.

mod reader;
#[cfg(test)]
mod tests;
mod value;
mod writer;

pub use reader::{PickleError, read};
pub use value::{Field, Shape, Value};
pub use writer::write;
