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
/// [`UsageError`] for rules that are wrong, with the place and what to write instead.
pub(crate) async fn rules_of(args: &AlertArgs, job: &str) -> Result<Rules> {
    let Some(location) = &args.rules else { return Ok(args.plain.rules(job)?) };
    if args.plain.is_given() {
        let message = "a rule of --when-… does not go with --rules; write it into the file";
        return Err(UsageError::new(message).into());
    }
    let place = || format!("reading the rules {location}");
    let copy = local_copy(location).await.with_context(place)?;
    let text =
        tokio::fs::read_to_string(&copy).await.map_err(UsageError::because).with_context(place)?;
    parse(&text).with_context(place)
}

/// The rules that a TOML text holds.
pub(crate) fn parse(text: &str) -> Result<Rules, UsageError> {
    // The error of `toml` shows the line with a mark below it.
    let file: RulesFile = toml::from_str(text).map_err(|error| {
        UsageError::new(format!("it is no rules file: {}", error.to_string().trim_end()))
    })?;
    let rules = file.check().map_err(UsageError::because)?;
    if rules.rules.is_empty() && rules.recipients.is_empty() {
        return Err(UsageError::new("it has no [[rule]]; see docs/alerts.md for an example"));
    }
    Ok(rules)
}
