use anyhow::Result;
use mlops_core::ports::ModelStore;
use mlops_job::{Context, UsageError};

use crate::Outcome;
use crate::args::StoreArgs;
use crate::models::{MODEL, Models};
use crate::release::write_release;
use crate::report::ReleasedReport;

/// Records in table `model_release` that the current `model.pkl` is in production. The pipeline that
/// copies the model has no access to the database, so a job records the release afterwards. A second
/// run changes nothing.
pub(crate) async fn run(store: &StoreArgs, context: &Context) -> Result<Outcome> {
    let models = Models::open(store.models.as_ref(), &context.model).await?;
    let Some(database) = store.open_database(context).await? else {
        let message =
            "--database (MLOPS_DATABASE) is missing: name the database with table model_release";
        return Err(UsageError::new(message).into());
    };
    let Some(present) = models.present().await? else {
        let message = format!(
            "there is no {MODEL} in --models (MLOPS_MODELS), so there is no release to record"
        );
        return Err(UsageError::new(message).into());
    };
    let model_uid = present.file.model_uid;
    let last = database.releases().await?.into_iter().next().map(|release| release.model_uid);
    let is_news = last.as_ref() != Some(&model_uid);
    if is_news {
        write_release(Some(&database), &model_uid, last, "release", None, context).await?;
    }
    Ok(Outcome::Released(ReleasedReport { model_uid, written: is_news }))
}
