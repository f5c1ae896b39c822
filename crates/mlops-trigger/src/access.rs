use mlops_core::access::Action;
use mlops_job::Grant;

const QUEUE: &[Action] =
    &[Action::new("batch:SubmitJob", "job-queue"), Action::new("batch:ListJobs", "*")];
const DEFINITION: &[Action] = &[Action::new("batch:SubmitJob", "job-definition")];

/// What a monitor that may ask for a new model needs beside its own.
pub const GRANTS: &[Grant] = &[
    Grant::of("MLOPS_RETRAIN_QUEUE", &[QUEUE]),
    Grant::of("MLOPS_RETRAIN_DEFINITION", &[DEFINITION]),
];
