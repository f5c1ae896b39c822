#![expect(clippy::doc_markdown, reason = "the doc comments are the text of --help")]

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use mlops_alert::{AlertArgs, AlertCommand};
use mlops_job::{CommonArgs, DatabaseArgs, EXIT_CODES_HELP, JobArgs, Spec};

use crate::spec::SPEC;

const EXAMPLES: &str = "\
Examples:
  Every 10 minutes: a mail when more than 500 requests were logged:
    alert-email --when-count-above 500 --window 10m --to ops@acme.example --smtp-secret mlops/smtp

  Rules of a file, after a back-test over the last month:
    alert-email backtest --rules alerts.toml
    alert-email --rules alerts.toml

  The report of yesterday, every morning:
    alert-email --report daily --to team@acme.example

  Without a mail server:
    alert-email --rules alerts.toml --mail-folder mails";

/// Send alerts by e-mail about logged requests and the findings of the monitors
///
/// Each run measures each rule over a window and updates the rule's state in the table alert_state.
/// The window ends at a multiple of its length (or of `every` in a rules file), in UTC. A mail is
/// sent when a rule fires, keeps firing, becomes critical, or recovers. Every mail is a row of
/// alert_outbox before it is sent.
#[derive(Debug, Clone, Parser)]
#[command(name = "alert-email", version, after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES_HELP}"))]
pub struct Args {
    #[command(subcommand)]
    pub command: Option<AlertCommand>,

    #[command(flatten)]
    pub alert: AlertArgs,

    #[command(flatten)]
    pub smtp: SmtpArgs,

    #[command(flatten)]
    pub store: DatabaseArgs,

    #[command(flatten)]
    pub common: CommonArgs,
}

/// The mail server.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "SMTP")]
pub struct SmtpArgs {
    /// Secret of AWS Secrets Manager with username, password, host, port, recipients, from;
    /// arguments win
    #[arg(long, global = true, env = "ALERT_SMTP_SECRET", value_name = "NAME")]
    pub smtp_secret: Option<String>,

    /// SMTP server
    #[arg(long, global = true, env = "ALERT_SMTP_HOST", value_name = "HOST")]
    pub smtp_host: Option<String>,

    /// SMTP port [default: 587; 465 with --smtp-tls implicit]
    #[arg(
        long,
        global = true,
        env = "ALERT_SMTP_PORT",
        value_name = "PORT",
        hide_short_help = true
    )]
    pub smtp_port: Option<u16>,

    /// TLS of the SMTP connection [default: implicit at port 465, else starttls]
    #[arg(long, global = true, env = "ALERT_SMTP_TLS", value_name = "TLS", hide_short_help = true)]
    pub smtp_tls: Option<SmtpTls>,

    /// SMTP user
    #[arg(
        long,
        global = true,
        env = "ALERT_SMTP_USERNAME",
        value_name = "USER",
        hide_short_help = true
    )]
    pub smtp_username: Option<String>,

    /// SMTP password; prefer the environment or --smtp-secret
    #[arg(
        long,
        global = true,
        env = "ALERT_SMTP_PASSWORD",
        value_name = "PASSWORD",
        hide_env_values = true,
        hide_short_help = true
    )]
    pub smtp_password: Option<String>,

    /// Sender address [default: the user, if it is an address]
    #[arg(long, global = true, env = "ALERT_FROM", value_name = "ADDRESS")]
    pub from: Option<String>,

    /// Write each mail to this folder as NAME.eml instead of sending it
    #[arg(long, global = true, env = "ALERT_MAIL_FOLDER", value_name = "FOLDER")]
    pub mail_folder: Option<PathBuf>,
}

/// How a connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SmtpTls {
    /// From the first byte
    Implicit,
    /// By STARTTLS; a server without it is refused
    Starttls,
    /// No TLS; only to this machine
    None,
}

impl JobArgs for Args {
    const SPEC: Spec = SPEC;

    fn common(&self) -> &CommonArgs {
        &self.common
    }
}
