use clap::Args;
use clap::builder::BoolishValueParser;
use jiff::SignedDuration;
use mlops_job::duration;

/// What every monitor takes that may ask for a new model.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Retraining")]
pub struct RetrainArgs {
    /// Submit the retrain job to this job queue of AWS Batch
    #[arg(long, env = "MLOPS_RETRAIN_QUEUE", value_name = "QUEUE", requires = "retrain_definition")]
    pub retrain_queue: Option<String>,

    /// The job definition of the retrain job, without a revision for the newest
    #[arg(long, env = "MLOPS_RETRAIN_DEFINITION", value_name = "NAME", requires = "retrain_queue")]
    pub retrain_definition: Option<String>,

    /// Run this instead, by the shell: `cargo run -p retrain -- …`
    #[arg(long, env = "MLOPS_RETRAIN_COMMAND", value_name = "COMMAND", conflicts_with = "retrain_queue")]
    pub retrain_command: Option<String>,

    /// Ask for no new model for this long after the last request
    #[arg(long, env = "MLOPS_RETRAIN_COOLDOWN", value_name = "SPAN", default_value = "7d", value_parser = duration)]
    pub retrain_cooldown: SignedDuration,

    /// Say what would be done about the model, and do not do it
    #[arg(long, env = "MLOPS_DRY_RUN", value_parser = BoolishValueParser::new())]
    pub dry_run: bool,
}
