use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Monitor, Unit};
use mlops_core::span::span_text;
use mlops_core::timestamp::to_sql_text;
use mlops_core::verdict::Verdict;

/// How many predictions lie in each of equal parts of the span from 0 to 1.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Histogram {
    /// Counts, from 0 on; a prediction of 1 counts in the last.
    pub counts: Vec<u64>,
}

/// The latest word of a monitor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "NamedVerdict", into = "NamedVerdict")]
pub struct MonitorVerdict {
    /// The monitor that ran.
    pub monitor: Monitor,
    /// The verdict.
    pub verdict: Verdict,
    /// In words.
    pub why: String,
}

/// A [`MonitorVerdict`] as JSON has it.
#[derive(Serialize, Deserialize)]
struct NamedVerdict {
    job: String,
    verdict: String,
    why: String,
}

impl From<MonitorVerdict> for NamedVerdict {
    fn from(MonitorVerdict { monitor, verdict, why }: MonitorVerdict) -> Self {
        Self { job: monitor.job().to_owned(), verdict: verdict.name().to_owned(), why }
    }
}

impl TryFrom<NamedVerdict> for MonitorVerdict {
    type Error = String;

    fn try_from(NamedVerdict { job, verdict, why }: NamedVerdict) -> Result<Self, String> {
        let monitor = Monitor::ALL.into_iter().find(|monitor| monitor.job() == job);
        Ok(Self {
            monitor: monitor.ok_or_else(|| format!("unknown monitor `{job}`"))?,
            verdict: Verdict::from_name(&verdict, why.clone())
                .ok_or_else(|| format!("unknown verdict `{verdict}`"))?,
            why,
        })
    }
}

/// How the ETL of one pipeline stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EtlDay {
    /// The pipeline.
    pub pipeline: String,
    /// When it last ran.
    pub ran_at: Timestamp,
    /// How far the newest request was behind, then.
    pub lag_seconds: Option<f64>,
    /// Dead letters in partitions with requests of the day.
    pub dead_letters: u64,
}

impl EtlDay {
    /// The lag in words: `1m 35s`.
    pub fn lag_text(&self) -> String {
        self.lag_seconds
            .map_or("unknown".to_owned(), |lag| span_text(SignedDuration::from_secs(lag as i64)))
    }
}

/// The figures of one day.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct DayReport {
    /// The day, as `2026-03-02`.
    pub day: String,
    /// Requests.
    pub requests: u64,
    /// Requests of the day before.
    pub requests_before: u64,
    /// The mean of the predictions.
    pub mean_prediction: Option<f64>,
    /// That of the day before.
    pub mean_prediction_before: Option<f64>,
    /// The share of `high_risk`.
    pub high_risk: Option<f64>,
    /// The share of requests with `output.error`.
    pub errors: Option<f64>,
    /// How the predictions are distributed.
    pub histogram: Histogram,
    /// The verdicts of the monitors on that day.
    pub verdicts: Vec<MonitorVerdict>,
    /// The ETL's pipelines.
    pub etl: Vec<EtlDay>,
    /// How often rules fired.
    pub fired: u64,
    /// Rules that fire now.
    pub firing: Vec<String>,
}

impl DayReport {
    /// The tables as plain text.
    pub(super) fn text(&self) -> String {
        let mut text = String::from("\nPredictions\n\n");
        let most = self.histogram.counts.iter().copied().max().unwrap_or(0).max(1);
        let width = 1.0 / self.histogram.counts.len().max(1) as f64;
        // Writing to a string cannot fail.
        for (index, &count) in self.histogram.counts.iter().enumerate() {
            let bar = "#".repeat((40 * count).div_ceil(most) as usize);
            let number = Unit::Count.text(count as f64);
            let line = format!("  {:.2}  {number:>9}  {bar}", index as f64 * width);
            let _written = writeln!(text, "{}", line.trim_end());
        }
        text.push_str("\nMonitors\n\n");
        for found in &self.verdicts {
            let _written = writeln!(
                text,
                "  {:<14} {:<13} {}",
                found.monitor.job(),
                found.verdict.name(),
                found.why
            );
        }
        if self.verdicts.is_empty() {
            text.push_str("  no monitor ran on that day\n");
        }
        text.push_str("\nETL\n\n");
        for etl in &self.etl {
            let (lag, ran_at) = (etl.lag_text(), &to_sql_text(etl.ran_at)[..16]);
            let letters = Unit::Count.text(etl.dead_letters as f64);
            let _written = writeln!(
                text,
                "  {}: lag {lag}, dead letters {letters}, last run {ran_at} UTC",
                etl.pipeline
            );
        }
        if self.etl.is_empty() {
            text.push_str("  no pipeline has run\n");
        }
        text
    }
}
