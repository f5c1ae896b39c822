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
  The page of a local database, at http://127.0.0.1:8050:
    dashboard --database sqlite://mlops.db

  Count the logged requests by hour, which the page reads instead of the log; once an hour, by a user who may write:
    dashboard refresh --database mysql://…

  One file that shows the last quarter, for a mail or an archive:
    dashboard export report.html --window 90d --database mysql://…

  Behind a load balancer of AWS that signs people in by OpenID Connect:
    dashboard --listen 0.0.0.0:8050 --proxy-header x-amzn-oidc-identity --proxy-network 10.0.0.0/16 --database mysql://…";

/// Serve the model tracking page: what all jobs found, in one place
///
/// The page shows the model in production and its traffic, data shift, concept shift, performance
/// and business impact, the models that were made and why, the ETL and the alerts. It only reads: a
/// database user with SELECT on the tables is enough. Requests are not counted at each look, but by
/// `dashboard refresh`, which has to run now and then. It binds to this machine alone, unless it is
/// told who may look.
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
    /// Write the page as one file that needs nothing beside itself
    Export {
        /// The file: a path or s3://BUCKET/KEY
        #[arg(env = "DASHBOARD_EXPORT", value_name = "FILE")]
        out: Location,
    },
    /// Count logged requests by hour, where the counts are not right yet
    Refresh(RefreshArgs),
    /// Ask the page's server at --listen of this machine whether it is well; the health check of a
    /// container
    Health,
}

/// Who is served.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Serving")]
pub struct ServeArgs {
    /// Where to listen; another address than a loopback one needs one of the three settings that
    /// follow
    #[arg(
        long,
        env = "DASHBOARD_LISTEN",
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:8050"
    )]
    pub listen: SocketAddr,

    /// Serve who brings this token: `Authorization: Bearer TOKEN`
    #[arg(long, env = "DASHBOARD_BEARER_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub bearer_token: Option<Secret>,

    /// Serve who knows this name and password; browsers ask for them
    #[arg(
        long,
        env = "DASHBOARD_BASIC_AUTH",
        value_name = "USER:PASSWORD",
        hide_env_values = true
    )]
    pub basic_auth: Option<Secret>,

    /// Serve who comes with this header, which a proxy sets for people whom it has signed in and
    /// takes from all others; of an Application Load Balancer x-amzn-oidc-identity
    #[arg(long, env = "DASHBOARD_PROXY_HEADER", value_name = "NAME", requires = "proxy_network")]
    pub proxy_header: Option<String>,

    /// Believe the header of such addresses only: 10.0.0.0/16
    #[arg(
        long,
        env = "DASHBOARD_PROXY_NETWORK",
        value_name = "NETWORK",
        value_delimiter = ',',
        requires = "proxy_header"
    )]
    pub proxy_network: Vec<IpNet>,

    /// Close a connection that sends no whole request head for this long; above the idle timeout of
    /// a load balancer in front (AWS: 60s)
    #[arg(long, env = "DASHBOARD_KEEP_ALIVE", value_name = "SPAN", default_value = "75s", value_parser = span)]
    pub keep_alive: SignedDuration,

    /// How old a page may be; open pages renew themselves so often
    #[arg(long, env = "DASHBOARD_RENEW_EVERY", value_name = "SPAN", default_value = "60s", value_parser = span)]
    pub renew_every: SignedDuration,
}

/// What the page shows where its address does not say it.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Page")]
pub struct PageArgs {
    /// The page's title
    #[arg(
        long,
        global = true,
        env = "DASHBOARD_TITLE",
        value_name = "TEXT",
        default_value = "Model tracking"
    )]
    pub title: String,

    /// Show so long a time: 24h, 7d, 90d
    #[arg(long, global = true, env = "DASHBOARD_WINDOW", value_name = "SPAN", default_value = "90d", value_parser = span)]
    pub window: SignedDuration,

    /// Show what was known at this time, UTC; without it now
    #[arg(long, global = true, env = "DASHBOARD_UNTIL", value_name = "TIME", value_parser = utc_time)]
    pub until: Option<Timestamp>,

    /// Show one model
    #[arg(long, global = true, env = "DASHBOARD_MODEL_UID", value_name = "MODEL_UID")]
    pub model_uid: Option<String>,

    /// Show the data shift of one segment of `drift --by`
    #[arg(long, global = true, env = "DASHBOARD_SEGMENT", value_name = "NAME")]
    pub segment: Option<String>,

    /// What money is counted in: € or USD
    #[arg(
        long,
        global = true,
        env = "DASHBOARD_CURRENCY",
        value_name = "UNIT",
        default_value = ""
    )]
    pub currency: String,

    /// A job that left no trace for so long is late
    #[arg(long, global = true, env = "DASHBOARD_LATE_AFTER", value_name = "SPAN", default_value = "26h", value_parser = span)]
    pub late_after: SignedDuration,

    /// When the monitors renew a model though nothing shifted; as they are told
    #[arg(long, global = true, env = "MLOPS_RETRAIN_EVERY", value_name = "SPAN", value_parser = duration)]
    pub retrain_every: Option<SignedDuration>,

    /// When the monitors make one more model after a shift; as they are told
    #[arg(long, global = true, env = "MLOPS_RETRAIN_FOLLOW_UP", value_name = "SPAN", default_value = "60d", value_parser = duration)]
    pub retrain_follow_up: SignedDuration,
}

/// Which hours are looked at.
#[derive(Debug, Clone, clap::Args)]
pub struct RefreshArgs {
    /// Compare so much of the newest log at each run
    #[arg(long, env = "DASHBOARD_LOOKBACK", value_name = "SPAN", default_value = "7d", value_parser = span)]
    pub lookback: SignedDuration,

    /// Compare all of it when the last time was so long ago, so that what comes later than the
    /// look-back is counted too
    #[arg(long, env = "DASHBOARD_AUDIT", value_name = "SPAN", default_value = "1d", value_parser = duration)]
    pub audit: SignedDuration,

    /// Count every hour anew
    #[arg(long, env = "DASHBOARD_ALL", value_parser = BoolishValueParser::new())]
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
