#![expect(clippy::doc_markdown, reason = "the doc comments are the text of --help")]

use clap::builder::BoolishValueParser;
use clap::{Parser, ValueEnum};
use jiff::{SignedDuration, Timestamp};
use mlops_core::record::parse_utc;
use mlops_core::shift::{PolicyError, ShiftPolicy, Test};
use mlops_core::stats::Correction;
use mlops_job::{CommonArgs, DatabaseArgs, EXIT_CODES_HELP, JobArgs, span};
use mlops_objects::Location;

const EXAMPLES: &str = "\
Examples:
  Everything logged in a local SQLite file against the training data:
    drift --reference train.csv --database sqlite://mlops.db --id client_id --target churn

  The last week in MySQL against a training file in S3:
    MLOPS_DATABASE='mysql://…' drift --reference s3://acme-models/train.parquet --window 7d --target churn

  Two files, no database, and an exit code for a script:
    drift --reference train.csv --production may.csv --target churn --fail-on-verdict --output json";

/// Find data shift, feature by feature, between training data and production
///
/// Compares each feature of a training file with the same feature of the logged requests (or of a second file): numeric
/// features by the two-sample Kolmogorov-Smirnov test, categorical ones by the chi-squared test of homogeneity, and for
/// both the share of missing values. A feature is shifted if its p-value, adjusted for the number of tests
/// (Benjamini-Hochberg), is at most --significance AND its effect is at least --min-effect. A feature that cannot be
/// judged is inconclusive, never stable. Data that are broken (all missing, another unit or type, a column gone) are
/// told apart from a shift. The findings go to data_shift of the database.
#[derive(Debug, Clone, Parser)]
#[command(name = "drift", version, after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES_HELP}"))]
pub struct Args {
    /// What the model was trained on: a CSV or Parquet file, as a path or s3://BUCKET/KEY
    #[arg(long, env = "DRIFT_REFERENCE", value_name = "FILE")]
    pub reference: Location,

    /// Compare this CSV or Parquet file instead of the logs in the database; nothing is written
    #[arg(long, env = "DRIFT_PRODUCTION", value_name = "FILE", conflicts_with_all = ["since", "until", "window"])]
    pub production: Option<Location>,

    #[command(flatten)]
    pub store: DatabaseArgs,

    /// Compare only requests logged from this time on, UTC: 2026-11-23 or 2026-11-23T05:30:00
    #[arg(long, env = "DRIFT_SINCE", value_name = "TIME", value_parser = time, conflicts_with = "window")]
    pub since: Option<Timestamp>,

    /// Compare only requests logged before this time, UTC
    #[arg(long, env = "DRIFT_UNTIL", value_name = "TIME", value_parser = time)]
    pub until: Option<Timestamp>,

    /// Compare only requests logged in this span before --until, or before now: 7d, 12h, 90m
    #[arg(long, env = "DRIFT_WINDOW", value_name = "SPAN", value_parser = span)]
    pub window: Option<SignedDuration>,

    /// Columns that name rows or customers; they are not compared (several: A,B)
    #[arg(long, env = "DRIFT_ID", value_name = "COLUMN", value_delimiter = ',')]
    pub id: Vec<String>,

    /// Columns that hold the outcome; they are not compared (several: A,B)
    #[arg(long, env = "DRIFT_TARGET", value_name = "COLUMN", value_delimiter = ',')]
    pub target: Vec<String>,

    /// The column of the training data that holds the model's prediction; it is compared with `output.prediction` of the logs
    #[arg(long, env = "DRIFT_PREDICTION", value_name = "COLUMN")]
    pub prediction: Option<String>,

    /// The column that says whose row it is; of each customer one row is compared, as further ones are no news (`none`: all)
    #[arg(long, env = "DRIFT_UNIT", value_name = "COLUMN", default_value = "client_id")]
    pub unit: String,

    /// Columns to treat as levels, whatever they hold (several: A,B)
    #[arg(long, env = "DRIFT_CATEGORICAL", value_name = "COLUMN", value_delimiter = ',')]
    pub categorical: Vec<String>,

    /// Columns to treat as numbers, however few values they have (several: A,B)
    #[arg(long, env = "DRIFT_NUMERIC", value_name = "COLUMN", value_delimiter = ',')]
    pub numeric: Vec<String>,

    /// The test of numeric features
    #[arg(long, env = "DRIFT_NUMERIC_TEST", value_name = "TEST", default_value = "ks", help_heading = "Policy")]
    pub numeric_test: NumericTest,

