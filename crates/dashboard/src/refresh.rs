//! `dashboard refresh`: keeps the counts that the page reads instead of the log.

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use mlops_job::{Context, number};
use mlops_sql::{Database, RollupState};
use serde::Serialize;

use crate::args::RefreshArgs;

/// The result of a refresh.
#[derive(Debug, Clone, Serialize)]
pub struct Refreshed {
    /// Hours that were counted anew, since their numbers of requests were not right.
    pub hours: usize,
    /// Whether all hours were compared, or only the newest.
    pub audited: bool,
    /// How long it took.
    pub seconds: f64,
}

impl Refreshed {
    pub(crate) fn text(&self) -> String {
        let compared = if self.audited { "all hours" } else { "the newest hours" };
        format!(
            "checked {compared} against the log and recounted {} in {:.1} s",
            number(self.hours as u64),
            self.seconds
        )
    }
}

/// Compares the newest hours with the log, and counts those anew that differ; from time to time all
/// of them. A second run finds nothing to do; two runs at once count the same.
pub(crate) async fn refresh(
    database: &Database,
    args: &RefreshArgs,
    context: &Context,
) -> Result<Refreshed> {
    let database = database.for_long_statements();
    if args.all {
        database.clear_rollup().await?;
    }
    let state = database.rollup_state().await?;
    let audited_at = state.and_then(|state| state.audited_at);
    let is_audit = audited_at.is_none_or(|at| context.started.duration_since(at) >= args.audit);
    let newest = database.newest_rolled_hour().await?.map(|newest| newest.min(context.started));
    let since =
        newest.and_then(|newest| newest.saturating_sub(args.lookback).ok()).filter(|_| !is_audit);
    let (mut from, mut hours) = (since.unwrap_or(Timestamp::UNIX_EPOCH), 0);
    while let Some(stretch) =
        database.refresh_stretch(from).await.context("updating table log_rollup")?
    {
        hours += stretch.hours;
        from = stretch.to;
        if context.shutdown.is_cancelled() {
            // What is counted is right; the next run goes on.
            break;
        }
    }
    let ended = context.now();
    if !context.shutdown.is_cancelled() {
        let audited_at = if is_audit { Some(context.started) } else { audited_at };
        database
            .write_rollup_state(RollupState { refreshed_at: context.started, audited_at })
            .await?;
    }
    let seconds = ended.duration_since(context.started).as_secs_f64();
    Ok(Refreshed { hours, audited: is_audit, seconds })
}
