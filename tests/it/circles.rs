//! There is no circle between modules, and none between crates.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::programs::root;
use crate::source::{Crate, Uses};
use crate::tidy::{array, crates, files, members, metadata, text};

/// The circles, each as lines of `file -> file: names`.
fn circles(uses: &Uses) -> Vec<String> {
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        uses.keys().map(|file| (file.as_str(), reached_from(uses, file))).collect();
    let mut groups = BTreeSet::new();
    for (file, others) in &reached {
        let back = |other: &&&str| reached.get(**other).is_some_and(|from| from.contains(file));
        let group: Vec<&str> = others.iter().filter(back).copied().collect();
        if !group.is_empty() {
            groups.insert(group);
        }
    }
    groups.iter().map(|group| lines_of(uses, group)).collect()
}

fn reached_from<'u>(uses: &'u Uses, file: &str) -> BTreeSet<&'u str> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&str> = vec![file];
    while let Some(file) = open.pop() {
        for other in uses.get(file).into_iter().flat_map(BTreeMap::keys) {
            if reached.insert(other.as_str()) {
                open.push(other);
            }
        }
    }
    reached
}

fn lines_of(uses: &Uses, group: &[&str]) -> String {
    let mut lines = String::new();
    for file in group {
        for (other, names) in
            uses[*file].iter().filter(|(other, _)| group.contains(&other.as_str()))
        {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            lines += &format!("{file} -> {other}: {}\n", names.join(", "));
        }
    }
    lines
}

/// The sources of a crate by their paths from the root of the repository.
pub(crate) fn sources(name: &str) -> BTreeMap<String, String> {
    let found = files(&root().join("crates").join(name).join("src"), &["rs"]);
    let path =
        |file: &std::path::Path| file.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
    found.iter().map(|file| (path(file), fs::read_to_string(file).unwrap())).collect()
}

