#![expect(clippy::doc_markdown, reason = "the doc comments are the text of --help")]

use std::fmt;
use std::str::FromStr;

use mlops_objects::Location;

use crate::share::share;

#[derive(Debug, Clone, clap::Args)]
pub struct CaseStudyArgs {
    /// The model: the place where `retrain` keeps models, or its model.pkl [default: one that is
    /// fitted on the spot]
    #[arg(long, env = "SIMULATE_MODEL", value_name = "LOCATION", requires = "data")]
    pub model: Option<Location>,

    /// Rows with outcomes that the model was not fitted to, as CSV or Parquet; without --model it
    /// is fitted to the rest of them [default: synthetic customers]
    #[arg(long, env = "SIMULATE_DATA", value_name = "FILE")]
    pub data: Option<Location>,

    /// What the monitors compare with, as CSV or Parquet [default: what the model was fitted to]
    #[arg(long, env = "SIMULATE_REFERENCE", value_name = "FILE", requires = "model")]
    pub reference: Option<Location>,

    /// The column that holds the outcome [default: the model's; `churn` of synthetic customers]
    #[arg(long, env = "SIMULATE_TARGET", value_name = "COLUMN")]
    pub target: Option<String>,

    /// Columns that name rows or customers, and are no features
    #[arg(long, env = "SIMULATE_ID", value_name = "COLUMN", value_delimiter = ',')]
    pub id: Vec<String>,

    /// The features to change: one or two numeric ones, alone and together, and any number of
    /// categorical ones [default: the most important ones of either kind; profile_score,
    /// activity_score and device_type of synthetic customers]
    #[arg(long, env = "SIMULATE_FEATURES", value_name = "COLUMN", value_delimiter = ',')]
    pub features: Vec<String>,

    /// By how much of its value a number grows
    #[arg(long, env = "SIMULATE_STEPS", value_name = "SHARE", value_delimiter = ',', default_value = "1%,5%,10%,25%,50%", value_parser = share)]
    pub steps: Vec<f64>,

    /// How many rows change
    #[arg(
        long,
        env = "SIMULATE_CHANGED",
        value_name = "N|all",
        value_delimiter = ',',
        default_value = "all,1000,100,10"
    )]
    pub changed: Vec<Changed>,

    /// How often each change is tried, each time on other rows
    #[arg(long, env = "SIMULATE_SEEDS", value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(2..=10_000))]
    pub seeds: u64,

    /// How many rows are held out where the model is fitted on the spot
    #[arg(long, env = "SIMULATE_TEST_ROWS", value_name = "N", default_value_t = 4000, value_parser = clap::value_parser!(u64).range(100..))]
    pub test_rows: u64,

    /// Write the table there too: a path or s3://BUCKET/KEY
    #[arg(long, env = "SIMULATE_CSV", value_name = "FILE")]
    pub csv: Option<Location>,

    /// Write a page with pictures: a path or s3://BUCKET/KEY
    #[arg(long, env = "SIMULATE_REPORT", value_name = "FILE")]
    pub report: Option<Location>,
}

/// How many rows change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// Every row.
    All,
    /// So many at random.
    Rows(usize),
}

impl FromStr for Changed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.parse()) {
            ("all", _) => Ok(Self::All),
            (_, Ok(rows)) if rows > 0 => Ok(Self::Rows(rows)),
            _ => Err("write a number of rows, such as 100, or all".to_owned()),
        }
    }
}

impl fmt::Display for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Rows(rows) => write!(f, "{rows}"),
        }
    }
}
