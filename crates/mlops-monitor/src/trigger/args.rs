use clap::Args;
use clap::builder::BoolishValueParser;
use jiff::SignedDuration;
use mlops_detect::policy::RetrainPolicy;
use mlops_job::duration;

/// What every monitor takes that may ask for a new model.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Retraining")]
pub struct RetrainArgs {
    /// Submit the retrain job to this job queue of AWS Batch
    #[arg(
        long,
        env = "MLOPS_RETRAIN_QUEUE",
        value_name = "QUEUE",
        requires = "retrain_definition"
    )]
    pub retrain_queue: Option<String>,

    /// The job definition of the retrain job, without a revision for the newest
    #[arg(long, env = "MLOPS_RETRAIN_DEFINITION", value_name = "NAME", requires = "retrain_queue")]
    pub retrain_definition: Option<String>,

    /// Run this instead, by the shell: `cargo run -p retrain -- …`
    #[arg(
        long,
        env = "MLOPS_RETRAIN_COMMAND",
        value_name = "COMMAND",
        conflicts_with = "retrain_queue"
    )]
    pub retrain_command: Option<String>,

    /// Ask for no new model for this long after the last request
    #[arg(long, env = "MLOPS_RETRAIN_COOLDOWN", value_name = "SPAN", default_value = "7d", value_parser = duration)]
    pub retrain_cooldown: SignedDuration,

    /// Renew a model of this age though nothing shifted: 90d
    #[arg(long, env = "MLOPS_RETRAIN_EVERY", value_name = "SPAN", value_parser = duration)]
    pub retrain_every: Option<SignedDuration>,

    /// So long after a model was made for a shift, make one more, whose training rows are all from
    /// after it; 0d for never
    #[arg(long, env = "MLOPS_RETRAIN_FOLLOW_UP", value_name = "SPAN", default_value = "60d", value_parser = duration)]
    pub retrain_follow_up: SignedDuration,

    /// Ask for at most so many models in thirty days
    #[arg(long, env = "MLOPS_RETRAIN_PER_MONTH", value_name = "N", default_value_t = 2)]
    pub retrain_per_month: usize,

    /// Ask for no new model before so many outcomes came since the present one, where the database
    /// has any
    #[arg(long, env = "MLOPS_RETRAIN_MIN_OUTCOMES", value_name = "N", default_value_t = 200)]
    pub retrain_min_outcomes: u64,

    /// Ask for a new model once so many runs in a row found a reason
    #[arg(long, env = "MLOPS_RETRAIN_CONFIRMATIONS", value_name = "N", default_value_t = 1)]
    pub retrain_confirmations: usize,

    /// Say what would be done about the model, and do not do it
    #[arg(long, env = "MLOPS_DRY_RUN", value_parser = BoolishValueParser::new())]
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
