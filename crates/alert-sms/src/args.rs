#![expect(clippy::doc_markdown, reason = "the doc comments are the text of --help")]

use clap::{Parser, ValueEnum};
use mlops_alert::{AlertArgs, AlertCommand};
use mlops_job::{CommonArgs, DatabaseArgs, EXIT_CODES_HELP, JobArgs, Spec};

use crate::spec::SPEC;

const EXAMPLES: &str = "\
Examples:
  Every ten minutes: a text when more than 500 requests came, by Twilio:
    alert-sms --when-count-above 500 --window 10m --to +4915112345678 --twilio-secret mlops/twilio

  The rules that alert-email runs too; each job sends what is for its channel:
    alert-sms --rules alerts.toml --provider sns

  A sample:
    alert-sms test --to +4915112345678 --twilio-secret mlops/twilio";

/// Tell people by text message when the logged requests, or what the monitors say of them, are not
/// as they should be
///
/// The rules, states and messages are those of alert-email. A text holds numbers over all requests
/// of a window and never anything that stood in one. A telephone number gets at most
/// `texts-per-day` of them, and then one notice that it is muted.
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

/// Who carries the texts.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Provider")]
pub struct SmsArgs {
    /// Who carries the texts
    #[arg(
        long,
        global = true,
        env = "ALERT_SMS_PROVIDER",
        value_name = "PROVIDER",
        default_value = "twilio"
    )]
    pub provider: Provider,

    /// The most segments of a text; what is longer is cut
    #[arg(long, global = true, env = "ALERT_SMS_SEGMENTS", value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=10))]
    pub max_segments: u8,

    /// A secret of Secrets Manager, with any of account_sid, auth_token, api_key, api_secret, from,
    /// messaging_service, recipients; arguments go before it
    #[arg(long, global = true, env = "ALERT_TWILIO_SECRET", value_name = "NAME")]
    pub twilio_secret: Option<String>,

    /// The account: AC and 32 digits
    #[arg(long, global = true, env = "TWILIO_ACCOUNT_SID", value_name = "SID")]
    pub twilio_account_sid: Option<String>,

    /// The account's token; better by the environment, or by --twilio-secret
    #[arg(
        long,
        global = true,
        env = "TWILIO_AUTH_TOKEN",
        value_name = "TOKEN",
        hide_env_values = true
    )]
    pub twilio_auth_token: Option<String>,

    /// An API key instead of the token: SK and 32 digits
    #[arg(long, global = true, env = "TWILIO_API_KEY", value_name = "SID")]
    pub twilio_api_key: Option<String>,

    /// The API key's secret
    #[arg(
        long,
        global = true,
        env = "TWILIO_API_SECRET",
        value_name = "SECRET",
        hide_env_values = true
    )]
    pub twilio_api_secret: Option<String>,

    /// The number that texts come from, or a sender's name
    #[arg(long, global = true, env = "TWILIO_FROM", value_name = "NUMBER")]
    pub twilio_from: Option<String>,

    /// A messaging service that chooses the number: MG and 32 digits
    #[arg(long, global = true, env = "TWILIO_MESSAGING_SERVICE_SID", value_name = "SID")]
    pub twilio_messaging_service: Option<String>,

    /// Twilio's address; another for its regions, and for tests
    #[arg(
        long,
        global = true,
        env = "TWILIO_ENDPOINT",
        value_name = "URL",
        default_value = "https://api.twilio.com"
    )]
    pub twilio_endpoint: String,

    /// How long Twilio may take to answer
    #[arg(long, global = true, env = "TWILIO_TIMEOUT", value_name = "SPAN", default_value = "10s", value_parser = mlops_job::span)]
    pub twilio_timeout: jiff::SignedDuration,

    /// The sender's name that Amazon SNS shows, where the country has that
    #[arg(long, global = true, env = "ALERT_SNS_SENDER", value_name = "NAME")]
    pub sns_sender: Option<String>,
}

/// Who carries the texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Provider {
    /// Twilio's Messages.
    Twilio,
    /// Amazon SNS.
    Sns,
}

impl JobArgs for Args {
    const SPEC: Spec = SPEC;

    fn common(&self) -> &CommonArgs {
        &self.common
    }
}
