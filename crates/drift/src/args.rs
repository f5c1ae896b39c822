#![expect(clippy::doc_markdown, reason = "the doc comments are the text of --help")]

use clap::builder::BoolishValueParser;
use clap::{Parser, Subcommand, ValueEnum};
use jiff::{SignedDuration, Timestamp};
use mlops_core::table::Rules;
use mlops_core::window::Window;
use mlops_detect::shift::{Chunk, PolicyError, RetrainRule, Roles, ShiftPolicy, Split, Test};
use mlops_job::{
    CommonArgs, DatabaseArgs, EXIT_CODES_HELP, JobArgs, Spec, UsageError, span, utc_time,
};
use mlops_monitor::{ReadingArgs, RetrainArgs, window_of};
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

  Logs in S3 against a profile of the training data, with the trend of a month:
    drift profile --reference train.parquet --target churn --out train.profile
    drift --reference train.profile --target churn --production s3://acme-logs/churn/ --window 30d --chunk day

  Each night, with a retrain request when important features shift, at most once a week:
    drift --models s3://acme-models/churn --window 7d --retrain-when important \
      --retrain-queue mlops --retrain-definition retrain

  Two files, no database, and an exit code for a script:
    drift --reference train.csv --production may.csv --target churn --fail-on-verdict --output json";

/// Find data shift between training data and production, feature by feature
///
/// Compares each feature of the training data with the logged requests, or with a second file.
/// Numeric features: two-sample Kolmogorov-Smirnov test. Categorical features: chi-squared test of
/// homogeneity. The share of missing values is tested for both.
///
/// A feature is shifted if its adjusted p-value is at most --significance and its effect size is at
/// least --min-effect. A feature that cannot be judged is inconclusive, never stable. Broken data
/// (all missing, another unit or type, a removed column) are reported as a data bug. The findings
/// are written to the table data_shift.
#[derive(Debug, Clone, Parser)]
#[command(name = "drift", version, after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES_HELP}"))]
pub struct Args {
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    pub data: DataArgs,

    #[command(flatten)]
    pub policy: PolicyArgs,

    /// Request a retrain if `any` feature shifted, a `share:0.3` of them, or `important` ones (20%
    /// of --importances)
    #[arg(long, env = "DRIFT_RETRAIN_WHEN", value_name = "RULE", help_heading = "Retraining")]
    pub retrain_when: Option<RetrainRule>,

    /// JSON object with the importance of each feature, for `important` [default: those of
    /// --models]
    #[arg(
        long,
        env = "DRIFT_IMPORTANCES",
        value_name = "FILE",
        help_heading = "Retraining",
        hide_short_help = true
    )]
    pub importances: Option<Location>,

    #[command(flatten)]
    pub retrain: RetrainArgs,

    /// Write an HTML page with a picture of each feature: a path or s3://BUCKET/KEY
    #[arg(long, env = "DRIFT_REPORT", value_name = "FILE", help_heading = "Output")]
    pub report: Option<Location>,

    /// Exit with code 10 if the verdict is `shifted`
    #[arg(long, env = "MLOPS_FAIL_ON_VERDICT", value_parser = BoolishValueParser::new(), help_heading = "Output")]
    pub fail_on_verdict: bool,

    #[command(flatten)]
    pub store: DatabaseArgs,

    #[command(flatten)]
    pub common: CommonArgs,
}

/// The command.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Write the profile of --reference, or of --production if that is given
    ///
    /// A profile replaces its table in later runs. It holds the distribution, levels and missing
    /// values of each feature, in some 100 kB a feature for any number of rows. Profiles named
    /// together are added: those of a day's hours are the day's.
    Profile {
        /// Profile to write: a path or s3://BUCKET/KEY
        #[arg(long, env = "DRIFT_PROFILE_OUT", value_name = "FILE")]
        out: Location,

        #[command(flatten)]
        reading: ReadingArgs,
    },
}

