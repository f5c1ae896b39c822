use anyhow::{Context as _, Result};
use mlops_job::UsageError;
use mlops_objects::local_copy;
use mlops_rules::{Rules, RulesFile};

use crate::AlertArgs;

/// The rules of the file, or of the arguments; without either there are none, which only some
/// commands take.
///
/// # Errors
///
/// [`UsageError`] for invalid rules, with the key and the correction.
pub(crate) async fn rules_of(args: &AlertArgs, job: &str) -> Result<Rules> {
    let Some(location) = &args.rules else { return Ok(args.plain.rules(job)?) };
    if args.plain.is_given() {
        let message = "--when-… cannot be combined with --rules; write the rule into the file";
        return Err(UsageError::new(message).into());
    }
    let doing = || format!("reading the rules {location}");
    let copy = local_copy(location).await.with_context(doing)?;
    let text =
        tokio::fs::read_to_string(&copy).await.map_err(UsageError::because).with_context(doing)?;
    parse(&text).with_context(doing)
}

/// The rules that a TOML text holds.
pub(crate) fn parse(text: &str) -> Result<Rules, UsageError> {
    // The error of `toml` shows the line with a mark below it.
    let file: RulesFile = toml::from_str(text).map_err(|error| {
        UsageError::new(format!(
            "the file is not valid TOML for rules: {}",
            error.to_string().trim_end()
        ))
    })?;
    let rules = file.check().map_err(UsageError::because)?;
    if rules.rules.is_empty() && rules.recipients.is_empty() {
        return Err(UsageError::new("the file has no [[rule]]; see docs/alerts.md for an example"));
    }
    Ok(rules)
}
