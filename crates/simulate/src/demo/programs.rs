//! The other programs, which are in the same folder as this one.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use jiff::Timestamp;
use mlops_core::timestamp::to_sql_text;
use mlops_job::{CLOCK_VARIABLE, Context};
use serde_json::Value;
use tokio::process::Command;

/// The programs with their working folder, environment variables and simulated time.
pub(super) struct Programs {
    folder: PathBuf,
    settings: Vec<(&'static str, String)>,
    context: Context,
}

impl Programs {
    pub(super) fn new(
        folder: &Path,
        mut settings: Vec<(&'static str, String)>,
        context: &Context,
    ) -> Self {
        settings.push((CLOCK_VARIABLE, clock(folder).display().to_string()));
        settings.push(("MLOPS_LOG_LEVEL", "warn".to_owned()));
        Self { folder: folder.to_owned(), settings, context: context.clone() }
    }

    /// Returns the path of a file of the demo.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Returns the path of a program.
    pub(super) fn program(&self, name: &str) -> Result<String> {
        Ok(self.context.program(name)?.display().to_string())
    }

    /// Returns the value of an environment variable; empty if it is not set.
    pub(super) fn setting(&self, variable: &str) -> String {
        let found = self.settings.iter().find(|(name, _)| *name == variable);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    }

    /// Sets the simulated time of all programs.
    pub(super) async fn set_clock(&self, now: Timestamp) -> Result<()> {
        // The rename is atomic, so that no program reads an incomplete time.
        let (clock, next) = (clock(&self.folder), self.folder.join("clock.next"));
        tokio::fs::write(&next, to_sql_text(now)).await.context("setting the clock")?;
        tokio::fs::rename(&next, &clock).await.context("setting the clock")
    }

    /// Stops the creation of tables: `dashboard` opens the database read-only.
    pub(super) fn make_no_tables(&mut self) {
        self.settings.retain(|(name, _)| *name != "MLOPS_CREATE_TABLES");
    }

    /// Returns the command that starts a program with these arguments.
    pub(super) fn command(&self, name: &str, arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(self.context.program(name)?);
        command.args(arguments).envs(self.settings.iter().map(|(name, value)| (name, value)));
        command.current_dir(&self.folder).stdin(Stdio::null()).kill_on_drop(true);
        Ok(command)
    }

    /// Runs a job to its end, and returns its JSON output.
    ///
    /// # Errors
    ///
    /// Fails with the last line of stderr if the exit code is not 0 or 10.
    pub(super) async fn run(&self, name: &str, arguments: &[&str]) -> Result<Value> {
        let arguments = [arguments, &["--output", "json"]].concat();
        let output = self
            .command(name, &arguments)?
            .output()
            .await
            .with_context(|| format!("starting {name}"))?;
        if !matches!(output.status.code(), Some(0 | 10)) {
            let errors = String::from_utf8_lossy(&output.stderr);
            let line = errors.lines().last().unwrap_or_default();
            bail!("{name} {} ended with {}: {line}", arguments.join(" "), output.status);
        }
        serde_json::from_slice(&output.stdout)
            .with_context(|| format!("reading the output of {name}"))
    }
}

fn clock(folder: &Path) -> PathBuf {
    folder.join("clock")
}
