//! The AWS requirements of a program, printed by `--spec` for `infra/`.

use std::collections::BTreeSet;

use clap::{Arg, Command};
use mlops_core::access::Action;
use serde::Serialize;

use crate::Exit;

/// The AWS requirements of a program, defined in its crate's `spec.rs`.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// How it runs.
    pub kind: Kind,
    /// The size of its container.
    pub size: Size,
    /// The permissions of its role: for some variables, actions on the resources that their values name.
    pub grants: &'static [&'static [Grant]],
}

/// How a program runs.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    /// Under AWS Batch, to its end.
    Job {
        /// AWS Batch ends it after this.
        timeout_minutes: u32,
        /// When it is started by itself, unless a stack says otherwise.
        schedules: &'static [Schedule],
    },
    /// Under Amazon ECS, until it is stopped.
    Service {
        /// The arguments that make it serve.
        command: &'static [&'static str],
        /// The HTTP port.
        port: u16,
        /// The path that answers 200 while it is well; `PROGRAM health` asks for it.
        health: &'static str,
        /// AWS Batch ends a scheduled run after this.
        timeout_minutes: u32,
        /// Scheduled AWS Batch jobs of the service.
        schedules: &'static [Schedule],
    },
    /// By people.
    Tool,
}

/// When a job is started.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Schedule {
    /// Tells the schedules of one job apart.
    pub name: &'static str,
    /// The arguments of the run.
    pub command: &'static [&'static str],
    /// As the scheduler of AWS writes it: `rate(10 minutes)` or `cron(0 5 * * ? *)`.
    pub at: &'static str,
}

/// The size of a container on AWS Fargate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Size {
    cpu_units: u32,
    memory_mib: u32,
}

impl Size {
    /// `cpu_units` of 1024 to a virtual CPU, and memory. A pair that Fargate does not have does not
    /// compile.
    pub const fn new(cpu_units: u32, memory_mib: u32) -> Self {
        let (least, most, step) = match cpu_units {
            256 => (512, 2048, 512),
            512 => (1024, 4096, 1024),
            1024 => (2048, 8192, 1024),
            2048 => (4096, 16384, 1024),
            4096 => (8192, 30720, 1024),
            8192 => (16384, 61440, 4096),
            16384 => (32768, 122_880, 8192),
            _ => panic!("Fargate has 256, 512, 1024, 2048, 4096, 8192 or 16384 CPU units"),
        };
        assert!(
            memory_mib >= least && memory_mib <= most,
            "Fargate has no such memory for these CPU units"
        );
        assert!(
            memory_mib.is_multiple_of(step) && (cpu_units > 256 || memory_mib != 1536),
            "Fargate has no such step"
        );
        Self { cpu_units, memory_mib }
    }
}

/// Actions on the resource that a variable's value names.
#[derive(Debug, Clone, Copy)]
pub struct Grant {
    variable: &'static str,
    when: Option<&'static str>,
    actions: &'static [&'static [Action]],
}

impl Grant {
    /// `actions` on what the value of `variable` names.
    pub const fn of(variable: &'static str, actions: &'static [&'static [Action]]) -> Self {
        Self { variable, when: None, actions }
    }

    /// The same, but needed only where the variable `switch` is set too.
    #[must_use]
    pub const fn when(self, switch: &'static str) -> Self {
        Self { when: Some(switch), ..self }
    }
}

/// The document of `--spec`.
#[derive(Debug, Serialize)]
pub(crate) struct Document {
    name: String,
    about: String,
    #[serde(flatten)]
    kind: Kind,
    #[serde(flatten)]
    size: Size,
    variables: BTreeSet<String>,
    secrets: BTreeSet<String>,
    grants: Vec<Right>,
    exits: Vec<ExitRule>,
}

/// One action on one thing.
#[derive(Debug, Serialize)]
struct Right {
    variable: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    when: Option<&'static str>,
    #[serde(flatten)]
    action: Action,
}

#[derive(Debug, Serialize)]
struct ExitRule {
    code: u8,
    name: String,
    retry: bool,
}

impl Document {
    /// Combines `spec` with the arguments of the command.
    pub(crate) fn new(command: &Command, spec: Spec) -> Self {
        let arguments = arguments(command);
        let names = |wanted: fn(&Arg) -> bool| {
            let wanted = arguments.iter().filter(|argument| wanted(argument));
            wanted
                .filter_map(|argument| Some(argument.get_env()?.to_string_lossy().into_owned()))
                .collect()
        };
        let rights = spec.grants.iter().copied().flatten().flat_map(|grant| {
            let actions = grant.actions.iter().copied().flatten();
            actions.map(|action| Right {
                variable: grant.variable,
                when: grant.when,
                action: *action,
            })
        });
        Self {
            name: command.get_name().to_owned(),
            about: command.get_about().map(ToString::to_string).unwrap_or_default(),
            kind: spec.kind,
            size: spec.size,
            variables: names(|_| true),
            secrets: names(Arg::is_hide_env_values_set),
            grants: rights.collect(),
            exits: Exit::ALL
                .into_iter()
                .map(|exit| ExitRule {
                    code: exit.code(),
                    name: format!("{exit:?}"),
                    retry: exit.is_retried(),
                })
                .collect(),
        }
    }
}

/// The arguments of a command and of all below it.
fn arguments(command: &Command) -> Vec<&Arg> {
    let below = command.get_subcommands().flat_map(arguments);
    command.get_arguments().chain(below).collect()
}
