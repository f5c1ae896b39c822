//! The pure crates do no IO: neither they nor any crate below them.

use std::collections::{BTreeMap, BTreeSet};

use crate::circles::sources;
use crate::source::{Crate, Module, Path};
use crate::tidy::all_dependencies;

/// One subject each, from values to values. They cannot fail for outside reasons.
const PURE: [&str; 6] =
    ["mlops-core", "mlops-detect", "mlops-model", "mlops-record", "mlops-rules", "mlops-stats"];

/// Crates of the outside world, at any depth; a `*` ends the start of a name. (linfa brings a
/// `rand` that our crates cannot name.)
const OUTSIDE_CRATES: [&str; 19] = [
    "async-*",
    "aws-*",
    "axum*",
    "clap",
    "hyper*",
    "indicatif",
    "lettre",
    "libsqlite3-sys",
    "mio",
    "notify",
    "reqwest",
    "rustix",
    "rustls",
    "socket2",
    "sqlx*",
    "tempfile",
    "tokio*",
    "tracing*",
    "ureq",
];

/// Files, network, environment, processes, clock and global random generator.
const OUTSIDE_PATHS: [&str; 18] = [
    "jiff::Timestamp::now",
    "jiff::Zoned::now",
    "jiff::tz::TimeZone::system",
    "rand::random",
    "rand::rng",
    "rand::thread_rng",
    "std::env",
    "std::fs",
    "std::io::stderr",
    "std::io::stdin",
    "std::io::stdout",
    "std::net",
    "std::os",
    "std::process",
    "std::thread::sleep",
    "std::time::Instant",
    "std::time::SystemTime",
    "tokio",
];

/// The crates that a pure crate may not have below it.
fn outside_crates(below: &BTreeSet<String>) -> Vec<&str> {
    let is_named = |name: &str| {
        OUTSIDE_CRATES.iter().any(|outside| match outside.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == *outside,
        })
    };
    let is_outside =
        |name: &&str| is_named(name) || (name.starts_with("mlops-") && !PURE.contains(name));
    below.iter().map(String::as_str).filter(is_outside).collect()
}

/// The paths to the outside world in the sources of a crate, each after its file.
fn outside_paths(files: &BTreeMap<String, String>, root: &str) -> BTreeSet<String> {
    let library = Crate::new(files, root);
    let mut found = BTreeSet::new();
    for (file, module) in library.modules() {
        let imports = module.imports.iter().map(|import| &import.path);
        let named = imports.chain(&module.paths).map(|path| in_full(module, path));
        found.extend(named.filter(|path| is_outside(path)).map(|path| format!("{file}: {path}")));
        let globs = module.globs.iter().map(|path| in_full(module, path));
        let globs = globs.filter(|path| is_outside(path) || opens_outside(path));
        found.extend(globs.map(|path| format!("{file}: {path}::*")));
    }
    found
}

/// A path with its first name as it was imported: `fs::read` after `use std::fs` is
/// `std::fs::read`.
fn in_full(module: &Module, path: &Path) -> String {
    let mut path: Path = path.iter().filter(|segment| !segment.is_empty()).cloned().collect();
    // Every import is followed once, since `use a::b as a` would never end.
    for _ in &module.imports {
        let import = module.imports.iter().find(|import| {
            path.first() == Some(&import.name) && import.path.first() != Some(&import.name)
        });
        let Some(import) = import else { break };
        let start = import.path.iter().filter(|segment| !segment.is_empty());
        path = start.chain(&path[1..]).cloned().collect();
    }
    path.join("::")
}

fn is_outside(path: &str) -> bool {
    OUTSIDE_PATHS.iter().any(|outside| is_within(path, outside))
}

/// Whether `path::*` brings the name of something outside, as `std::time::*` does.
fn opens_outside(path: &str) -> bool {
    OUTSIDE_PATHS.iter().any(|outside| is_within(outside, path))
}

