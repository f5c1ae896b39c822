#![expect(clippy::doc_markdown, reason = "the doc comments are the text of --help")]

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use mlops_alert::{AlertArgs, AlertCommand};
use mlops_job::{CommonArgs, DatabaseArgs, EXIT_CODES_HELP, JobArgs, Spec};

use crate::spec::SPEC;

const EXAMPLES: &str = "\
Examples:
  Every ten minutes: a mail when more than 500 requests came, with their number and the mean predicted probability:
    alert-email --when-count-above 500 --window 10m --to ops@acme.example --smtp-secret mlops/smtp

  Rules of a file, after a look at what they would have sent last month:
    alert-email backtest --rules alerts.toml
    alert-email --rules alerts.toml

  Each morning the report of yesterday:
    alert-email --report daily --to team@acme.example

  On this machine, without a mail server:
    alert-email --rules alerts.toml --mail-folder mails";

/// Tell people by e-mail when the logged requests, or what the monitors say of them, are not as
/// they should be
///
/// Each run measures each rule over a window that ends at the run's time (a multiple of the window,
/// or of `every` in a rules file, in UTC), moves the rule's state in alert_state, and sends a mail
/// when a rule fires, goes on for long, becomes critical, or has recovered. Every mail is a row of
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
#[command(next_help_heading = "Mail server")]
pub struct SmtpArgs {
    /// A secret of Secrets Manager, with any of username, password, host, port, recipients, from;
    /// arguments go before it
    #[arg(long, global = true, env = "ALERT_SMTP_SECRET", value_name = "NAME")]
    pub smtp_secret: Option<String>,

    /// The server
    #[arg(long, global = true, env = "ALERT_SMTP_HOST", value_name = "HOST")]
    pub smtp_host: Option<String>,

    /// Its port [default: 587; 465 with --smtp-tls implicit]
    #[arg(long, global = true, env = "ALERT_SMTP_PORT", value_name = "PORT")]
    pub smtp_port: Option<u16>,

    /// How the connection is encrypted [default: implicit at port 465, else starttls]
    #[arg(long, global = true, env = "ALERT_SMTP_TLS", value_name = "TLS")]
    pub smtp_tls: Option<SmtpTls>,

    /// The user, if the server asks for one
    #[arg(long, global = true, env = "ALERT_SMTP_USERNAME", value_name = "USER")]
    pub smtp_username: Option<String>,

    /// The password; better by the environment, or by --smtp-secret
    #[arg(
        long,
        global = true,
        env = "ALERT_SMTP_PASSWORD",
        value_name = "PASSWORD",
        hide_env_values = true
    )]
    pub smtp_password: Option<String>,

    /// The sender [default: the user, if that is an address]
    #[arg(long, global = true, env = "ALERT_FROM", value_name = "ADDRESS")]
    pub from: Option<String>,

    /// Write each mail into this folder, as a file NAME.eml, instead of sending it: for rehearsals
    #[arg(long, global = true, env = "ALERT_MAIL_FOLDER", value_name = "FOLDER")]
    pub mail_folder: Option<PathBuf>,
}

/// How a connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SmtpTls {
    /// From the first byte on.
    Implicit,
    /// From STARTTLS on; a server without it is refused.
    Starttls,
    /// Not at all; only to this machine.
    None,
}

impl JobArgs for Args {
    const SPEC: Spec = SPEC;

    fn common(&self) -> &CommonArgs {
        &self.common
    }
}
