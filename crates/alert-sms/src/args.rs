#![expect(clippy::doc_markdown, reason = "the doc comments are the text of --help")]

use clap::{Parser, ValueEnum};
use mlops_alert::{AlertArgs, AlertCommand};
use mlops_job::{CommonArgs, DatabaseArgs, EXIT_CODES_HELP, JobArgs, Spec};

use crate::spec::SPEC;

const EXAMPLES: &str = "\
Examples:
  Every 10 minutes: a text message by Twilio when more than 500 requests were logged:
    alert-sms --when-count-above 500 --window 10m --to +4915112345678 --twilio-secret mlops/twilio

  The rules of alert-email; each job sends the messages of its channel:
    alert-sms --rules alerts.toml --provider sns

  A test message:
    alert-sms test --to +4915112345678 --twilio-secret mlops/twilio";

/// Send alerts by text message about logged requests and the findings of the monitors
///
/// The rules, states and messages are those of alert-email. A text message has figures over all
/// requests of a window, and never content of a request. A phone number gets at most
/// `texts-per-day` messages, and then one notice that it is muted.
#[derive(Debug, Clone, Parser)]
#[command(name = "alert-sms", version, after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES_HELP}"))]
pub struct Args {
    #[command(subcommand)]
    pub command: Option<AlertCommand>,

    #[command(flatten)]
    pub alert: AlertArgs,

    #[command(flatten)]
    pub sms: SmsArgs,

    #[command(flatten)]
    pub store: DatabaseArgs,

    #[command(flatten)]
    pub common: CommonArgs,
}

/// The provider of text messages.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Provider")]
pub struct SmsArgs {
    /// Provider of text messages
    #[arg(
        long,
        global = true,
        env = "ALERT_SMS_PROVIDER",
        value_name = "PROVIDER",
        default_value = "twilio"
    )]
    pub provider: Provider,

    /// Maximum number of segments of a text message; longer ones are truncated
    #[arg(long, global = true, env = "ALERT_SMS_SEGMENTS", value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=10), hide_short_help = true)]
    pub max_segments: u8,

    /// Secret of AWS Secrets Manager with account_sid, auth_token, api_key, …; arguments win
    #[arg(long, global = true, env = "ALERT_TWILIO_SECRET", value_name = "NAME")]
    pub twilio_secret: Option<String>,

    /// Twilio account SID: AC and 32 digits
    #[arg(
        long,
        global = true,
        env = "TWILIO_ACCOUNT_SID",
        value_name = "SID",
        hide_short_help = true
    )]
    pub twilio_account_sid: Option<String>,

    /// Twilio auth token; prefer the environment or --twilio-secret
    #[arg(
        long,
        global = true,
        env = "TWILIO_AUTH_TOKEN",
        value_name = "TOKEN",
        hide_env_values = true,
        hide_short_help = true
    )]
    pub twilio_auth_token: Option<String>,

    /// Twilio API key instead of the auth token: SK and 32 digits
    #[arg(long, global = true, env = "TWILIO_API_KEY", value_name = "SID", hide_short_help = true)]
    pub twilio_api_key: Option<String>,

    /// Secret of the Twilio API key
    #[arg(
        long,
        global = true,
        env = "TWILIO_API_SECRET",
        value_name = "SECRET",
        hide_env_values = true,
        hide_short_help = true
    )]
    pub twilio_api_secret: Option<String>,

    /// Sender number, or sender name
    #[arg(long, global = true, env = "TWILIO_FROM", value_name = "NUMBER")]
    pub twilio_from: Option<String>,

    /// Twilio messaging service that chooses the sender: MG and 32 digits
    #[arg(
        long,
        global = true,
        env = "TWILIO_MESSAGING_SERVICE_SID",
        value_name = "SID",
        hide_short_help = true
    )]
    pub twilio_messaging_service: Option<String>,

    /// Twilio endpoint; another one for its regions
    #[arg(
        long,
        global = true,
        env = "TWILIO_ENDPOINT",
        value_name = "URL",
        default_value = "https://api.twilio.com",
        hide_short_help = true
    )]
    pub twilio_endpoint: String,

    /// Timeout of a Twilio request
    #[arg(long, global = true, env = "TWILIO_TIMEOUT", value_name = "SPAN", default_value = "10s", value_parser = mlops_job::span, hide_short_help = true)]
    pub twilio_timeout: jiff::SignedDuration,

    /// Sender name for Amazon SNS, in countries that support it
    #[arg(
        long,
        global = true,
        env = "ALERT_SNS_SENDER",
        value_name = "NAME",
        hide_short_help = true
    )]
    pub sns_sender: Option<String>,
}

/// The provider of text messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Provider {
    /// Twilio Messages
    Twilio,
    /// Amazon SNS
    Sns,
}

impl JobArgs for Args {
    const SPEC: Spec = SPEC;

    fn common(&self) -> &CommonArgs {
        &self.common
    }
}
