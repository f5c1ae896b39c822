#![expect(clippy::doc_markdown, reason = "the doc comments are the text of --help")]

use clap::Parser;
use clap::builder::BoolishValueParser;
use jiff::{SignedDuration, Timestamp};
use mlops_core::window::Window;
use mlops_detect::performance::{ImpactPolicy, PerformancePolicy, PeriodLength};
use mlops_job::{
    CommonArgs, DatabaseArgs, EXIT_CODES_HELP, JobArgs, Spec, UsageError, span, utc_time,
};
use mlops_monitor::RetrainArgs;
use mlops_monitor::{OutcomeArgs, window_of};
use mlops_objects::Location;

use crate::spec::SPEC;

const EXAMPLES: &str = "\
Examples:
  A table with predictions and outcomes, no database:
    performance --production scored.parquet --prediction y_pred_proba --target repaid --time timestamp --reference training.parquet

  What was logged since the present model was published, week by week, with outcomes from client_outcomes:
    performance --models s3://acme-models/churn --database mysql://…

  The same each night, the model against the heuristic, and a new model when predictions or business decay:
    performance --models s3://acme-models/churn --database mysql://… --heuristic-share 0.1 --retrain \
      --retrain-queue mlops --retrain-definition retrain";

/// Compare predictions with what came of them, and the model with the heuristic
///
/// Logged predictions are joined with outcomes, and judged by day, week or month: how well they
/// rank (ROC AUC), how far they are off (log loss, Brier, calibration), each with an interval,
/// against the figures at training. Where outcomes are still to come, performance is estimated from
/// the predictions. Where the application sends some clients to a heuristic instead of the model,
/// the churn of both arms gives clients and money saved. The findings go to performance and
/// business_impact of the database.
#[derive(Debug, Clone, Parser)]
#[command(name = "performance", version, after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES_HELP}"))]
pub struct Args {
    #[command(flatten)]
    pub data: DataArgs,

    #[command(flatten)]
    pub outcomes: OutcomeArgs,

    #[command(flatten)]
    pub policy: PolicyArgs,

    #[command(flatten)]
    pub impact: ImpactArgs,

    /// Ask for a new model if the verdict is `shifted`
    #[arg(long, env = "PERFORMANCE_RETRAIN", value_parser = BoolishValueParser::new(), help_heading = "Retraining")]
    pub retrain: bool,

    #[command(flatten)]
    pub trigger: RetrainArgs,

    /// Write a page about the findings there: a path or s3://BUCKET/KEY
    #[arg(long, env = "PERFORMANCE_REPORT", value_name = "FILE")]
    pub report: Option<Location>,

    /// End with exit code 10 if the verdict is `shifted`
    #[arg(long, env = "MLOPS_FAIL_ON_VERDICT", value_parser = BoolishValueParser::new())]
    pub fail_on_verdict: bool,

    #[command(flatten)]
    pub store: DatabaseArgs,

    #[command(flatten)]
    pub common: CommonArgs,
}

/// What is judged.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Data")]
pub struct DataArgs {
    /// Where `retrain` keeps models: a folder or s3://BUCKET/PREFIX; says how good the model was at
    /// training, its target, and since when its requests count
    #[arg(long, env = "MLOPS_MODELS", value_name = "PLACE")]
    pub models: Option<Location>,

    /// The model of --models that is judged; without it the present one
    #[arg(long, env = "PERFORMANCE_MODEL_UID", value_name = "MODEL_UID", requires = "models")]
    pub model_uid: Option<String>,

    /// A table with predictions and outcomes from the time of training, on rows that the model was
    /// not fitted to, which gives the figures to compare with: CSV or Parquet
    #[arg(long, env = "PERFORMANCE_REFERENCE", value_name = "FILE")]
    pub reference: Option<Location>,

    /// Judge this instead of the logs in the database, and write nothing: CSV or Parquet with a
    /// prediction and an outcome a row, or JSON logs, of which a folder or s3://BUCKET/PREFIX may
    /// be named
    #[arg(long, env = "PERFORMANCE_PRODUCTION", value_name = "FILE")]
    pub production: Option<Location>,

    /// Judge only requests logged from this time on, UTC: 2026-11-23 or 2026-11-23T05:30:00
    #[arg(long, env = "PERFORMANCE_SINCE", value_name = "TIME", value_parser = utc_time, conflicts_with = "window")]
    pub since: Option<Timestamp>,

    /// Judge only requests logged before this time, UTC
    #[arg(long, env = "PERFORMANCE_UNTIL", value_name = "TIME", value_parser = utc_time)]
    pub until: Option<Timestamp>,

    /// Judge only requests of this long before --until, or before now: 90d
    #[arg(long, env = "PERFORMANCE_WINDOW", value_name = "SPAN", value_parser = span)]
    pub window: Option<SignedDuration>,

    /// The length of the periods that are judged one by one: day, week or month
    #[arg(long, env = "PERFORMANCE_EVERY", value_name = "PERIOD", default_value = "week")]
    pub every: PeriodLength,

    /// The column of a table with the time of a row
    #[arg(long, env = "PERFORMANCE_TIME", value_name = "COLUMN")]
    pub time: Option<String>,

