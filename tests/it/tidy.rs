//! The rules of the repository, as ARCHITECTURE.md states them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::programs::{JOBS, root};

/// The layers of the workspace, from the base up. A crate uses only crates of lower layers.
const LAYERS: [&[&str]; 5] = [
    &["mlops-core"],
    &["mlops-detect", "mlops-model", "mlops-record", "mlops-rules", "mlops-stats"],
    &["mlops-aws", "mlops-job", "mlops-objects", "mlops-page", "mlops-sql", "mlops-table"],
    &["mlops-alert", "mlops-etl", "mlops-monitor", "mlops-testkit", "mlops-web"],
    &JOBS,
];

/// What a crate may use of its own layer.
const IN_ONE_LAYER: [(&str, &str); 3] = [
    ("mlops-detect", "mlops-model"),
    ("mlops-detect", "mlops-stats"),
    // Clients of AWS share their credentials, timeouts and errors.
    ("mlops-objects", "mlops-aws"),
];

/// The layer of a crate. The end-to-end tests stand above all of them.
fn layer(name: &str) -> usize {
    let found = LAYERS.iter().position(|layer| layer.contains(&name));
    found.unwrap_or_else(|| match name {
        "e2e" => LAYERS.len(),
        _ => panic!("{name} is new: say in tidy.rs to which layer it belongs"),
    })
}

/// What stands in one crate only, or nowhere.
const QUARANTINED: [(&str, &[&str]); 16] = [
    ("lettre", &["alert-email"]),
    ("aws-sdk-sns", &["alert-sms"]),
    ("aws-sdk-secretsmanager", &["mlops-aws", "mlops-testkit"]),
    ("linfa", &["mlops-model"]),
    ("prost", &["mlops-model"]),
    ("plotters", &["mlops-page"]),
    ("axum", &["dashboard", "mlops-web", "score"]),
    ("subtle", &["mlops-web"]),
    ("aws-sdk-batch", &["mlops-monitor", "mlops-testkit"]),
    ("sqlx", &["mlops-sql", "mlops-testkit"]),
    ("parquet", &["mlops-table"]),
    ("aws-sdk-s3", &["mlops-objects", "mlops-testkit"]),
    ("aws-sdk-dynamodb", &["etl-dynamo", "mlops-testkit"]),
    ("aws-config", &["mlops-aws"]),
    ("tracing-subscriber", &["mlops-job"]),
    ("indicatif", &["mlops-job", "mlops-etl"]),
];

/// `deny.toml`: the licenses that are allowed, and the crates that are banned.
fn deny_toml() -> toml::Table {
    fs::read_to_string(root().join("deny.toml")).unwrap().parse().unwrap()
}

pub(crate) fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--filter-platform",
            "x86_64-unknown-linux-gnu",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

pub(crate) fn array<'v>(value: &'v Value, key: &str) -> &'v Vec<Value> {
    value[key].as_array().unwrap()
}

pub(crate) fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap()
}

/// The packages of the workspace.
pub(crate) fn members(metadata: &Value) -> impl Iterator<Item = &Value> {
    let members = array(metadata, "workspace_members");
    array(metadata, "packages").iter().filter(|package| members.contains(&package["id"]))
}

/// The direct normal dependencies of each crate of the workspace.
pub(crate) fn direct_dependencies(metadata: &Value) -> BTreeMap<String, BTreeSet<String>> {
    members(metadata)
        .map(|package| {
            let normal = array(package, "dependencies")
                .iter()
                .filter(|dependency| dependency["kind"].is_null());
            (
                text(package, "name").to_owned(),
                normal.map(|dependency| text(dependency, "name").to_owned()).collect(),
            )
        })
        .collect()
}

/// The names of everything that ends up in these packages, outside of tests and builds, as the
/// compiler sees it.
pub(crate) fn all_dependencies(names: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}"])
        .args(names.iter().flat_map(|name| ["--package", name]))
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

pub(crate) fn crates() -> Vec<PathBuf> {
    let mut crates: Vec<PathBuf> =
        fs::read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap().path()).collect();
    crates.sort();
    assert!(crates.len() >= 10, "{crates:?}");
    crates
}

/// The files below a folder that git would keep, with these extensions.
pub(crate) fn files(folder: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir()
            && !["target", ".git", ".venv"].iter().any(|skipped| path.ends_with(skipped))
        {
            found.extend(files(&path, extensions));
        } else if path.extension().and_then(|e| e.to_str()).is_some_and(|e| extensions.contains(&e))
        {
            found.push(path);
        }
    }
    found
}

