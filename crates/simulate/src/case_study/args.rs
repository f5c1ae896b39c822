#![expect(clippy::doc_markdown, reason = "the doc comments are the text of --help")]

use std::fmt;
use std::str::FromStr;

use mlops_monitor::ReadingArgs;
use mlops_objects::Location;

use crate::share::share;

#[derive(Debug, Clone, clap::Args)]
pub struct CaseStudyArgs {
    /// Model to test: model.pkl, or the --models location of `retrain` [default: train a new one]
    #[arg(long, env = "SIMULATE_MODEL", value_name = "LOCATION", requires = "data")]
    pub models: Option<Location>,

    /// Held-out rows with outcomes: CSV or Parquet. Without --models, a part of them is used for
    /// training [default: synthetic customers]
    #[arg(long, env = "SIMULATE_DATA", value_name = "FILE")]
    pub data: Option<Location>,

    /// Reference data of the monitors: CSV or Parquet [default: the training data of the model]
    #[arg(long, env = "SIMULATE_REFERENCE", value_name = "FILE", requires = "models")]
    pub reference: Option<Location>,

    /// Target column [default: the target of the model; `churn` for synthetic customers]
    #[arg(long, env = "SIMULATE_TARGET", value_name = "COLUMN")]
    pub target: Option<String>,

    /// Positive outcome, whose probability is predicted [default: the model's; without --models: yes,
    /// true, 1, churned, left, … by name, else the rarer]
    #[arg(long, env = "SIMULATE_POSITIVE", value_name = "OUTCOME")]
    pub positive: Option<String>,

    /// ID columns, which are no features (A,B)
    #[arg(long, env = "SIMULATE_ID", value_name = "COLUMN", value_delimiter = ',')]
    pub id: Vec<String>,

    #[command(flatten)]
    pub reading: ReadingArgs,

    /// Features to change (A,B): up to two numeric ones, and any number of categorical ones
    /// [default: the features with the highest importance]
    #[arg(long, env = "SIMULATE_FEATURES", value_name = "COLUMN", value_delimiter = ',')]
    pub features: Vec<String>,

    /// Relative increases of numeric features (A,B)
    #[arg(long, env = "SIMULATE_STEPS", value_name = "SHARE", value_delimiter = ',', default_value = "1%,5%,10%,25%,50%", value_parser = share)]
    pub steps: Vec<f64>,

    /// Number of rows to change (A,B)
    #[arg(
        long,
        env = "SIMULATE_CHANGED",
        value_name = "N|all",
        value_delimiter = ',',
        default_value = "all,1000,100,10"
    )]
    pub changed: Vec<Changed>,

    /// Number of bootstrap draws per change
    #[arg(long, env = "SIMULATE_SEEDS", value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(2..=10_000))]
    pub seeds: u64,

    /// Number of held-out rows, if a new model is trained
    #[arg(long, env = "SIMULATE_TEST_ROWS", value_name = "N", default_value_t = 4000, value_parser = clap::value_parser!(u64).range(100..))]
    pub test_rows: u64,

    /// Write the table as CSV: a path or s3://BUCKET/KEY
    #[arg(long, env = "SIMULATE_CSV", value_name = "FILE")]
    pub csv: Option<Location>,

    /// Write an HTML page with charts: a path or s3://BUCKET/KEY
    #[arg(long, env = "SIMULATE_REPORT", value_name = "FILE")]
    pub report: Option<Location>,
}

/// Number of rows to change (A,B).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// Every row.
    All,
    /// This number of rows, at random.
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
