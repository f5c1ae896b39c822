//! What the programs say of themselves with `--spec`, against what they do and what is made of it.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::programs::{JOBS, job, root};
use crate::tidy::{array, crates, direct_dependencies, files, metadata, text};

fn spec(name: &str) -> Value {
    job(name).args(["--spec"]).run().json(0)
}

fn names(values: &[Value]) -> BTreeSet<&str> {
    values.iter().map(|value| value.as_str().unwrap()).collect()
}

#[test]
fn every_crate_without_a_prefix_is_a_program_that_says_its_name() {
    let folders =
        crates().into_iter().map(|folder| folder.file_name().unwrap().to_str().unwrap().to_owned());
    let folders: Vec<String> = folders.filter(|name| !name.starts_with("mlops-")).collect();
    assert_eq!(folders, JOBS, "the programs in tests/it/programs.rs");
    for name in JOBS {
        assert_eq!(text(&spec(name), "name"), name);
    }
}

#[test]
fn the_list_for_the_stacks_is_what_the_programs_say() {
    let kept: Vec<Value> =
        serde_json::from_str(&fs::read_to_string(root().join("infra/jobs.json")).unwrap()).unwrap();
    let said: Vec<Value> = JOBS.iter().map(|name| spec(name)).collect();
    assert_eq!(kept, said, "infra/jobs.json is stale; `just specs` writes it anew");
}

#[test]
fn rights_and_secrets_are_about_variables_of_the_program() {
    for name in JOBS {
        let spec = spec(name);
        let variables = names(array(&spec, "variables"));
        let grants = array(&spec, "grants").iter();
        let named = grants
            .flat_map(|grant| [Some(text(grant, "variable")), grant["when"].as_str()])
            .flatten();
        for variable in named.chain(names(array(&spec, "secrets"))) {
            assert!(
                variables.contains(variable),
                "{name} has no argument with the variable {variable}"
            );
        }
    }
}

#[test]
fn the_exits_are_those_of_the_help() {
    let help = job("drift").args(["--help"]).run().stdout;
    for exit in array(&spec("drift"), "exits") {
        let line =
            help.lines().find(|line| line.trim_start().starts_with(&format!("{}  ", exit["code"])));
        let line = line.unwrap_or_else(|| panic!("--help does not explain {exit}"));
        assert_eq!(exit["retry"].as_bool().unwrap(), line.ends_with("; try again"), "{line}");
    }
}

#[test]
fn a_service_has_a_command_that_asks_whether_it_is_well() {
    let services = JOBS.into_iter().filter(|name| text(&spec(name), "kind") == "service");
    let asked = services.inspect(|name| {
        let listen = format!("{}_LISTEN", name.to_uppercase().replace('-', "_"));
        let path = text(&spec(name), "health").to_owned();
        // Nobody listens there.
        job(name)
            .args(["health"])
            .env(&listen, "0.0.0.0:1")
            .run()
            .check_failed(1, &[&format!("127.0.0.1:1{path}")]);
    });
    assert!(asked.count() > 0);
}

/// What IAM calls a call of an SDK, where that is not the call's own name.
fn action(service: &str, call: &str) -> String {
    let prefix = match service {
        "sesv2" => "ses",
        other => other,
    };
    let name = match (prefix, call) {
        ("s3", "list_objects_v2") => "ListBucket".to_owned(),
        ("s3", "head_object") => "GetObject".to_owned(),
        _ => call.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect(),
    };
    format!("{prefix}:{name}")
}

/// The calls that an SDK has, by its own source: one file each.
fn calls_of(sdk: &Value) -> BTreeSet<String> {
    let folder = PathBuf::from(text(sdk, "manifest_path")).parent().unwrap().join("src/operation");
    let files = files(&folder, &["rs"]).into_iter().filter(|file| file.parent() == Some(&folder));
    files.map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

/// Everything in quotes that is an action of the service.
fn declared(source: &str, prefix: &str) -> BTreeSet<String> {
    let quoted = source.split('"').skip(1).step_by(2);
    let action = |text: &&str| {
        text.strip_prefix(prefix)
            .is_some_and(|rest| rest.starts_with(':') && rest[1..].starts_with(char::is_uppercase))
    };
    quoted.filter(action).map(str::to_owned).collect()
}

#[test]
fn a_crate_declares_the_actions_that_it_calls_and_no_others() {
    let metadata = metadata();
    let mut all_declared = BTreeSet::new();
    for (name, used) in direct_dependencies(&metadata) {
        let folder = root().join("crates").join(&name).join("src");
        // The testkit plays AWS's part and needs no rights.
        if name == "mlops-testkit" || name == "e2e" {
            continue;
        }
        let sources =
            files(&folder, &["rs"]).into_iter().map(|file| fs::read_to_string(file).unwrap());
        let source: String = sources.collect::<Vec<_>>().join("\n");
        // `sts:GetCallerIdentity` needs no permission.
        let services = used.iter().filter(|used| used.starts_with("aws-sdk-"));
        for sdk in services.filter(|used| *used != "aws-sdk-sts") {
            let service = sdk.strip_prefix("aws-sdk-").unwrap();
            let package = array(&metadata, "packages")
                .iter()
                .find(|package| text(package, "name") == *sdk)
                .unwrap();
            let calls =
                calls_of(package).into_iter().filter(|call| source.contains(&format!(".{call}()")));
            let called: BTreeSet<String> = calls.map(|call| action(service, &call)).collect();
            let prefix = action(service, "any").split(':').next().unwrap().to_owned();
            let declared = declared(&source, &prefix);
            assert!(!called.is_empty(), "{name} has {sdk} and calls nothing of it");
            assert_eq!(called, declared, "what {name} calls of {service}, and what it declares");
            all_declared.extend(declared);
        }
    }
    let said: BTreeSet<String> = JOBS
        .iter()
        .flat_map(|name| {
            array(&spec(name), "grants")
                .iter()
                .map(|grant| text(grant, "action").to_owned())
                .collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(said, all_declared, "what the programs ask for, and what the crates call");
}