    /// The test of categorical features
    #[arg(
        long,
        env = "DRIFT_CATEGORICAL_TEST",
        value_name = "TEST",
        default_value = "chi-squared",
        help_heading = "Policy"
    )]
    pub categorical_test: CategoricalTest,

    /// How p-values are adjusted for the number of tests
    #[arg(
        long,
        env = "DRIFT_CORRECTION",
        value_name = "METHOD",
        default_value = "benjamini-hochberg",
        help_heading = "Policy"
    )]
    pub correction: CorrectionName,

    /// The plain rule of older monitors: a shift is a p-value of at most --significance, adjusted for nothing, of any effect
    #[arg(long, env = "DRIFT_COMPAT", value_name = "RULE", conflicts_with_all = ["correction", "min_effect"], help_heading = "Policy")]
    pub compat: Option<Compat>,

    /// The largest adjusted p-value of a shift
    #[arg(long, env = "DRIFT_SIGNIFICANCE", value_name = "P", default_value_t = 0.05, help_heading = "Policy")]
    pub significance: f64,

    /// The smallest effect of a shift: Kolmogorov-Smirnov distance, Cramer's V or the other test's own, and change of the
    /// share of missing values
    #[arg(long, env = "DRIFT_MIN_EFFECT", value_name = "EFFECT", default_value_t = 0.05, help_heading = "Policy")]
    pub min_effect: f64,

    /// Say nothing of a feature with fewer values than this on either side
    #[arg(long, env = "DRIFT_MIN_ROWS", value_name = "N", default_value_t = 50, help_heading = "Policy")]
    pub min_rows: usize,

    /// Write a page with a picture of each feature there: a path or s3://BUCKET/KEY
    #[arg(long, env = "DRIFT_REPORT", value_name = "FILE")]
    pub report: Option<Location>,

    /// End with exit code 10 if the verdict is `shifted`
    #[arg(long, env = "MLOPS_FAIL_ON_VERDICT", value_parser = BoolishValueParser::new())]
    pub fail_on_verdict: bool,

    #[command(flatten)]
    pub common: CommonArgs,
}

impl JobArgs for Args {
    fn common(&self) -> &CommonArgs {
        &self.common
    }
}

/// The tests of numeric features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum NumericTest {
    /// Kolmogorov-Smirnov: any difference, best in the middle
    Ks,
    /// Anderson-Darling: any difference, better in the tails
    AndersonDarling,
    /// Mann-Whitney: larger or smaller on the whole
    MannWhitney,
    /// Population stability index over ten bins, with its p-value
    Psi,
    /// Jensen-Shannon distance over ten bins, with its p-value
    JensenShannon,
}

/// The tests of categorical features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CategoricalTest {
    /// Chi-squared test of homogeneity
    ChiSquared,
    /// G-test of homogeneity
    G,
    /// Population stability index, with its p-value
    Psi,
    /// Jensen-Shannon distance, with its p-value
    JensenShannon,
}

/// How p-values are adjusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CorrectionName {
    /// The expected share of false alarms among all alarms is --significance
    BenjaminiHochberg,
    /// The chance of any false alarm is --significance
    Holm,
    /// The same, by the plainest means
    Bonferroni,
    /// Not adjusted
    None,
}

/// Rules of other monitors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Compat {
    /// The raw p-value alone
    Plain,
}

impl Args {
    /// The column that says whose row it is.
    pub(crate) fn unit(&self) -> Option<&str> {
        Some(self.unit.as_str()).filter(|unit| *unit != "none")
    }

    /// When a difference is a shift.
    pub(crate) fn policy(&self) -> Result<ShiftPolicy, PolicyError> {
        let numeric = match self.numeric_test {
            NumericTest::Ks => Test::KolmogorovSmirnov,
            NumericTest::AndersonDarling => Test::AndersonDarling,
            NumericTest::MannWhitney => Test::MannWhitney,
            NumericTest::Psi => Test::Psi,
            NumericTest::JensenShannon => Test::JensenShannon,
        };
        let categorical = match self.categorical_test {
            CategoricalTest::ChiSquared => Test::ChiSquared,
            CategoricalTest::G => Test::G,
            CategoricalTest::Psi => Test::Psi,
            CategoricalTest::JensenShannon => Test::JensenShannon,
        };
        let correction = match self.correction {
            CorrectionName::BenjaminiHochberg => Correction::BenjaminiHochberg,
            CorrectionName::Holm => Correction::Holm,
            CorrectionName::Bonferroni => Correction::Bonferroni,
            CorrectionName::None => Correction::None,
        };
        let (correction, min_effect) = match self.compat {
            Some(Compat::Plain) => (Correction::None, 0.0),
            None => (correction, self.min_effect),
        };
        let policy = ShiftPolicy::new(self.significance, min_effect, self.min_rows)?;
        policy.with_correction(correction).with_tests(numeric, categorical)
    }
}

fn time(text: &str) -> Result<Timestamp, String> {
    parse_utc(text).ok_or_else(|| "write a time such as 2026-11-23 or 2026-11-23T05:30:00 (UTC)".to_owned())
}