fn is_of_tests(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

#[test]
fn there_is_no_circle_between_modules() {
    let mut found = Vec::new();
    for folder in crates() {
        let name = folder.file_name().unwrap().to_str().unwrap();
        let sources = sources(name);
        let roots = ["lib.rs", "main.rs"].map(|root| format!("crates/{name}/src/{root}"));
        let roots = roots.iter().filter(|root| sources.contains_key(*root));
        let crates: Vec<Crate> = roots.map(|root| Crate::new(&sources, root)).collect();
        for path in sources.keys().filter(|path| !is_of_tests(path)) {
            let is_module = crates.iter().any(|part| part.files().contains(path.as_str()));
            assert!(is_module, "{path} is no module of {name}");
        }
        found.extend(crates.iter().flat_map(|part| circles(&part.uses())));
    }
    assert!(found.is_empty(), "{} circles:\n\n{}", found.len(), found.join("\n"));
}

#[test]
fn there_is_no_circle_between_crates() {
    let metadata = metadata();
    let mut uses = Uses::new();
    for package in members(&metadata) {
        let dependencies = array(package, "dependencies").iter();
        for dependency in dependencies.filter(|dependency| dependency["kind"] != "dev") {
            let kind = dependency["kind"].as_str().unwrap_or("normal");
            let of_package = uses.entry(text(package, "name").to_owned()).or_default();
            let kinds = of_package.entry(text(dependency, "name").to_owned()).or_default();
            kinds.insert(kind.to_owned());
        }
    }
    assert!(uses["drift"].contains_key("mlops-core"), "{:?}", uses["drift"]);
    assert_eq!(circles(&uses), Vec::<String>::new());
}

/// Finds the circles of a small crate and compares them with the expected lines.
fn check(files: &[(&str, &str)], expected: &[&str]) {
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    let library = Crate::new(&files, "lib.rs");
    assert_eq!(circles(&library.uses()), expected, "{files:#?}");
}

#[test]
fn a_circle_through_a_reexport_is_found() {
    check(
        &[
            ("lib.rs", "mod shape; mod area;"),
            ("shape/mod.rs", "mod square; pub(crate) use square::Square;"),
            ("shape/square.rs", "use crate::area::area; pub(crate) struct Square(f64);"),
            ("area.rs", "use crate::shape::Square; pub(crate) fn area(of: &Square) -> f64 { 1.0 }"),
        ],
        &["area.rs -> shape/square.rs: Square\nshape/square.rs -> area.rs: area\n"],
    );
}

#[test]
fn a_file_that_only_declares_and_reexports_is_in_no_circle() {
    check(
        &[
            ("lib.rs", "mod a; mod b; pub use a::A; pub use b::*; use b::hidden;"),
            ("a.rs", "use crate::{B, hidden}; pub struct A(B);"),
            ("b.rs", "pub struct B; pub(crate) fn hidden() {}"),
        ],
        &[],
    );
}

#[test]
fn a_parent_that_uses_a_child_and_is_used_by_it_is_a_circle() {
    let child = ("shape/square.rs", "use super::Size; pub(crate) fn square() -> Size { Size }");
    for parent in [
        "mod square; pub(crate) struct Size; fn f() { square::square(); }",
        "mod square; use square::square; pub(crate) struct Size;",
        "mod square; pub(crate) use square::square; pub(crate) struct Size;",
    ] {
        check(
            &[("lib.rs", "mod shape;"), ("shape/mod.rs", parent), child],
            &["shape/mod.rs -> shape/square.rs: square\nshape/square.rs -> shape/mod.rs: Size\n"],
        );
    }
    let parent = "mod square; pub(crate) struct Size;";
    check(&[("lib.rs", "mod shape;"), ("shape/mod.rs", parent), child], &[]);
}

#[test]
fn a_circle_of_three_is_found() {
    check(
        &[
            ("lib.rs", "mod a; mod b; mod c; mod d;"),
            ("a.rs", "use crate::b::B; pub(crate) struct A(B);"),
            ("b.rs", "use super::c::{self, C}; pub(crate) struct B(C);"),
            ("c.rs", "use crate::a::A as Other; pub(crate) struct C(Box<Other>);"),
            ("d.rs", "use crate::{a::A, b::B, c::C}; struct D(A, B, C);"),
        ],
        &["a.rs -> b.rs: B\nb.rs -> c.rs: C\nc.rs -> a.rs: A\n"],
    );
}

#[test]
fn a_circle_through_paths_without_use_is_found() {
    let lines = "a.rs -> b.rs: two\nb.rs -> a.rs: ONE\n";
    let b = ("b.rs", "pub(crate) fn two() -> u8 { super::a::ONE }");
    for a in [
        "pub(crate) const ONE: u8 = 1; fn three() -> u8 { crate::b::two() }",
        "pub(crate) const ONE: u8 = 1; fn three() { println!(\"{}\", 1 + crate::b::two()) }",
        "pub(crate) const ONE: u8 = 1; fn three() { html! { p { (super::b::two()) } } }",
        "pub(crate) const ONE: u8 = 1; #[serde(default = \"crate::b::two\")] struct Three(u8);",
        "use crate::*; pub(crate) const ONE: u8 = 1; fn three() -> u8 { b::two() }",
        "use crate::b; pub(crate) const ONE: u8 = 1; mod inner { fn f() { super::b::two(); } }",
    ] {
        check(&[("lib.rs", "mod a; mod b;"), ("a.rs", a), b], &[lines]);
    }
}

#[test]
fn what_is_there_for_tests_alone_makes_no_circle() {
    check(
        &[
            ("lib.rs", "mod a; mod b; #[cfg(test)] mod tests;"),
            ("a.rs", "pub(crate) fn a() {} #[cfg(test)] mod tests { use crate::b::b; }"),
            ("b.rs", "use crate::a::a; pub(crate) fn b() { a() }"),
        ],
        &[],
    );
}
