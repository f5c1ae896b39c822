use mlops_core::access::Action;
use mlops_job::Grant;

const QUEUE: &[Action] =
    &[Action::new("batch:SubmitJob", "job-queue"), Action::new("batch:ListJobs", "*")];
const DEFINITION: &[Action] = &[Action::new("batch:SubmitJob", "job-definition")];

/// The permissions of a monitor that may request a retrain.
pub const RETRAIN_GRANTS: &[Grant] = &[
    Grant::of("MLOPS_RETRAIN_QUEUE", &[QUEUE]),
    Grant::of("MLOPS_RETRAIN_DEFINITION", &[DEFINITION]),
];