    /// The column of a table with the predicted probability
    #[arg(
        long,
        env = "PERFORMANCE_PREDICTION",
        value_name = "COLUMN",
        default_value = "prediction"
    )]
    pub prediction: String,

    /// The column of a table with the outcome; a row without one waits for it
    #[arg(long, env = "PERFORMANCE_TARGET", value_name = "COLUMN")]
    pub target: Option<String>,

    /// The outcome whose probability is predicted; without it yes, true, 1, or the later of two by
    /// name
    #[arg(long, env = "PERFORMANCE_POSITIVE", value_name = "OUTCOME")]
    pub positive: Option<String>,

    /// Predictions from here on are high risk; without it what was logged as high_risk, or else 0.5
    #[arg(long, env = "PERFORMANCE_CUT_OFF", value_name = "P", value_parser = mlops_job::share)]
    pub cut_off: Option<f64>,
}

/// When predictions are worse than they were.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Verdict")]
pub struct PolicyArgs {
    /// The least loss of ROC AUC since training that matters
    #[arg(long, env = "PERFORMANCE_MAX_AUC_DROP", value_name = "AUC", default_value_t = 0.03, value_parser = mlops_job::share)]
    pub max_auc_drop: f64,

    /// The least rise of the log loss since training that matters
    #[arg(long, env = "PERFORMANCE_MAX_LOG_LOSS_RISE", value_name = "NATS", default_value_t = 0.03, value_parser = mlops_job::share)]
    pub max_log_loss_rise: f64,

    /// The least expected calibration error that matters
    #[arg(long, env = "PERFORMANCE_MAX_ECE", value_name = "ECE", default_value_t = 0.05, value_parser = mlops_job::share)]
    pub max_ece: f64,

    /// The fewest rows with an outcome of a period that say something
    #[arg(long, env = "PERFORMANCE_MIN_ROWS", value_name = "N", default_value_t = 200)]
    pub min_rows: u64,

    /// The fewest rows of either outcome
    #[arg(long, env = "PERFORMANCE_MIN_OUTCOMES", value_name = "N", default_value_t = 20)]
    pub min_outcomes: u64,

    /// The most adjusted p-value of what is worse
    #[arg(long, env = "PERFORMANCE_SIGNIFICANCE", value_name = "P", default_value_t = 0.05, value_parser = mlops_job::share)]
    pub significance: f64,

    /// Intervals hold what they estimate so often
    #[arg(long, env = "PERFORMANCE_CONFIDENCE", value_name = "SHARE", default_value_t = 0.95, value_parser = mlops_job::share)]
    pub confidence: f64,
}

/// How the model is compared with the heuristic.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Business impact")]
pub struct ImpactArgs {
    /// The share of clients that the application sends to the heuristic, for a check that the arms
    /// are alike; without it the share has to be the same in all periods
    #[arg(long, env = "PERFORMANCE_HEURISTIC_SHARE", value_name = "SHARE", value_parser = mlops_job::share)]
    pub heuristic_share: Option<f64>,

    /// The fewest clients of each arm that say something
    #[arg(long, env = "PERFORMANCE_MIN_CLIENTS", value_name = "N", default_value_t = 100)]
    pub min_clients: u64,

    /// The least loss of benefit that matters, as a share of clients
    #[arg(long, env = "PERFORMANCE_MIN_DECAY", value_name = "SHARE", default_value_t = 0.01, value_parser = mlops_job::share)]
    pub min_decay: f64,

    /// What clients are worth: a file with the columns client_id and ltv; without it the table
    /// client_ltv of --database
    #[arg(long, env = "PERFORMANCE_LTV", value_name = "FILE")]
    pub ltv: Option<Location>,

    /// The column of a table that says who decided: `model`, or anything else for the heuristic
    #[arg(long, env = "PERFORMANCE_ARM", value_name = "COLUMN", requires = "client")]
    pub arm: Option<String>,

    /// The column of a table that says whose the row is
    #[arg(long, env = "PERFORMANCE_CLIENT", value_name = "COLUMN")]
    pub client: Option<String>,
}

impl JobArgs for Args {
    const SPEC: Spec = SPEC;

    fn common(&self) -> &CommonArgs {
        &self.common
    }
}

impl DataArgs {
    /// The time that is judged; from `since` on if nothing else is said.
    pub(crate) fn window(
        &self,
        now: Timestamp,
        since: Option<Timestamp>,
    ) -> Result<Window, UsageError> {
        window_of(self.since.or(since), self.until, self.window, now)
    }
}

impl PolicyArgs {
    pub(crate) fn policy(&self) -> PerformancePolicy {
        PerformancePolicy {
            significance: self.significance,
            max_auc_drop: self.max_auc_drop,
            max_log_loss_rise: self.max_log_loss_rise,
            max_ece: self.max_ece,
            min_rows: self.min_rows,
            min_outcomes: self.min_outcomes,
        }
    }
}

impl Args {
    pub(crate) fn impact_policy(&self) -> ImpactPolicy {
        ImpactPolicy {
            confidence: self.policy.confidence,
            significance: self.policy.significance,
            min_decay: self.impact.min_decay,
            min_clients: self.impact.min_clients,
            heuristic_share: self.impact.heuristic_share,
            ..ImpactPolicy::default()
        }
    }
}
