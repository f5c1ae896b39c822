use clap::Args;
use clap::builder::BoolishValueParser;
use jiff::SignedDuration;
use mlops_detect::policy::RetrainPolicy;
use mlops_job::duration;

/// The arguments of a monitor that may request a retrain.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Retraining")]
pub struct RetrainArgs {
    /// AWS Batch job queue to submit the retrain job to
    #[arg(
        long,
        env = "MLOPS_RETRAIN_QUEUE",
        value_name = "QUEUE",
        requires = "retrain_definition",
        hide_short_help = true
    )]
    pub retrain_queue: Option<String>,

    /// AWS Batch job definition of the retrain job; without a revision, the newest
    #[arg(
        long,
        env = "MLOPS_RETRAIN_DEFINITION",
        value_name = "NAME",
        requires = "retrain_queue",
        hide_short_help = true
    )]
    pub retrain_definition: Option<String>,

    /// Shell command that retrains, instead of a Batch job: `cargo run -p retrain -- …`
    #[arg(
        long,
        env = "MLOPS_RETRAIN_COMMAND",
        value_name = "COMMAND",
        conflicts_with = "retrain_queue",
        hide_short_help = true
    )]
    pub retrain_command: Option<String>,

    /// Minimum time between two retrain requests: 7d, 12h
    #[arg(long, env = "MLOPS_RETRAIN_COOLDOWN", value_name = "SPAN", default_value = "7d", value_parser = duration, hide_short_help = true)]
    pub retrain_cooldown: SignedDuration,

    /// Also retrain a model of this age without a finding: 90d
    #[arg(long, env = "MLOPS_RETRAIN_EVERY", value_name = "SPAN", value_parser = duration, hide_short_help = true)]
    pub retrain_every: Option<SignedDuration>,

    /// Retrain once more this long after a retrain for a shift, on rows from after the shift; 0d:
    /// never
    #[arg(long, env = "MLOPS_RETRAIN_FOLLOW_UP", value_name = "SPAN", default_value = "60d", value_parser = duration, hide_short_help = true)]
    pub retrain_follow_up: SignedDuration,

    /// Maximum number of retrain requests in 30 days
    #[arg(
        long,
        env = "MLOPS_RETRAIN_PER_MONTH",
        value_name = "N",
        default_value_t = 2,
        hide_short_help = true
    )]
    pub retrain_per_month: usize,

    /// Minimum number of outcomes since the current model, where the database has outcomes
    #[arg(
        long,
        env = "MLOPS_RETRAIN_MIN_OUTCOMES",
        value_name = "N",
        default_value_t = 200,
        hide_short_help = true
    )]
    pub retrain_min_outcomes: u64,

    /// Number of consecutive runs that must find a reason before a retrain is requested
    #[arg(
        long,
        env = "MLOPS_RETRAIN_CONFIRMATIONS",
        value_name = "N",
        default_value_t = 1,
        hide_short_help = true
    )]
    pub retrain_confirmations: usize,

    /// Print the retrain decision without acting on it
    #[arg(long, env = "MLOPS_DRY_RUN", value_parser = BoolishValueParser::new(), hide_short_help = true)]
    pub dry_run: bool,
}

impl RetrainArgs {
    pub(crate) fn policy(&self) -> RetrainPolicy {
        RetrainPolicy {
            cooldown: self.retrain_cooldown,
            every: self.retrain_every,
            follow_up: Some(self.retrain_follow_up).filter(|span| span.is_positive()),
            per_month: self.retrain_per_month,
            min_new_outcomes: self.retrain_min_outcomes,
            confirmations: self.retrain_confirmations,
        }
    }
}
