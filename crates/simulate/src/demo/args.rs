#![expect(clippy::doc_markdown, reason = "the doc comments are the text of --help")]

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use mlops_core::address::DatabaseUrl;
use mlops_objects::Location;

#[derive(Debug, Clone, clap::Args)]
pub struct DemoArgs {
    /// The folder in which all of it is left; what an earlier demo left there goes
    #[arg(long, env = "SIMULATE_FOLDER", value_name = "FOLDER", default_value = "demo")]
    pub folder: PathBuf,

    /// How many weeks go by
    #[arg(long, env = "SIMULATE_WEEKS", value_name = "N", default_value_t = 52, value_parser = clap::value_parser!(u32).range(10..=520))]
    pub weeks: u32,

    /// Requests a day
    #[arg(long, env = "SIMULATE_REQUESTS", value_name = "N", default_value_t = 300, value_parser = clap::value_parser!(u32).range(50..=1000))]
    pub requests: u32,

    /// The same seed gives the same year
    #[arg(long, env = "SIMULATE_SEED", value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// An empty database in the place of SQLite in the folder: mysql://USER:PASSWORD@HOST/DATABASE
    #[arg(long, env = "MLOPS_DATABASE", value_name = "URL", hide_env_values = true)]
    pub database: Option<DatabaseUrl>,

    /// An empty place for logs and models in the place of the folder: s3://BUCKET/PREFIX
    #[arg(long, env = "SIMULATE_STORE", value_name = "LOCATION")]
    pub store: Option<Location>,

    /// End with the year; on a terminal the tracking page is served afterwards, until Ctrl-C
    #[arg(long, env = "SIMULATE_NO_SERVE", value_parser = BoolishValueParser::new())]
    pub no_serve: bool,
}
