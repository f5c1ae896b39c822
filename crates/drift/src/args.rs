#![expect(clippy::doc_markdown, reason = "the doc comments are the text of --help")]

use clap::builder::BoolishValueParser;
use clap::{Parser, Subcommand, ValueEnum};
use jiff::{SignedDuration, Timestamp};
use mlops_core::window::Window;
use mlops_detect::shift::{Chunk, PolicyError, RetrainRule, Roles, ShiftPolicy, Split, Test};
use mlops_job::{
    CommonArgs, DatabaseArgs, EXIT_CODES_HELP, JobArgs, Spec, UsageError, span, utc_time,
};
use mlops_monitor::RetrainArgs;
use mlops_monitor::window_of;
use mlops_objects::Location;
use mlops_stats::Correction;

use crate::spec::SPEC;

/// A run a day.
const LOOKS_OF_A_YEAR: u32 = 365;

const EXAMPLES: &str = "\
Examples:
  Everything logged in a local SQLite file against the training data:
    drift --reference train.csv --database sqlite://mlops.db --id client_id --target churn

  The last week in MySQL against a training file in S3:
    MLOPS_DATABASE='mysql://…' drift --reference s3://acme-models/train.parquet --window 7d --target churn

  Logs in S3, against the profile that was written once with the model, with the trend of a month:
    drift profile --reference train.parquet --target churn --out train.profile
    drift --reference train.profile --target churn --production s3://acme-logs/churn/ --window 30d --chunk day

  Each night, and a new model when features moved that are important to the present one, at most once a week:
    drift --models s3://acme-models/churn --window 7d --retrain-when important \
      --retrain-queue mlops --retrain-definition retrain

  Two files, no database, and an exit code for a script:
    drift --reference train.csv --production may.csv --target churn --fail-on-verdict --output json";

/// Find data shift, feature by feature, between training data and production
///
/// Compares each feature of a training file with the same feature of the logged requests (or of a
/// second file): numeric features by the two-sample Kolmogorov-Smirnov test, categorical ones by
/// the chi-squared test of homogeneity, and for both the share of missing values. A feature is
/// shifted if its p-value, adjusted for the number of tests (Benjamini-Hochberg), is at most
/// --significance AND its effect is at least --min-effect. A feature that cannot be judged is
/// inconclusive, never stable. Data that are broken (all missing, another unit or type, a column
/// gone) are told apart from a shift. The findings go to data_shift of the database.
#[derive(Debug, Clone, Parser)]
#[command(name = "drift", version, after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES_HELP}"))]
pub struct Args {
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    pub data: DataArgs,

    #[command(flatten)]
    pub policy: PolicyArgs,

    /// Ask for a new model: `any` feature shifted, a `share:0.3` of them, or `important` ones with
    /// a fifth of --importances
    #[arg(long, env = "DRIFT_RETRAIN_WHEN", value_name = "RULE", help_heading = "Retraining")]
    pub retrain_when: Option<RetrainRule>,

    /// A JSON object with the importance of each feature in the current model, for `important`
    #[arg(long, env = "DRIFT_IMPORTANCES", value_name = "FILE", help_heading = "Retraining")]
    pub importances: Option<Location>,

    #[command(flatten)]
    pub retrain: RetrainArgs,

    /// Write a page with a picture of each feature there: a path or s3://BUCKET/KEY
    #[arg(long, env = "DRIFT_REPORT", value_name = "FILE")]
    pub report: Option<Location>,

    /// End with exit code 10 if the verdict is `shifted`
    #[arg(long, env = "MLOPS_FAIL_ON_VERDICT", value_parser = BoolishValueParser::new())]
    pub fail_on_verdict: bool,

    #[command(flatten)]
    pub store: DatabaseArgs,

    #[command(flatten)]
    pub common: CommonArgs,
}