#[test]
fn crates_use_only_those_below_them() {
    let dependencies = direct_dependencies(&metadata());
    for (name, used) in &dependencies {
        let inner = used.iter().filter(|used| dependencies.contains_key(*used));
        for used in inner {
            let is_below = layer(used) < layer(name);
            let is_allowed = IN_ONE_LAYER.contains(&(name.as_str(), used.as_str()));
            assert!(is_below || is_allowed, "{name} may not use {used}");
        }
    }
}

#[test]
fn heavy_dependencies_stand_in_one_crate() {
    for (name, used) in direct_dependencies(&metadata()) {
        for (heavy, homes) in QUARANTINED {
            assert!(
                !used.contains(heavy) || homes.contains(&name.as_str()),
                "{name} may not use {heavy}; {homes:?} may"
            );
        }
    }
}

#[test]
fn there_is_one_tls_stack() {
    let used = all_dependencies(&JOBS);
    assert!(used.contains("rustls") && used.contains("aws-lc-rs"), "{used:?}");
    for banned in deny_toml()["bans"]["deny"].as_array().unwrap() {
        let name = banned["name"].as_str().unwrap();
        assert!(!used.contains(name), "{name} is in the tree; see `cargo tree -i {name}`");
    }
}

#[test]
fn licenses_are_permissive() {
    let deny = deny_toml();
    let allowed = deny["licenses"]["allow"].as_array().unwrap();
    for package in array(&metadata(), "packages") {
        let Some(license) = package["license"].as_str() else {
            panic!("{} names no license", package["name"])
        };
        // `A OR B` leaves the choice; of `A AND B` and `A/B` every part counts, which is stricter
        // than it must be.
        let is_allowed = |alternative: &str| {
            alternative.split(" AND ").all(|part| {
                let part = part.trim().trim_matches(['(', ')']);
                allowed.iter().any(|allowed| allowed.as_str() == Some(part))
            })
        };
        let license = license.replace('/', " OR ");
        assert!(license.split(" OR ").any(is_allowed), "{}: {license}", package["name"]);
    }
}

#[test]
fn mains_are_thin() {
    for job in JOBS {
        let main = root().join("crates").join(job).join("src/main.rs");
        let lines = fs::read_to_string(&main).unwrap().lines().count();
        assert!(lines <= 40, "{} has {lines} lines", main.display());
    }
}

#[test]
fn files_hold_one_idea() {
    for folder in crates() {
        for file in files(&folder, &["rs"]) {
            let lines = fs::read_to_string(&file).unwrap().lines().count();
            assert!(lines <= 500, "{} has {lines} lines; split it", file.display());
        }
    }
}

#[test]
fn every_crate_has_a_readme_that_is_its_documentation() {
    for folder in crates() {
        let readme = fs::read_to_string(folder.join("README.md")).unwrap_or_default();
        let lines = readme.lines().count();
        assert!((3..=40).contains(&lines), "{}/README.md has {lines} lines", folder.display());
        let lib = fs::read_to_string(folder.join("src/lib.rs")).unwrap();
        assert!(lib.contains("include_str!(\"../README.md\")"), "{}/src/lib.rs", folder.display());
    }
}

#[test]
fn nothing_is_left_open_and_no_test_is_passed_over() {
    // Put together here, so that this file does not find itself.
    let words = [
        "#[ig".to_owned() + "nore",
        "TO".to_owned() + "DO",
        "FIX".to_owned() + "ME",
        "std::thread::sl".to_owned() + "eep",
    ];
    let harness = root().join("crates/mlops-testkit/src/server.rs");
    for file in files(&root().join("crates"), &["rs", "sql", "sh", "toml"]) {
        let text = fs::read_to_string(&file).unwrap();
        for word in &words {
            // The harness waits for a server's port, which tells nobody when it opens.
            assert!(!text.contains(word) || file == harness, "`{word}` in {}", file.display());
        }
    }
}

#[test]
fn documents_link_to_files_that_are_there() {
    for document in files(&root(), &["md"]) {
        let text = fs::read_to_string(&document).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap();
            let is_here = !file.is_empty() && !file.contains("://");
            let target = document.parent().unwrap().join(file);
            assert!(!is_here || target.exists(), "{} links to {link}", document.display());
        }
    }
}
