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

  Requests since the current model was published, by week, with outcomes from client_outcomes:
    performance --models s3://acme-models/churn --database mysql://…

  The same each night, with the business impact and a retrain request when performance decays:
    performance --models s3://acme-models/churn --database mysql://… --heuristic-share 0.1 --retrain \
      --retrain-queue mlops --retrain-definition retrain";

/// Compare predictions with outcomes, and the model with a heuristic
///
/// Logged predictions are joined with outcomes and evaluated by day, week or month: ROC AUC, log
/// loss, Brier score and calibration, each with a confidence interval, against the metrics at
/// training. Where outcomes are still missing, performance is estimated from the predictions.
///
/// If the application gives some clients to a heuristic (control group), the churn of both groups
/// gives the clients and the money saved. The findings are written to the tables performance and
/// business_impact.
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

    /// Request a retrain if the verdict is `shifted`
    #[arg(long, env = "PERFORMANCE_RETRAIN", value_parser = BoolishValueParser::new(), help_heading = "Retraining")]
    pub retrain: bool,

    #[command(flatten)]
    pub trigger: RetrainArgs,

    /// Write an HTML page about the findings: a path or s3://BUCKET/KEY
    #[arg(long, env = "PERFORMANCE_REPORT", value_name = "FILE", help_heading = "Output")]
    pub report: Option<Location>,

    /// Exit with code 10 if the verdict is `shifted`
    #[arg(long, env = "MLOPS_FAIL_ON_VERDICT", value_parser = BoolishValueParser::new(), help_heading = "Output")]
    pub fail_on_verdict: bool,

    #[command(flatten)]
    pub store: DatabaseArgs,

    #[command(flatten)]
    pub common: CommonArgs,
}

/// The data to evaluate.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Input")]
pub struct DataArgs {
    /// Models written by `retrain`: a folder or s3://BUCKET/PREFIX; has the training metrics, the
    /// target, and --since
    #[arg(long, env = "MLOPS_MODELS", value_name = "LOCATION")]
    pub models: Option<Location>,

    /// ID of the model of --models to evaluate [default: the current model]
    #[arg(
        long,
        env = "PERFORMANCE_MODEL_UID",
        value_name = "MODEL_UID",
        requires = "models",
        hide_short_help = true
    )]
    pub model_uid: Option<String>,

    /// Held-out predictions and outcomes at training time, for the metrics to compare with: CSV or
    /// Parquet
    #[arg(long, env = "PERFORMANCE_REFERENCE", value_name = "FILE")]
    pub reference: Option<Location>,

    /// Production data instead of the database: CSV or Parquet with prediction and outcome, or JSON
    /// logs
    #[arg(long, env = "PERFORMANCE_PRODUCTION", value_name = "FILE")]
    pub production: Option<Location>,

    /// First logging time to evaluate, in UTC: 2026-11-23 or 2026-11-23T05:30:00
    #[arg(long, env = "PERFORMANCE_SINCE", value_name = "TIME", value_parser = utc_time, conflicts_with = "window", hide_short_help = true)]
    pub since: Option<Timestamp>,

    /// End of the logging times to evaluate, exclusive, in UTC [default: now]
    #[arg(long, env = "PERFORMANCE_UNTIL", value_name = "TIME", value_parser = utc_time, hide_short_help = true)]
    pub until: Option<Timestamp>,

    /// Lookback window before --until: 90d
    #[arg(long, env = "PERFORMANCE_WINDOW", value_name = "SPAN", value_parser = span)]
    pub window: Option<SignedDuration>,

    /// Length of a period: day, week or month
    #[arg(long, env = "PERFORMANCE_EVERY", value_name = "PERIOD", default_value = "week")]
    pub every: PeriodLength,

    /// Column of a table with the time of a row
    #[arg(
        long,
        env = "PERFORMANCE_TIME",
        value_name = "COLUMN",
        help_heading = "Columns",
        hide_short_help = true
    )]
    pub time: Option<String>,

    /// Column of a table with the predicted probability
    #[arg(
        long,
        env = "PERFORMANCE_PREDICTION",
        value_name = "COLUMN",
        default_value = "prediction",
        help_heading = "Columns"
    )]
    pub prediction: String,

    /// Column of a table with the outcome; a row without an outcome waits for it
    #[arg(long, env = "PERFORMANCE_TARGET", value_name = "COLUMN", help_heading = "Columns")]
    pub target: Option<String>,

    /// Positive outcome, whose probability is predicted [default: the model's; without one: yes, true,
    /// 1, churned, left, … by name, else the rarer]
    #[arg(
        long,
        env = "PERFORMANCE_POSITIVE",
        value_name = "OUTCOME",
        hide_short_help = true,
        help_heading = "Columns"
    )]
    pub positive: Option<String>,

    /// Probability from which a prediction is high risk [default: the logged high_risk, else 0.5]
    #[arg(long, env = "PERFORMANCE_CUT_OFF", value_name = "P", value_parser = mlops_job::share, hide_short_help = true)]
    pub cut_off: Option<f64>,
}

