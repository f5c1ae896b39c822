#![expect(clippy::doc_markdown, reason = "the doc comments are the text of --help")]

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use mlops_core::address::DatabaseUrl;
use mlops_objects::Location;

#[derive(Debug, Clone, clap::Args)]
pub struct DemoArgs {
    /// Folder for all files; files of an earlier demo are deleted
    #[arg(long, env = "SIMULATE_FOLDER", value_name = "FOLDER", default_value = "demo")]
    pub folder: PathBuf,

    /// Number of simulated weeks
    #[arg(long, env = "SIMULATE_WEEKS", value_name = "N", default_value_t = 52, value_parser = clap::value_parser!(u32).range(10..=520))]
    pub weeks: u32,

    /// Number of requests per day
    #[arg(long, env = "SIMULATE_REQUESTS", value_name = "N", default_value_t = 300, value_parser = clap::value_parser!(u32).range(50..=1000))]
    pub requests: u32,

    /// Random seed; the same seed gives the same year
    #[arg(long, env = "SIMULATE_SEED", value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// URL of an empty database, mysql://USER:PASSWORD@HOST/DATABASE [default: SQLite in --folder]
    #[arg(long, env = "MLOPS_DATABASE", value_name = "URL", hide_env_values = true)]
    pub database: Option<DatabaseUrl>,

    /// Empty location for logs and models: s3://BUCKET/PREFIX [default: --folder]
    #[arg(long, env = "SIMULATE_STORE", value_name = "LOCATION")]
    pub store: Option<Location>,

    /// Do not serve the dashboard at the end. Without this option, it is served on a terminal until
    /// Ctrl-C
    #[arg(long, env = "SIMULATE_NO_SERVE", value_parser = BoolishValueParser::new())]
    pub no_serve: bool,
}
