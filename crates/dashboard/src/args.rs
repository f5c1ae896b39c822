#![expect(clippy::doc_markdown, reason = "the doc comments are the text of --help")]

use std::net::SocketAddr;

use clap::builder::BoolishValueParser;
use clap::{Parser, Subcommand};
use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use mlops_job::{
    CommonArgs, DatabaseArgs, EXIT_CODES_HELP, JobArgs, Spec, duration, span, utc_time,
};
use mlops_objects::Location;

use crate::spec::SPEC;

const EXAMPLES: &str = "\
Examples:
  The page of a local database, at http://127.0.0.1:8050/:
    dashboard --database sqlite://mlops.db

  Update the counts of requests by hour; run it every hour, as a user with write permission:
    dashboard refresh --database mysql://…

  One file with the last 90 days, for a mail or an archive:
    dashboard export report.html --window 90d --database mysql://…

  Behind an AWS load balancer that authenticates users by OpenID Connect:
    dashboard --listen 0.0.0.0:8050 --proxy-header x-amzn-oidc-identity --proxy-network 10.0.0.0/16 --database mysql://…";

/// Serve the model tracking page: the findings of all jobs in one place
///
/// The page shows the model in production and its traffic, data shift, concept shift, performance
/// and business impact, the models and why they were trained, the ETL and the alerts. It only
/// reads: a database user with SELECT on the tables is enough.
///
/// `dashboard refresh` counts the requests that the page shows; run it every hour. The server
/// listens on loopback only, unless authentication is set.
#[derive(Debug, Clone, Parser)]
#[command(name = "dashboard", version, after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES_HELP}"))]
#[command(args_conflicts_with_subcommands = false)]
pub struct Args {
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    pub serve: ServeArgs,

    #[command(flatten)]
    pub page: PageArgs,

    #[command(flatten)]
    pub store: DatabaseArgs,

    #[command(flatten)]
    pub common: CommonArgs,
}

#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Write the page to one file that needs no other file
    Export {
        /// File to write: a path or s3://BUCKET/KEY
        #[arg(env = "DASHBOARD_EXPORT", value_name = "FILE")]
        out: Location,
    },
    /// Update the counts of logged requests by hour, which the page shows
    Refresh(RefreshArgs),
    /// Check the health of the server at --listen on this machine; for containers
    Health,
}

/// Access control and the server.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Serving")]
pub struct ServeArgs {
    /// Address and port to listen on; an address other than loopback needs authentication (see
    /// below)
    #[arg(
        long,
        env = "DASHBOARD_LISTEN",
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:8050"
    )]
    pub listen: SocketAddr,

    /// Bearer token that clients must send: `Authorization: Bearer TOKEN`
    #[arg(long, env = "DASHBOARD_BEARER_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub bearer_token: Option<Secret>,

    /// User and password that clients must send; browsers ask for them
    #[arg(
        long,
        env = "DASHBOARD_BASIC_AUTH",
        value_name = "USER:PASSWORD",
        hide_env_values = true
    )]
    pub basic_auth: Option<Secret>,

    /// Header that an authenticating proxy sets for signed-in users; AWS load balancer:
    /// x-amzn-oidc-identity
    #[arg(
        long,
        env = "DASHBOARD_PROXY_HEADER",
        value_name = "NAME",
        requires = "proxy_network",
        hide_short_help = true
    )]
    pub proxy_header: Option<String>,

    /// Networks of the proxy; the header is accepted only from them: 10.0.0.0/16
    #[arg(
        long,
        env = "DASHBOARD_PROXY_NETWORK",
        value_name = "NETWORK",
        value_delimiter = ',',
        requires = "proxy_header",
        hide_short_help = true
    )]
    pub proxy_network: Vec<IpNet>,

    /// Time after which an idle connection is closed; above the idle timeout of a load balancer
    /// (AWS: 60s)
    #[arg(long, env = "DASHBOARD_KEEP_ALIVE", value_name = "SPAN", default_value = "75s", value_parser = span, hide_short_help = true)]
    pub keep_alive: SignedDuration,

    /// Maximum age of a page; open pages reload at this interval
    #[arg(long, env = "DASHBOARD_RENEW_EVERY", value_name = "SPAN", default_value = "60s", value_parser = span, hide_short_help = true)]
    pub renew_every: SignedDuration,
}

