use clap::ValueEnum;
use mlops_model::ClassWeight;
use mlops_monitor::ReadingArgs;

/// How columns are read, and what they are in the fit.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Columns")]
pub struct ColumnArgs {
    /// Positive outcome, whose probability is predicted [default: the current model's; first model:
    /// yes, true, 1, churned, left, … by name, else the rarer]
    #[arg(
        long,
        env = "RETRAIN_POSITIVE",
        value_name = "OUTCOME",
        help_heading = "Columns",
        hide_short_help = true
    )]
    pub positive: Option<String>,

    /// Column with the weight of a row in the fit; it is no feature
    #[arg(
        long,
        env = "RETRAIN_WEIGHT",
        value_name = "COLUMN",
        help_heading = "Columns",
        hide_short_help = true
    )]
    pub weight: Option<String>,

    /// Features that are levels, whatever their values look like (A,B)
    #[arg(
        long,
        env = "RETRAIN_CATEGORICAL",
        value_name = "COLUMN",
        value_delimiter = ',',
        help_heading = "Columns",
        hide_short_help = true
    )]
    pub categorical: Vec<String>,

    #[command(flatten)]
    pub reading: ReadingArgs,
}

/// The weights of the outcomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ClassWeightArg {
    /// Every row counts once.
    None,
    /// Both outcomes have half of the weight.
    Balanced,
}

impl From<ClassWeightArg> for ClassWeight {
    fn from(argument: ClassWeightArg) -> Self {
        match argument {
            ClassWeightArg::None => Self::None,
            ClassWeightArg::Balanced => Self::Balanced,
        }
    }
}
