//! Python's pickles, of plain containers only: what Python reads with nothing imported and no code
//! run.
//!
//! The reader takes what `pickle.dumps` makes of `None`, `bool`, `int`, `float`, `str`, `bytes`,
//! `list`, `tuple` and `dict` in protocols 2 to 5. Everything that could import or call is refused
//! before anything is done.

mod reader;
#[cfg(test)]
mod tests;
mod value;
mod writer;

pub use reader::{PickleError, read};
pub use value::{Field, Shape, Value};
pub use writer::write;
