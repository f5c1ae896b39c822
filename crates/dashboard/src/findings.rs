//! All that a page shows, as the tables have it.

use std::future::Future;

use jiff::{SignedDuration, Timestamp};
use mlops_core::ports::{Release, StoreError, StoreErrorKind};
use mlops_detect::store::PeriodKind;
use mlops_rules::KeptAlert;
use mlops_sql::RollupState;
use mlops_sql::reader::{
    AlertMessage, BadPartition, Bucket, ConceptDetail, ConceptRow, DatedRun, EtlDay, ImpactPeriod,
    LastRun, Model, PerformancePeriod, PipelineRow, Reader, RequestRow, Scope, ShiftFinding,
    ShiftRow, TrafficRow,
};
use tokio::try_join;

use crate::filter::Filter;

/// Shorter windows show traffic by the hour.
const BY_HOUR: SignedDuration = SignedDuration::from_hours(3 * 24);

/// Data shift is shown by so many times at most; of each the newest run.
const SHIFT_TIMES: i64 = 92;

/// A day in seconds.
const DAY: i64 = 86_400;

/// The rows of a table, or why the table could not be read.
pub(crate) type Known<T> = Result<T, String>;

/// All that a page shows.
pub(crate) struct Findings {
    pub(crate) filter: Filter,
    /// The time of day.
    pub(crate) now: Timestamp,
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    pub(crate) bucket: Bucket,
    pub(crate) traffic: Known<Vec<TrafficRow>>,
    pub(crate) rollup: Known<Option<RollupState>>,
    pub(crate) shift: Known<ShiftStory>,
    pub(crate) concept: Known<ConceptStory>,
    pub(crate) performance: Known<PerformanceStory>,
    pub(crate) impact: Known<Vec<ImpactPeriod>>,
    pub(crate) models: Known<Vec<Model>>,
    pub(crate) releases: Known<Vec<Release>>,
    pub(crate) requests: Known<Vec<RequestRow>>,
    pub(crate) pipelines: Known<Vec<PipelineRow>>,
    pub(crate) etl_days: Known<Vec<EtlDay>>,
    pub(crate) bad_partitions: Known<Vec<BadPartition>>,
    pub(crate) alerts: Known<Vec<KeptAlert>>,
    pub(crate) messages: Known<Vec<AlertMessage>>,
    pub(crate) last_runs: Vec<LastRun>,
}

/// The findings of `drift` over time.
#[derive(Debug, Default)]
pub(crate) struct ShiftStory {
    /// One run a time, in order.
    pub(crate) runs: Vec<DatedRun>,
    /// The findings of the runs by feature.
    pub(crate) rows: Vec<ShiftRow>,
    /// The findings of the last run.
    pub(crate) last: Vec<ShiftFinding>,
    /// The segments that it looked at.
    pub(crate) segments: Vec<String>,
}

/// The findings of `concept-shift` over time.
#[derive(Debug, Default)]
pub(crate) struct ConceptStory {
    /// One run a time, in order.
    pub(crate) runs: Vec<ConceptRow>,
    /// Further findings of the last run.
    pub(crate) details: Vec<ConceptDetail>,
}

/// The findings of `performance` by period.
#[derive(Debug, Default)]
pub(crate) struct PerformanceStory {
    /// The periods, realised and estimated, in order.
    pub(crate) periods: Vec<PerformancePeriod>,
    /// The period whose calibration is shown, and its figures as JSON.
    pub(crate) calibrated: Option<(PerformancePeriod, String)>,
}

impl Findings {
    /// Reads what the filter is about.
    ///
    /// # Errors
    ///
    /// What the server says of anything but a table that is missing or may not be read.
    pub(crate) async fn read(
        reader: &Reader,
        filter: Filter,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let until = filter.until.unwrap_or(now);
        let from = until
            .saturating_sub(filter.window)
            .unwrap_or(Timestamp::MIN)
            .max(Timestamp::UNIX_EPOCH);
        let scope = Scope { from, to: until, model_uid: filter.model.clone() };
        let bucket = if filter.window <= BY_HOUR { Bucket::Hour } else { Bucket::Day };
        let (traffic, rollup, shift, concept, performance, impact) = try_join!(
            known("log_rollup", reader.traffic(&scope, bucket)),
            known("log_rollup_state", reader.rollup_state()),
            known("data_shift", shift_story(reader, &scope, &filter.segment)),
            known("concept_shift", concept_story(reader, &scope)),
            known("performance", performance_story(reader, &scope)),
            known("business_impact", reader.impact(&scope)),
        )?;
        let (
            models,
            releases,
            requests,
            pipelines,
            etl_days,
            bad_partitions,
            alerts,
            messages,
            last_runs,
        ) = try_join!(
            known("model_metadata", reader.models(until)),
            known("model_release", reader.releases(until)),
            known("retrain_request", reader.requests(&scope)),
            known("etl_watermark", reader.pipelines()),
            known("etl_partition", reader.etl_days(&scope)),
            known("etl_partition", reader.bad_partitions(&scope)),
            known("alert_state", reader.alerts()),
            known("alert_outbox", reader.alert_messages(&scope)),
            reader.last_runs(until),
        )?;
        Ok(Self {
            filter,
            now,
            from,
            until,
            bucket,
            traffic,
            rollup,
            shift,
            concept,
            performance,
            impact,
            models,
            releases,
            requests,
            pipelines,
            etl_days,
            bad_partitions,
            alerts,
            messages,
            last_runs,
        })
    }