fn is_within(path: &str, start: &str) -> bool {
    path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[test]
fn pure_crates_have_no_io_below_them() {
    for name in PURE {
        let below = all_dependencies(&[name]);
        assert!(below.contains("jiff") && below.contains("serde"), "{name}: {below:?}");
        let outside = outside_crates(&below);
        assert!(outside.is_empty(), "{name} may not use {outside:?}; see `cargo tree -i`");
    }
}

#[test]
fn pure_crates_do_no_io_themselves() {
    for name in PURE {
        let found = outside_paths(&sources(name), &format!("crates/{name}/src/lib.rs"));
        assert!(found.is_empty(), "{name} is pure, but names {found:#?}");
    }
}

#[test]
fn crates_of_the_outside_world_are_found_by_name() {
    let below = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let pure: BTreeSet<String> = below(&["itoa", "jiff", "mlops-core", "mlops-stats", "serde"]);
    assert!(outside_crates(&pure).is_empty());
    for name in [
        "tokio",
        "tokio-util",
        "aws-sdk-s3",
        "aws-sigv4",
        "hyper-util",
        "mio",
        "mlops-job",
        "sqlx-core",
    ] {
        let mut spoiled = pure.clone();
        spoiled.insert(name.to_owned());
        assert_eq!(outside_crates(&spoiled), [name]);
    }
}

#[test]
fn the_programs_have_io_below_them() {
    let below = all_dependencies(&["etl-mysql"]);
    let outside = outside_crates(&below);
    for name in ["aws-sdk-s3", "mio", "mlops-job", "sqlx", "tokio", "tracing"] {
        assert!(outside.contains(&name), "{outside:?}");
    }
}

#[test]
fn io_is_found_in_sources() {
    for (spoiled, path) in [
        ("fn f() { std::fs::read(\"a\"); }", "std::fs::read"),
        ("use std::fs;", "std::fs"),
        ("use std::{collections::BTreeMap, fs};", "std::fs"),
        ("use std::{io::Read, net::{TcpStream, ToSocketAddrs}};", "std::net::TcpStream"),
        ("use std::process::{self, Command};", "std::process"),
        ("use std as s; fn f() { s::env::var(\"A\"); }", "std::env::var"),
        ("fn f() { ::std::env::args(); }", "std::env::args"),
        ("use std::time; fn f() { time::Instant::now(); }", "std::time::Instant::now"),
        ("use std::time::{Duration, SystemTime};", "std::time::SystemTime"),
        ("use std::time::*;", "std::time::*"),
        ("use std::*;", "std::*"),
        ("use jiff::Timestamp; fn f() { Timestamp::now(); }", "jiff::Timestamp::now"),
        ("fn f() { assert!(std::env::var(\"A\").is_ok()); }", "std::env::var"),
        ("async fn f() { tokio::join!(a(), b()); }", "tokio::join"),
        ("mod inner { pub(super) fn f() { tokio::spawn(g()); } }", "tokio::spawn"),
        ("struct S(std::net::IpAddr);", "std::net::IpAddr"),
    ] {
        let files = [("lib.rs".to_owned(), spoiled.to_owned())].into();
        let found = outside_paths(&files, "lib.rs");
        assert!(found.contains(&format!("lib.rs: {path}")), "{spoiled}: {found:?}");
    }
}

#[test]
fn pure_sources_and_their_tests_pass() {
    for pure in [
        "use std::time::Duration; use jiff::Timestamp; fn f(at: Timestamp) {}",
        "use std::io::{self, Read}; fn f(from: impl Read) -> io::Result<()> { Ok(()) }",
        "#[cfg(test)] mod tests { use std::fs; }",
        "fn process() {} fn f(env: &str) { process(); }",
    ] {
        let files = [("lib.rs".to_owned(), pure.to_owned())].into();
        let found = outside_paths(&files, "lib.rs");
        assert!(found.is_empty(), "{pure}: {found:?}");
    }
}
