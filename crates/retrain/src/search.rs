use anyhow::{Context as _, Result};
use mlops_job::{Context, UsageError};
use mlops_model::search::{evaluations, random_recipes, search};
use mlops_objects::write_file;

use crate::Outcome;
use crate::args::{SearchArgs, StoreArgs};
use crate::data;
use crate::models::Models;
use crate::reasons::LEAK;
use crate::recipe::choose_recipe;
use crate::search_report::SearchReport;

/// Evaluates recipes by cross-validation on the training rows.
pub(crate) async fn run(
    args: &SearchArgs,
    store: &StoreArgs,
    context: &Context,
) -> Result<Outcome> {
    if let Some(weight) = &args.data.columns.weight {
        let message = format!(
            "--weight {weight}: the search counts every row once; name the column with --id, so that it is no feature"
        );
        return Err(UsageError::new(message).into());
    }
    let present = match &store.models {
        Some(location) => Models::open(Some(location), &context.model).await?.present().await?,
        None => None,
    };
    let base = choose_recipe(args.recipe.as_ref(), present.as_ref()).await?;
    let schema = present.as_ref().map(|present| &present.file.model.schema);
    let database = store.open_database(context).await?;
    let data = data::read(&args.data, None, database.as_ref(), schema, false, context).await?;
    let leaks = data.alone.iter().filter(|found| found.best() >= LEAK);
    let leaks: Vec<&str> = leaks.map(|found| found.feature.as_str()).collect();
    if let Some(leak) = leaks.iter().find(|leak| !args.data.allow_leak.iter().any(|it| it == *leak))
    {
        let message = format!(
            "the column {leak} predicts the outcome alone, so every recipe would look good: remove it, name it with --id, or allow it with --allow-leak {leak}"
        );
        return Err(UsageError::new(message).into());
    }
    let (rows, identifiers) = (data.train.labels.len(), data.identifiers.clone());
    let bad_cells = data.bad_cells.clone();
    let recipes = random_recipes(&base, &args.learner, args.trials, args.seed);
    let total = evaluations(rows, recipes.len(), args.halving);
    let bar = context.progress.start("cross-validations", Some(total as u64));
    let halving = args.halving;
    let searched = tokio::task::spawn_blocking(move || {
        let train = &data.train;
        let tried = || bar.inc(1);
        let found = search(
            &train.table,
            &train.labels,
            &train.groups,
            &data.schema,
            recipes,
            halving,
            tried,
        );
        bar.finish_and_clear();
        found
    });
    let trials = searched.await?.map_err(UsageError::because)?;
    if let (Some(location), Some(best)) = (&args.out, trials.first()) {
        let text = toml::to_string(&best.recipe)?;
        write_file(location, text.into_bytes())
            .await
            .with_context(|| format!("writing the best recipe to {location}"))?;
    }
    let out = args.out.as_ref().map(ToString::to_string);
    Ok(Outcome::Searched(SearchReport { rows, base, trials, identifiers, bad_cells, out }))
}
