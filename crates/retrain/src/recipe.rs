use anyhow::{Context as _, Result};
use mlops_job::UsageError;
use mlops_model::Recipe;
use mlops_objects::{Location, local_copy};

use crate::models::Present;

/// Returns the recipe of `--recipe`, else of the current model, else the default.
pub(crate) async fn choose_recipe(
    file: Option<&Location>,
    present: Option<&Present>,
) -> Result<Recipe> {
    match (file, present) {
        (Some(file), _) => {
            read_recipe(file).await.with_context(|| format!("reading --recipe {file}"))
        }
        (None, Some(present)) => Ok(present.file.model.recipe.clone()),
        (None, None) => Ok(Recipe::default()),
    }
}

async fn read_recipe(file: &Location) -> Result<Recipe> {
    let copy = local_copy(file).await?;
    let text = tokio::fs::read_to_string(&copy)
        .await
        .map_err(|error| UsageError::new(error.to_string()))?;
    let recipe: Recipe = toml::from_str(&text).map_err(UsageError::because)?;
    recipe.check().map_err(UsageError::because)?;
    Ok(recipe)
}