/// Content of the page, unless its address says otherwise.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Page")]
pub struct PageArgs {
    /// Title of the page
    #[arg(
        long,
        global = true,
        env = "DASHBOARD_TITLE",
        value_name = "TEXT",
        default_value = "Model tracking"
    )]
    pub title: String,

    /// Time that the page shows: 24h, 7d, 90d
    #[arg(long, global = true, env = "DASHBOARD_WINDOW", value_name = "SPAN", default_value = "90d", value_parser = span)]
    pub window: SignedDuration,

    /// End of the time that the page shows, in UTC [default: now]
    #[arg(long, global = true, env = "DASHBOARD_UNTIL", value_name = "TIME", value_parser = utc_time)]
    pub until: Option<Timestamp>,

    /// ID of the model to show [default: all]
    #[arg(long, global = true, env = "DASHBOARD_MODEL_UID", value_name = "MODEL_UID")]
    pub model_uid: Option<String>,

    /// Segment of `drift --by` to show in data shift
    #[arg(
        long,
        global = true,
        env = "DASHBOARD_SEGMENT",
        value_name = "NAME",
        hide_short_help = true
    )]
    pub segment: Option<String>,

    /// Currency of money: € or USD
    #[arg(
        long,
        global = true,
        env = "DASHBOARD_CURRENCY",
        value_name = "UNIT",
        default_value = "",
        hide_short_help = true
    )]
    pub currency: String,

    /// Report a job as late when its last run is older than this
    #[arg(long, global = true, env = "DASHBOARD_LATE_AFTER", value_name = "SPAN", default_value = "26h", value_parser = span, hide_short_help = true)]
    pub late_after: SignedDuration,

    /// Age at which the monitors retrain a model without a finding; as set for the monitors
    #[arg(long, global = true, env = "MLOPS_RETRAIN_EVERY", value_name = "SPAN", value_parser = duration, hide_short_help = true)]
    pub retrain_every: Option<SignedDuration>,

    /// Time after which the monitors retrain once more after a shift; as set for the monitors
    #[arg(long, global = true, env = "MLOPS_RETRAIN_FOLLOW_UP", value_name = "SPAN", default_value = "60d", value_parser = duration, hide_short_help = true)]
    pub retrain_follow_up: SignedDuration,
}

/// The hours that are compared.
#[derive(Debug, Clone, clap::Args)]
pub struct RefreshArgs {
    /// Time before now whose hours are compared with the log at each run
    #[arg(long, env = "DASHBOARD_LOOKBACK", value_name = "SPAN", default_value = "7d", value_parser = span, hide_short_help = true)]
    pub lookback: SignedDuration,

    /// Compare all hours when the last full comparison is older than this, for late rows
    #[arg(long, env = "DASHBOARD_AUDIT", value_name = "SPAN", default_value = "1d", value_parser = duration, hide_short_help = true)]
    pub audit: SignedDuration,

    /// Count all hours again
    #[arg(long, env = "DASHBOARD_ALL", value_parser = BoolishValueParser::new(), hide_short_help = true)]
    pub all: bool,
}

impl JobArgs for Args {
    const SPEC: Spec = SPEC;

    fn common(&self) -> &CommonArgs {
        &self.common
    }
}

/// A text that is shown nowhere.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl std::str::FromStr for Secret {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.len() {
            0..8 => Err("a secret has at least eight characters".to_owned()),
            _ => Ok(Self(text.to_owned())),
        }
    }
}
