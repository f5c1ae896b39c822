//! `mlops.toml`: its values take the place of the arguments' defaults, so that clap checks them
//! like any other.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::builder::{OsStr, Resettable};
use clap::{Arg, Command};
use toml::{Table, Value};

use crate::UsageError;

const DEFAULT_FILE: &str = "mlops.toml";
const FILE_ENV: &str = "MLOPS_CONFIG";

/// Settings that may stand at the top of the file, for every job that has them.
const SHARED: [&str; 6] = ["database", "logs", "dead-letters", "model", "output", "log-level"];

/// All programs, by whose names the file has tables.
pub const PROGRAMS: [&str; 11] = [
    "alert-email",
    "alert-sms",
    "concept-shift",
    "dashboard",
    "drift",
    "etl-dynamo",
    "etl-mysql",
    "performance",
    "retrain",
    "score",
    "simulate",
];

/// The command with the file's values as its defaults.
pub(crate) fn apply(command: Command, arguments: &[OsString]) -> Result<Command> {
    let Some(path) = file(arguments) else { return Ok(command) };
    let doing = || format!("reading the configuration {}", path.display());
    let text = std::fs::read_to_string(&path)
        .map_err(|error| UsageError::new(error.to_string()))
        .with_context(doing)?;
    with_defaults(command, &text).with_context(doing)
}

/// The file that is named, or the one that lies there.
fn file(arguments: &[OsString]) -> Option<PathBuf> {
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let argument = argument.to_string_lossy();
        if argument == "--config" {
            return arguments.next().map(PathBuf::from);
        }
        if let Some(path) = argument.strip_prefix("--config=") {
            return Some(PathBuf::from(path));
        }
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "the file must be known before clap reads the environment"
    )]
    let named = std::env::var(FILE_ENV).ok().map(PathBuf::from);
    named.or_else(|| Some(PathBuf::from(DEFAULT_FILE)).filter(|path| Path::exists(path)))
}

pub(crate) fn with_defaults(mut command: Command, text: &str) -> Result<Command> {
    let mut settings: Table = text.parse().map_err(|error: toml::de::Error| {
        UsageError::new(error.to_string().trim_end().to_owned())
    })?;
    let own = settings.remove(command.get_name());
    for (key, value) in settings {
        if value.is_table() {
            check_program(&key)?;
            continue;
        }
        if !SHARED.contains(&key.as_str()) {
            let shared = SHARED.join("`, `");
            let job = command.get_name();
            return Err(UsageError::new(format!(
                "`{key}` is not allowed at the top level, where only `{shared}` are; move it into the table [{job}]"
            ))
            .into());
        }
        command = set_shared(command, &key, &value)?;
    }
    match own {
        Some(Value::Table(own)) => set_all(command, own),
        Some(_) => Err(UsageError::new(format!(
            "`{}` must be a table of the job's arguments",
            command.get_name()
        ))
        .into()),
        None => Ok(command),
    }
}

/// Refuses a table that no program reads.
fn check_program(name: &str) -> Result<(), UsageError> {
    if PROGRAMS.contains(&name) {
        return Ok(());
    }
    let nearest = PROGRAMS.iter().min_by_key(|program| distance(program, name));
    let nearest = nearest.expect("there are programs");
    let all = PROGRAMS.join(", ");
    let message = format!(
        "unknown table [{name}]; write [{nearest}]? The tables are named after the programs: {all}"
    );
    Err(UsageError::new(message))
}

/// Returns the number of characters to insert, remove or replace to get from `a` to `b`.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, to) in b.chars().enumerate() {
            let replaced = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.chars().count()]
}

/// Sets a shared value in the command and in each of its subcommands that has the argument.
fn set_shared(command: Command, key: &str, value: &Value) -> Result<Command> {
    let names: Vec<String> =
        command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    let mut command =
        if find(&command, key).is_some() { set(command, key, value)? } else { command };
    for name in names {
        let sub = command.find_subcommand(&name).cloned().expect("the name was listed");
        if find(&sub, key).is_some() {
            let sub = set(sub, key, value)?;
            command = command.mut_subcommand(name, |_| sub);
        }
    }
    Ok(command)
}

fn set_all(mut command: Command, settings: Table) -> Result<Command> {
    for (key, value) in settings {
        command = match value {
            Value::Table(inner) => {
                let Some(sub) = command.find_subcommand(&key).cloned() else {
                    return Err(unknown(&command, &key));
                };
                let sub = set_all(sub, inner)?;
                command.mut_subcommand(key, |_| sub)
            }
            value => set(command, &key, &value)?,
        };
    }
    Ok(command)
}

fn find<'c>(command: &'c Command, key: &str) -> Option<&'c Arg> {
    command.get_arguments().find(|argument| argument.get_long() == Some(key))
}

fn set(command: Command, key: &str, value: &Value) -> Result<Command> {
    let Some(argument) = find(&command, key) else { return Err(unknown(&command, key)) };
    let id = argument.get_id().clone();
    let values = texts(value).ok_or_else(|| {
        UsageError::new(format!(
            "`{key}` must be a string, a number, a boolean, or a list of these"
        ))
    })?;
    Ok(command.mut_arg(id, |argument| {
        let secret = argument.is_hide_env_values_set();
        argument
            .required(false)
            .hide_default_value(secret)
            .default_value(Resettable::Reset)
            .default_values(values.into_iter().map(OsStr::from))
    }))
}

fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Integer(number) => Some(vec![number.to_string()]),
        Value::Float(number) => Some(vec![number.to_string()]),
        Value::Boolean(flag) => Some(vec![flag.to_string()]),
        Value::Datetime(datetime) => Some(vec![datetime.to_string()]),
        Value::Array(items) => {
            items.iter().map(texts).collect::<Option<Vec<_>>>().map(|nested| nested.concat())
        }
        Value::Table(_) => None,
    }
}

fn unknown(command: &Command, key: &str) -> anyhow::Error {
    let known: Vec<&str> = command.get_arguments().filter_map(Arg::get_long).collect();
    let name = command.get_name();
    UsageError::new(format!("unknown setting `{key}` in [{name}]; it has {}", known.join(", ")))
        .into()
}
