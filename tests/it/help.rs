//! What every program says of itself.

use crate::programs::{JOBS, job};

/// The help of each program and of its subcommands.
fn helps() -> Vec<(String, String)> {
    let help = |name: &str, arguments: &[&str]| {
        let ended = job(name).args(arguments).run();
        assert_eq!(ended.code, 0, "{name} {arguments:?}: {}", ended.stderr);
        (format!("{name} {}", arguments.join(" ")), ended.stdout)
    };
    let mut helps: Vec<_> = JOBS.iter().map(|name| help(name, &["--help"])).collect();
    helps.push(help("dashboard", &["refresh", "--help"]));
    helps.push(help("simulate", &["customers", "--help"]));
    helps.push(help("simulate", &["traffic", "--help"]));
    helps
}

#[test]
fn every_argument_has_an_environment_variable() {
    for (name, help) in helps() {
        // An option's paragraph begins with its name and ends before the next one's.
        let options = help
            .split("\n      --")
            .skip(1)
            .chain(help.split("\n  -").skip(1).filter(|o| !o.starts_with('-')));
        for option in options {
            let option_name = option.split_whitespace().next().unwrap();
            let is_claps_own = option.contains("Print help") || option.contains("Print version");
            assert!(
                is_claps_own || option.contains("[env: "),
                "{name}: --{option_name} has no environment variable"
            );
        }
    }
}

#[test]
fn every_program_shows_examples_and_its_exit_codes() {
    for name in JOBS {
        let help = job(name).args(["--help"]).run().stdout;
        for part in ["Usage:", "Examples:", "Exit codes:", "   65  ", "mlops.toml"] {
            assert!(help.contains(part), "{name} --help has no `{part}`");
        }
        let longest = help.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(longest <= 130, "{name} --help has a line of {longest} characters");
    }
}

#[test]
fn short_help_fits_one_screen() {
    for name in JOBS {
        let help = job(name).args(["-h"]).env("COLUMNS", "100").run().stdout;
        let lines = help.lines().count();
        assert!(lines <= 50, "{name} -h has {lines} lines:\n{help}");
    }
}

#[test]
fn every_program_tells_its_version() {
    for name in JOBS {
        let ended = job(name).args(["--version"]).run();
        assert_eq!(ended.stdout.trim(), format!("{name} {}", env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn a_wrong_argument_ends_with_2_before_anything_is_done() {
    for name in JOBS {
        let ended = job(name).args(["--no-such-argument"]).run();
        ended.check_failed(2, &["--no-such-argument"]);
    }
}