/// What to do.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Write the profile of --reference, or of --production if that is given, for later runs to
    /// take in its place
    ///
    /// A profile holds what `drift` needs to know of a table: each feature's order, levels and
    /// missing values, in some hundred kilobytes a feature whatever the number of rows. Profiles
    /// named together add up: those of a day's hours to the day's.
    Profile {
        /// Where to write it: a path or s3://BUCKET/KEY
        #[arg(long, env = "DRIFT_PROFILE_OUT", value_name = "FILE")]
        out: Location,
    },
}

/// What is compared, and what its columns are.
#[derive(Debug, Clone, clap::Args)]
pub struct DataArgs {
    /// What the model was trained on: a CSV or Parquet file, or its profile, as a path or
    /// s3://BUCKET/KEY
    #[arg(long, global = true, env = "DRIFT_REFERENCE", value_name = "FILE")]
    pub reference: Option<Location>,

    /// Where `retrain` keeps models: a folder or s3://BUCKET/PREFIX; says what the model was
    /// trained on, its target, and since when its requests count
    #[arg(long, global = true, env = "MLOPS_MODELS", value_name = "PLACE")]
    pub models: Option<Location>,

    /// The model of --models whose training data are compared; without it the present one
    #[arg(long, global = true, env = "DRIFT_MODEL_UID", value_name = "MODEL_UID")]
    pub model_uid: Option<String>,

    /// Compare this instead of the logs in the database, and write nothing: CSV, Parquet, profiles,
    /// or JSON logs, of which a folder or s3://BUCKET/PREFIX may be named (several: A,B)
    #[arg(
        long,
        global = true,
        env = "DRIFT_PRODUCTION",
        value_name = "FILE",
        value_delimiter = ','
    )]
    pub production: Vec<Location>,

    /// Compare only requests logged from this time on, UTC: 2026-11-23 or 2026-11-23T05:30:00
    #[arg(long, global = true, env = "DRIFT_SINCE", value_name = "TIME", value_parser = utc_time, conflicts_with = "window")]
    pub since: Option<Timestamp>,

    /// Compare only requests logged before this time, UTC
    #[arg(long, global = true, env = "DRIFT_UNTIL", value_name = "TIME", value_parser = utc_time)]
    pub until: Option<Timestamp>,

    /// Compare only requests logged in this span before --until, or before now: 7d, 12h, 90m
    #[arg(long, global = true, env = "DRIFT_WINDOW", value_name = "SPAN", value_parser = span)]
    pub window: Option<SignedDuration>,

    /// The column of a --production table that says when a row was
    #[arg(long, global = true, env = "DRIFT_TIME", value_name = "COLUMN")]
    pub time: Option<String>,

    /// Columns that name rows or customers; they are not compared (several: A,B)
    #[arg(long, global = true, env = "DRIFT_ID", value_name = "COLUMN", value_delimiter = ',')]
    pub id: Vec<String>,

    /// Columns that hold the outcome; they are no features, and compared by themselves where
    /// --production has them (several: A,B)
    #[arg(long, global = true, env = "DRIFT_TARGET", value_name = "COLUMN", value_delimiter = ',')]
    pub target: Vec<String>,

    /// The column of the training data that holds the model's prediction; it is compared with
    /// `output.prediction` of the logs
    #[arg(long, global = true, env = "DRIFT_PREDICTION", value_name = "COLUMN")]
    pub prediction: Option<String>,

    /// The column that says whose row it is; of each customer one row is compared, as further ones
    /// are no news (`none`: all)
    #[arg(
        long,
        global = true,
        env = "DRIFT_UNIT",
        value_name = "COLUMN",
        default_value = "client_id"
    )]
    pub unit: String,

    /// Columns to treat as levels, whatever they hold (several: A,B)
    #[arg(
        long,
        global = true,
        env = "DRIFT_CATEGORICAL",
        value_name = "COLUMN",
        value_delimiter = ','
    )]
    pub categorical: Vec<String>,

    /// Columns to treat as numbers, however few values they have (several: A,B)
    #[arg(
        long,
        global = true,
        env = "DRIFT_NUMERIC",
        value_name = "COLUMN",
        value_delimiter = ','
    )]
    pub numeric: Vec<String>,

    /// Compare within each value of this column too, and correct all of these tests together
    #[arg(long, global = true, env = "DRIFT_BY", value_name = "COLUMN")]
    pub by: Option<String>,

    /// Show the trend of each feature over parts of production: `day`, `week`, or a number of rows
    #[arg(long, global = true, env = "DRIFT_CHUNK", value_name = "PART", value_parser = chunk)]
    pub chunk: Option<Chunk>,
}