/// When predictions are worse than they were.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Statistics")]
pub struct PolicyArgs {
    /// Maximum drop of the ROC AUC since training
    #[arg(long, env = "PERFORMANCE_MAX_AUC_DROP", value_name = "AUC", default_value_t = 0.03, value_parser = mlops_job::share)]
    pub max_auc_drop: f64,

    /// Maximum rise of the log loss since training, in nats
    #[arg(long, env = "PERFORMANCE_MAX_LOG_LOSS_RISE", value_name = "NATS", default_value_t = 0.03, value_parser = mlops_job::share, hide_short_help = true)]
    pub max_log_loss_rise: f64,

    /// Maximum true calibration error (ECE); an alarm needs evidence of a larger one
    #[arg(long, env = "PERFORMANCE_MAX_ECE", value_name = "ECE", default_value_t = 0.05, value_parser = mlops_job::share, hide_short_help = true)]
    pub max_ece: f64,

    /// Minimum number of rows with an outcome in a period; fewer are inconclusive
    #[arg(
        long,
        env = "PERFORMANCE_MIN_ROWS",
        value_name = "N",
        default_value_t = 200,
        hide_short_help = true
    )]
    pub min_rows: u64,

    /// Minimum number of rows of each class in a period
    #[arg(
        long,
        env = "PERFORMANCE_MIN_OUTCOMES",
        value_name = "N",
        default_value_t = 20,
        hide_short_help = true
    )]
    pub min_outcomes: u64,

    /// Significance level of the adjusted p-value
    #[arg(long, env = "PERFORMANCE_SIGNIFICANCE", value_name = "P", default_value_t = 0.05, value_parser = mlops_job::share, hide_short_help = true)]
    pub significance: f64,

    /// Confidence level of the intervals
    #[arg(long, env = "PERFORMANCE_CONFIDENCE", value_name = "SHARE", default_value_t = 0.95, value_parser = mlops_job::share, hide_short_help = true)]
    pub confidence: f64,
}

/// How the model is compared with the heuristic.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Business impact")]
pub struct ImpactArgs {
    /// Share of clients in the control group (the heuristic), to check the split [default: constant
    /// over periods]
    #[arg(long, env = "PERFORMANCE_HEURISTIC_SHARE", value_name = "SHARE", value_parser = mlops_job::share, hide_short_help = true)]
    pub heuristic_share: Option<f64>,

    /// Minimum number of clients in each group
    #[arg(
        long,
        env = "PERFORMANCE_MIN_CLIENTS",
        value_name = "N",
        default_value_t = 100,
        hide_short_help = true
    )]
    pub min_clients: u64,

    /// Minimum loss of benefit, as a share of clients
    #[arg(long, env = "PERFORMANCE_MIN_DECAY", value_name = "SHARE", default_value_t = 0.01, value_parser = mlops_job::share, hide_short_help = true)]
    pub min_decay: f64,

    /// Client lifetime values: a file with the columns client_id and ltv [default: table
    /// client_ltv]
    #[arg(long, env = "PERFORMANCE_LTV", value_name = "FILE", hide_short_help = true)]
    pub ltv: Option<Location>,

    /// Column of a table with the group: `model` for treatment, anything else for control
    #[arg(
        long,
        env = "PERFORMANCE_ARM",
        value_name = "COLUMN",
        requires = "client",
        hide_short_help = true
    )]
    pub arm: Option<String>,

    /// Column of a table with the client ID
    #[arg(long, env = "PERFORMANCE_CLIENT", value_name = "COLUMN", hide_short_help = true)]
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
