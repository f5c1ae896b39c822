//! From the names in a crate's modules to the files that define them.

use std::collections::{BTreeMap, BTreeSet};

use super::module::Module;

/// Which names a file takes from which other file.
pub(crate) type Uses = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// The modules of a crate, from its root file on.
pub(crate) struct Crate {
    modules: Vec<SourceModule>,
}

/// A module and where it stands.
struct SourceModule {
    file: String,
    parent: usize,
    children: BTreeMap<String, usize>,
    module: Module,
}

/// What a path leads to.
#[derive(Debug, Clone, Copy)]
enum Target<'p> {
    Module(usize),
    /// An item, with the module that defines it.
    Item(usize, &'p str),
}

impl Crate {
    /// The crate of these files (path -> text), which begins with `root`.
    pub(crate) fn new(files: &BTreeMap<String, String>, root: &str) -> Self {
        let mut whole = Self { modules: Vec::new() };
        let folder = root.rsplit_once('/').map_or("", |(folder, _)| folder);
        whole.add(files, read(files, root), root, folder, 0);
        whole
    }

    /// Adds a module and those that it declares, which stand in `folder`; returns its index.
    fn add(
        &mut self,
        files: &BTreeMap<String, String>,
        mut module: Module,
        file: &str,
        folder: &str,
        parent: usize,
    ) -> usize {
        let declared = std::mem::take(&mut module.children);
        let here = self.modules.len();
        let children = BTreeMap::new();
        self.modules.push(SourceModule { file: file.to_owned(), parent, children, module });
        for (name, inner) in declared {
            let below = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            let child = if let Some(inner) = inner {
                self.add(files, inner, file, &below, here)
            } else {
                let found = [format!("{below}.rs"), format!("{below}/mod.rs")]
                    .into_iter()
                    .find(|path| files.contains_key(path))
                    .unwrap_or_else(|| panic!("{file} declares {name}, which has no file"));
                self.add(files, read(files, &found), &found, &below, here)
            };
            self.modules[here].children.insert(name, child);
        }
        here
    }

    /// The files of the crate's modules.
    pub(crate) fn files(&self) -> BTreeSet<&str> {
        self.modules.iter().map(|source| source.file.as_str()).collect()
    }

    /// The modules with their files.
    pub(crate) fn modules(&self) -> impl Iterator<Item = (&str, &Module)> {
        self.modules.iter().map(|source| (source.file.as_str(), &source.module))
    }

    /// What each file uses of the others, by the file that defines the name. A file that only
    /// declares and re-exports uses nothing. Methods are called without a path, and are not seen.
    pub(crate) fn uses(&self) -> Uses {
        let mut uses = Uses::new();
        for (here, source) in self.modules.iter().enumerate() {
            if !source.module.has_code {
                continue;
            }
            let imports = source.module.imports.iter().map(|import| &import.path);
            for path in imports.chain(&source.module.globs).chain(&source.module.paths) {
                for target in self.resolve(here, path, &mut Vec::new()) {
                    let Target::Item(other, name) = target else { continue };
                    let other = &self.modules[other].file;
                    if *other != source.file {
                        let names = uses.entry(source.file.clone()).or_default();
                        names.entry(other.clone()).or_default().insert(name.to_owned());
                    }
                }
            }
        }
        uses
    }

    /// What a path means in a module; nothing for what other crates define.
    fn resolve<'p>(
        &'p self,
        here: usize,
        path: &'p [String],
        on_the_way: &mut Vec<(usize, &'p str)>,
    ) -> Vec<Target<'p>> {
        let Some((first, rest)) = path.split_first() else { return vec![Target::Module(here)] };
        let mut found = match first.as_str() {
            "crate" => vec![Target::Module(0)],
            "self" => vec![Target::Module(here)],
            "super" => vec![Target::Module(self.modules[here].parent)],
            name => self.look_up(here, name, on_the_way),
        };
        // `run::Args`: of a module and a function of one name, the module.
        let has_module = found.iter().any(|target| matches!(target, Target::Module(_)));
        if !rest.is_empty() && has_module {
            found.retain(|target| matches!(target, Target::Module(_)));
        }
        let mut targets = Vec::new();
        for target in found {
            match target {
                Target::Module(module) => targets.extend(self.resolve(module, rest, on_the_way)),
                Target::Item(..) => targets.push(target),
            }
        }
        targets
    }

    /// What a name means in a module: an item, a child, an import, or a name behind a glob.
    fn look_up<'p>(
        &'p self,
        here: usize,
        name: &'p str,
        on_the_way: &mut Vec<(usize, &'p str)>,
    ) -> Vec<Target<'p>> {
        let source = &self.modules[here];
        let mut found = Vec::new();
        if source.module.items.contains(name) {
            found.push(Target::Item(here, name));
        }
        found.extend(source.children.get(name).map(|child| Target::Module(*child)));
        // `use run::run` asks for `run` on the way to `run`.
        if on_the_way.contains(&(here, name)) {
            return found;
        }
        on_the_way.push((here, name));
        for import in source.module.imports.iter().filter(|import| import.name == name) {
            found.extend(self.resolve(here, &import.path, on_the_way));
        }
        if found.is_empty() {
            for glob in &source.module.globs {
                for target in self.resolve(here, glob, on_the_way) {
                    if let Target::Module(module) = target
                        && module != here
                    {
                        found.extend(self.look_up(module, name, on_the_way));
                    }
                }
            }
        }
        on_the_way.pop();
        found
    }
}

fn read(files: &BTreeMap<String, String>, path: &str) -> Module {
    Module::of_text(&files[path]).unwrap_or_else(|error| panic!("{path}: {error}"))
}