    /// The newest release, which is of the model in production.
    pub(crate) fn in_production(&self) -> Option<&Release> {
        self.releases.as_ref().ok()?.first()
    }

    /// Returns the row of a model.
    pub(crate) fn model(&self, model_uid: &str) -> Option<&Model> {
        self.models.as_ref().ok()?.iter().find(|model| model.model_uid == model_uid)
    }

    /// A figure that the model in production had at training.
    pub(crate) fn at_training(&self, metric: &str) -> Option<f64> {
        let of = self.filter.model.as_deref().or_else(|| Some(&self.in_production()?.model_uid))?;
        self.model(of)?.scores.get(metric).copied()
    }
}

/// Returns the rows of a table, or the reason if it is missing or cannot be read: an older database, a
/// user with fewer grants, or an invalid value.
async fn known<T>(
    table: &str,
    read: impl Future<Output = Result<T, StoreError>>,
) -> Result<Known<T>, StoreError> {
    match read.await {
        Ok(found) => Ok(Ok(found)),
        Err(error) if error.kind == StoreErrorKind::NotFound => Ok(Err(format!(
            "The table {table}, or a column of it, is missing in this database. Run the job that writes it once \
             with --create-tables."
        ))),
        Err(error) if error.kind == StoreErrorKind::Denied => Ok(Err(format!(
            "The database user has no permission to read the table {table}. Grant SELECT on it."
        ))),
        Err(error) if error.kind == StoreErrorKind::Invalid => {
            Ok(Err(format!("The table {table} could not be read: {error}.")))
        }
        Err(error) => Err(error),
    }
}

async fn shift_story(
    reader: &Reader,
    scope: &Scope,
    segment: &str,
) -> Result<ShiftStory, StoreError> {
    let runs =
        newest_by_time(reader.shift_runs(scope, segment).await?, scope, |run| run.run_timestamp);
    let Some(last) = runs.last().map(|run| run.run_uid.clone()) else {
        return Ok(ShiftStory::default());
    };
    let (rows, last, segments) = try_join!(
        reader.shift_rows(&runs, segment),
        reader.shift_findings(&last, segment),
        reader.segments(&last)
    )?;
    Ok(ShiftStory { runs, rows, last, segments })
}

async fn concept_story(reader: &Reader, scope: &Scope) -> Result<ConceptStory, StoreError> {
    let runs = newest_by_time(reader.concept_runs(scope).await?, scope, |run| run.run_timestamp);
    let Some(last) = runs.last() else { return Ok(ConceptStory::default()) };
    let details = reader.concept_details(&last.run_uid).await?;
    Ok(ConceptStory { runs, details })
}

async fn performance_story(reader: &Reader, scope: &Scope) -> Result<PerformanceStory, StoreError> {
    let mut periods = reader.performance(scope).await?;
    // Runs by the week and by the month may stand beside each other; those of the newest run are
    // shown.
    if let Some(newest) = periods.iter().max_by_key(|period| period.run_timestamp) {
        let length = newest.to.duration_since(newest.from);
        let is_alike = |other: SignedDuration| (other - length).abs() <= length / 5;
        periods.retain(|period| is_alike(period.to.duration_since(period.from)));
    }
    let realised = || {
        periods
            .iter()
            .rev()
            .filter(|period| period.kind == PeriodKind::Realised && period.roc_auc.is_some())
    };
    let shown = realised().find(|period| period.is_decisive).or_else(|| realised().next()).cloned();
    let calibrated = match shown {
        Some(period) => reader.performance_details(&period).await?.map(|details| (period, details)),
        None => None,
    };
    Ok(PerformanceStory { periods, calibrated })
}

/// The newest run of each of at most [`SHIFT_TIMES`] equal spans, in order.
fn newest_by_time<T>(runs: Vec<T>, scope: &Scope, time: impl Fn(&T) -> Timestamp) -> Vec<T> {
    let span = scope.to.duration_since(scope.from).as_secs();
    let step = match span / SHIFT_TIMES {
        0..3600 => 3600,
        // Whole days, so that a nightly run has one of its own.
        longer => (longer / DAY + 1) * DAY,
    };
    let bucket = |run: &T| time(run).as_second().div_euclid(step);
    let mut newest: Vec<T> = Vec::new();
    for run in runs {
        if newest.last().is_some_and(|last| bucket(last) == bucket(&run)) {
            newest.pop();
        }
        newest.push(run);
    }
    newest
}
