//! Measures the metric of a rule at the time of a run.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use mlops_core::ports::{StoreError, StoreErrorKind};
use mlops_core::window::Window;
use mlops_rules::MetricStore;
use mlops_rules::{
    Aggregate, Context, JsonPath, Measure, Measured, Observation, Rule, earlier, window_before,
};

/// A rule is about no more groups than this; beyond the largest there are too many for people to be
/// told of.
pub(crate) const MAX_GROUPS: u32 = 100;

/// Returns the observation at `at` for each group: the groups of the window, and the `known` groups
/// that are no longer in it.
///
/// # Errors
///
/// Returns temporary failures only. A permanent one, such as a missing table, is an observation
/// without a value that says why.
pub(crate) async fn observe(
    store: &impl MetricStore,
    rule: &Rule,
    at: Timestamp,
    known: impl Iterator<Item = String>,
) -> Result<BTreeMap<String, Observation>> {
    let doing = || format!("evaluating the rule `{}`", rule.name);
    let window = window_before(at, rule.window);
    let now = match measure(store, rule, window).await {
        Ok(now) => now,
        Err(error) if error.kind == StoreErrorKind::Temporary => {
            return Err(error).with_context(doing);
        }
        Err(error) => return Ok(blind(&error, known)),
    };
    let then = match rule.against {
        None => BTreeMap::new(),
        Some(against) => {
            let window = window_before(earlier(at, against), rule.window);
            measure(store, rule, window).await.with_context(doing)?
        }
    };
    if now.len() >= MAX_GROUPS as usize {
        tracing::warn!(
            rule.name = rule.name,
            "the rule has more than {MAX_GROUPS} groups; only the largest {MAX_GROUPS} are evaluated"
        );
    }
    let mut seen: BTreeMap<String, Observation> = BTreeMap::new();
    for group in now.keys().cloned().chain(known) {
        let found = now.get(&group);
        let baseline = then.get(&group).and_then(|then| then.value);
        seen.entry(group).or_insert_with(|| observation(rule, found, baseline));
    }
    Ok(seen)
}

async fn measure(
    store: &impl MetricStore,
    rule: &Rule,
    window: Window,
) -> Result<BTreeMap<String, Measured>, StoreError> {
    let measured = store.measure(&rule.measure, window, MAX_GROUPS).await?;
    Ok(measured.into_iter().map(|measured| (measured.group.clone(), measured)).collect())
}

fn blind(error: &StoreError, known: impl Iterator<Item = String>) -> BTreeMap<String, Observation> {
    let first_line = error.message.lines().next().unwrap_or_default().to_owned();
    let blind = Observation { value: Err(first_line), baseline: None, n: 0 };
    let mut seen: BTreeMap<String, Observation> =
        known.map(|group| (group, blind.clone())).collect();
    if seen.is_empty() {
        seen.insert(String::new(), blind);
    }
    seen
}

fn observation(rule: &Rule, found: Option<&Measured>, baseline: Option<f64>) -> Observation {
    let n = found.map_or(0, |found| found.n);
    let value = value(rule, found).and_then(|value| match (rule.against, baseline) {
        (None, _) => Ok(value),
        (Some(_), Some(then)) if then > 0.0 => Ok(value / then - 1.0),
        (Some(_), _) => Err("no requests in the window to compare with".to_owned()),
    });
    Observation { value, baseline, n }
}

fn value(rule: &Rule, found: Option<&Measured>) -> Result<f64, String> {
    let counts = matches!(&rule.measure, Measure::Logs { aggregate: Aggregate::Count, .. });
    let is_of_rows = matches!(&rule.measure, Measure::Logs { .. } | Measure::MissingInputs);
    match found.and_then(|found| found.value.map(|value| (value, found.n))) {
        Some((value, _)) if counts => Ok(value),
        None if counts => Ok(0.0),
        Some((_, n)) if is_of_rows && n < rule.min_rows => {
            Err(format!("too few rows: {n}, at least {} needed", rule.min_rows))
        }
        Some((value, _)) if value.is_finite() => Ok(value),
        _ => Err(nothing(&rule.measure).to_owned()),
    }
}

fn nothing(measure: &Measure) -> &'static str {
    match measure {
        Measure::Logs { .. } | Measure::MissingInputs => "no request in the window has this value",
        Measure::Silence => "no request was logged yet",
        Measure::Shifted(_) => "the monitor did not run in the window",
        Measure::EtlSilence => "the ETL has not run yet",
        Measure::DeadLetters => "the ETL loaded no requests of the window",
    }
}

/// Returns figures of a rule's window beside its value.
pub(crate) async fn context(
    store: &impl MetricStore,
    rule: &Rule,
    at: Timestamp,
    run_uid: &str,
) -> Result<Context> {
    let mut context = Context { run_uid: run_uid.to_owned(), ..Context::default() };
    if matches!(rule.measure, Measure::Logs { .. } | Measure::MissingInputs) {
        let window = window_before(at, rule.window);
        context.requests =
            of_logs(store, None, Aggregate::Count, window).await?.map(|count| count as u64);
        context.mean_prediction =
            of_logs(store, Some("output.prediction"), Aggregate::Mean, window).await?;
    }
    Ok(context)
}

/// One number of all requests of a window; `path` is a valid one.
pub(crate) async fn of_logs(
    store: &impl MetricStore,
    path: Option<&str>,
    aggregate: Aggregate,
    window: Window,
) -> Result<Option<f64>> {
    let path = path.map(|path| path.parse::<JsonPath>().expect("the caller writes a valid path"));
    let measured = store.measure(&Measure::Logs { path, aggregate, by: None }, window, 1).await?;
    Ok(measured.first().and_then(|measured| measured.value))
}