/// The data to compare, and the roles of their columns.
#[derive(Debug, Clone, clap::Args)]
pub struct DataArgs {
    /// Training data: CSV, Parquet, or a profile written by `drift profile`; a path or
    /// s3://BUCKET/KEY
    #[arg(
        long,
        global = true,
        env = "DRIFT_REFERENCE",
        value_name = "FILE",
        help_heading = "Input"
    )]
    pub reference: Option<Location>,

    /// Models written by `retrain`: a folder or s3://BUCKET/PREFIX; replaces --reference, --target
    /// and --since
    #[arg(
        long,
        global = true,
        env = "MLOPS_MODELS",
        value_name = "LOCATION",
        help_heading = "Input"
    )]
    pub models: Option<Location>,

    /// ID of the model of --models to compare with [default: the current model]
    #[arg(
        long,
        global = true,
        env = "DRIFT_MODEL_UID",
        value_name = "MODEL_UID",
        hide_short_help = true,
        help_heading = "Input"
    )]
    pub model_uid: Option<String>,

    /// Production data instead of the database: CSV, Parquet, profiles, or a folder or prefix of
    /// JSON logs (A,B)
    #[arg(
        long,
        global = true,
        env = "DRIFT_PRODUCTION",
        value_name = "FILE",
        value_delimiter = ',',
        help_heading = "Input"
    )]
    pub production: Vec<Location>,

    /// First logging time to compare, in UTC: 2026-11-23 or 2026-11-23T05:30:00
    #[arg(long, global = true, env = "DRIFT_SINCE", value_name = "TIME", value_parser = utc_time, conflicts_with = "window", hide_short_help = true, help_heading = "Input")]
    pub since: Option<Timestamp>,

    /// End of the logging times to compare, exclusive, in UTC [default: now]
    #[arg(long, global = true, env = "DRIFT_UNTIL", value_name = "TIME", value_parser = utc_time, hide_short_help = true, help_heading = "Input")]
    pub until: Option<Timestamp>,

    /// Lookback window before --until: 7d, 12h, 90m
    #[arg(long, global = true, env = "DRIFT_WINDOW", value_name = "SPAN", value_parser = span, help_heading = "Input")]
    pub window: Option<SignedDuration>,

    /// Column of a --production table with the time of a row
    #[arg(
        long,
        global = true,
        env = "DRIFT_TIME",
        value_name = "COLUMN",
        help_heading = "Columns",
        hide_short_help = true
    )]
    pub time: Option<String>,

    /// ID columns, which are not compared (A,B)
    #[arg(
        long,
        global = true,
        env = "DRIFT_ID",
        value_name = "COLUMN",
        value_delimiter = ',',
        help_heading = "Columns"
    )]
    pub id: Vec<String>,

    /// Target columns: no features, and compared apart where production has them (A,B)
    #[arg(
        long,
        global = true,
        env = "DRIFT_TARGET",
        value_name = "COLUMN",
        value_delimiter = ',',
        help_heading = "Columns"
    )]
    pub target: Vec<String>,

    /// Column of the training data with the prediction; compared with `output.prediction` of the
    /// logs
    #[arg(
        long,
        global = true,
        env = "DRIFT_PREDICTION",
        value_name = "COLUMN",
        hide_short_help = true,
        help_heading = "Columns"
    )]
    pub prediction: Option<String>,

    /// Customer column: one row of each customer is compared; `none`: all rows
    #[arg(
        long,
        global = true,
        env = "DRIFT_UNIT",
        value_name = "COLUMN",
        default_value = "client_id",
        hide_short_help = true,
        help_heading = "Columns"
    )]
    pub unit: String,

    /// Columns to treat as categorical (A,B)
    #[arg(
        long,
        global = true,
        env = "DRIFT_CATEGORICAL",
        value_name = "COLUMN",
        value_delimiter = ',',
        hide_short_help = true,
        help_heading = "Columns"
    )]
    pub categorical: Vec<String>,

    /// Columns to treat as numeric (A,B)
    #[arg(
        long,
        global = true,
        env = "DRIFT_NUMERIC",
        value_name = "COLUMN",
        value_delimiter = ',',
        hide_short_help = true,
        help_heading = "Columns"
    )]
    pub numeric: Vec<String>,

    #[command(flatten)]
    pub reading: ReadingArgs,

    /// Column whose values are segments; each segment is compared too, all tests adjusted together
    #[arg(
        long,
        global = true,
        env = "DRIFT_BY",
        value_name = "COLUMN",
        help_heading = "Segments and trend",
        hide_short_help = true
    )]
    pub by: Option<String>,

    /// Show the trend of each feature over production: `day`, `week`, or a number of rows
    #[arg(long, global = true, env = "DRIFT_CHUNK", value_name = "PART", value_parser = chunk, hide_short_help = true, help_heading = "Segments and trend")]
    pub chunk: Option<Chunk>,
}

/// When a difference is a shift.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Statistics")]
pub struct PolicyArgs {
    /// Test of numeric features
    #[arg(
        long,
        env = "DRIFT_NUMERIC_TEST",
        value_name = "TEST",
        default_value = "ks",
        hide_short_help = true
    )]
    pub numeric_test: NumericTest,

    /// Test of categorical features
    #[arg(
        long,
        env = "DRIFT_CATEGORICAL_TEST",
        value_name = "TEST",
        default_value = "chi-squared",
        hide_short_help = true
    )]
    pub categorical_test: CategoricalTest,

    /// Correction for multiple tests
    #[arg(
        long,
        env = "DRIFT_CORRECTION",
        value_name = "METHOD",
        default_value = "benjamini-hochberg",
        hide_short_help = true
    )]
    pub correction: CorrectionName,

    /// Rule of older monitors: the raw p-value against --significance, without effect size or
    /// correction
    #[arg(long, env = "DRIFT_COMPAT", value_name = "RULE", conflicts_with_all = ["correction", "min_effect"], hide_short_help = true)]
    pub compat: Option<Compat>,

    /// Significance level of the adjusted p-value
    #[arg(
        long,
        env = "DRIFT_SIGNIFICANCE",
        value_name = "P",
        default_value_t = 0.05,
        hide_short_help = true
    )]
    pub significance: f64,

    /// Number of runs that share --significance (repeated looks) [default: 1; with --retrain-when
    /// 365]
    #[arg(long, env = "DRIFT_LOOKS", value_name = "N", hide_short_help = true)]
    pub looks: Option<u32>,

    /// Minimum effect size: KS distance, or Cramér's V of levels and of shares of missing values
    #[arg(long, env = "DRIFT_MIN_EFFECT", value_name = "EFFECT", default_value_t = 0.03)]
    pub min_effect: f64,

    /// Minimum number of values on each side; fewer are inconclusive
    #[arg(
        long,
        env = "DRIFT_MIN_ROWS",
        value_name = "N",
        default_value_t = 50,
        hide_short_help = true
    )]
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
    /// Returns the roles of the columns that the user named.
    pub(crate) fn roles(&self) -> Roles {
        Roles {
            ids: self.id.clone(),
            targets: self.target.clone(),
            categorical: self.categorical.clone(),
            numeric: self.numeric.clone(),
            taken: None,
        }
    }

    /// Returns how tables are read: the columns with IDs as texts.
    pub(crate) fn rules(&self) -> Rules {
        Rules {
            levels: self.categorical.clone(),
            ..self.reading.rules(self.id.iter().chain([&self.unit]))
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
