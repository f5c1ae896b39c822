//! One module, as its text says it.

use std::collections::{BTreeMap, BTreeSet};

/// The segments of a path; a leading `::` is an empty first segment.
pub(crate) type Path = Vec<String>;

/// A module: a file, or a block inside one.
#[derive(Debug, Default)]
pub(crate) struct Module {
    /// Names of the items that are defined here.
    pub(crate) items: BTreeSet<String>,
    /// Imports and re-exports of single names.
    pub(crate) imports: Vec<Import>,
    /// Paths before a `::*`.
    pub(crate) globs: Vec<Path>,
    /// Paths that the code names outside of imports.
    pub(crate) paths: BTreeSet<Path>,
    /// Modules that are declared here; `None` for one in a file of its own.
    pub(crate) children: BTreeMap<String, Option<Module>>,
    /// Whether there is more than declarations and imports.
    pub(crate) has_code: bool,
}

/// One name that `use` brings into a module.
#[derive(Debug)]
pub(crate) struct Import {
    pub(crate) name: String,
    pub(crate) path: Path,
}