/// When a difference is a shift.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Policy")]
pub struct PolicyArgs {
    /// The test of numeric features
    #[arg(long, env = "DRIFT_NUMERIC_TEST", value_name = "TEST", default_value = "ks")]
    pub numeric_test: NumericTest,

    /// The test of categorical features
    #[arg(
        long,
        env = "DRIFT_CATEGORICAL_TEST",
        value_name = "TEST",
        default_value = "chi-squared"
    )]
    pub categorical_test: CategoricalTest,

    /// How p-values are adjusted for the number of tests
    #[arg(
        long,
        env = "DRIFT_CORRECTION",
        value_name = "METHOD",
        default_value = "benjamini-hochberg"
    )]
    pub correction: CorrectionName,

    /// The plain rule of older monitors: a shift is a p-value of at most --significance, adjusted
    /// for nothing, of any effect
    #[arg(long, env = "DRIFT_COMPAT", value_name = "RULE", conflicts_with_all = ["correction", "min_effect"])]
    pub compat: Option<Compat>,

    /// The largest adjusted p-value of a shift
    #[arg(long, env = "DRIFT_SIGNIFICANCE", value_name = "P", default_value_t = 0.05)]
    pub significance: f64,

    /// Share --significance out over this many runs, so that it is the chance of a false alarm in
    /// any of them [default: 1; with --retrain-when 365, a year of daily runs]
    #[arg(long, env = "DRIFT_LOOKS", value_name = "N")]
    pub looks: Option<u32>,

    /// The smallest effect of a shift: Kolmogorov-Smirnov distance, Cramer's V or the other test's
    /// own, and change of the share of missing values
    #[arg(long, env = "DRIFT_MIN_EFFECT", value_name = "EFFECT", default_value_t = 0.03)]
    pub min_effect: f64,

    /// Say nothing of a feature with fewer values than this on either side
    #[arg(long, env = "DRIFT_MIN_ROWS", value_name = "N", default_value_t = 50)]
    pub min_rows: u64,
}

impl JobArgs for Args {
    const SPEC: Spec = SPEC;

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

impl DataArgs {
    /// What the person who runs the job knows of the columns.
    pub(crate) fn roles(&self) -> Roles {
        Roles {
            ids: self.id.clone(),
            targets: self.target.clone(),
            categorical: self.categorical.clone(),
            numeric: self.numeric.clone(),
            taken: None,
        }
    }

    /// How rows of the reference are told apart.
    pub(crate) fn reference_split(&self) -> Split {
        let unit = Some(self.unit.clone()).filter(|unit| unit != "none");
        Split { unit, by: self.by.clone(), ..Split::default() }
    }

    /// The time that production is looked at in.
    pub(crate) fn window(&self, now: Timestamp) -> Result<Window, UsageError> {
        window_of(self.since, self.until, self.window, now)
    }
}

impl PolicyArgs {
    /// When a difference is a shift.
    pub(crate) fn policy(&self, retrains: bool) -> Result<ShiftPolicy, PolicyError> {
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
        let looks = self.looks.unwrap_or(if retrains { LOOKS_OF_A_YEAR } else { 1 });
        policy.with_correction(correction).with_looks(looks)?.with_tests(numeric, categorical)
    }
}

fn chunk(text: &str) -> Result<Chunk, String> {
    match text {
        "day" => Ok(Chunk::Days),
        "week" => Ok(Chunk::Weeks),
        rows => match rows.parse() {
            Ok(rows) if rows > 0 => Ok(Chunk::Rows(rows)),
            _ => Err("write day, week, or a number of rows such as 10000".to_owned()),
        },
    }
}
