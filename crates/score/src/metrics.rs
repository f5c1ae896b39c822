//! Figures of the service, as Prometheus reads them.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A figure that grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Seconds up to which an answer counts into a bucket.
const BUCKETS: [f64; 12] =
    [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];

/// Classes of status codes, and those that a person looks for.
const STATUSES: [&str; 8] = ["2xx", "400", "401", "413", "422", "4xx", "503", "5xx"];

/// The counters.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    calls: [Counter; STATUSES.len()],
    buckets: [Counter; BUCKETS.len()],
    nanoseconds: Counter,
    /// By the model or the heuristic, and at high risk or not.
    predictions: [[Counter; 2]; 2],
    pub(crate) refused_rows: Counter,
    pub(crate) model_loads: Counter,
    pub(crate) model_refusals: Counter,
    pub(crate) config_refreshes: Counter,
    pub(crate) config_failures: Counter,
    pub(crate) config_refusals: Counter,
}

/// A figure that others keep.
pub(crate) struct Gauge {
    pub(crate) name: &'static str,
    pub(crate) help: &'static str,
    /// `counter` or `gauge`.
    pub(crate) kind: &'static str,
    /// Labels with their value, such as `{sink="s3"}`; empty without.
    pub(crate) values: Vec<(String, u64)>,
}

impl Metrics {
    /// Counts an answered call.
    pub(crate) fn called(&self, status: u16, took: Duration) {
        let class = match status {
            200..=299 => "2xx",
            400 => "400",
            401 => "401",
            413 => "413",
            422 => "422",
            503 => "503",
            500.. => "5xx",
            _ => "4xx",
        };
        let index = STATUSES.iter().position(|status| *status == class);
        index.into_iter().for_each(|index| self.calls[index].add(1));
        let seconds = took.as_secs_f64();
        let bucket = BUCKETS.iter().position(|bound| seconds <= *bound);
        bucket.into_iter().for_each(|bucket| self.buckets[bucket].add(1));
        self.nanoseconds.add(took.as_nanos() as u64);
    }

    /// Counts a prediction.
    pub(crate) fn count(&self, by_model: bool, is_high_risk: bool) {
        self.predictions[usize::from(by_model)][usize::from(is_high_risk)].add(1);
    }

    /// Everything in Prometheus's text format.
    pub(crate) fn text(&self, gauges: &[Gauge]) -> String {
        let mut text = String::new();
        let calls = STATUSES
            .iter()
            .zip(&self.calls)
            .map(|(status, calls)| (format!("{{status=\"{status}\"}}"), calls.get()));
        let calls: Vec<(String, u64)> = calls.collect();
        let all: u64 = calls.iter().map(|(_, calls)| calls).sum();
        push(&mut text, "score_requests_total", "Answered calls by status.", "counter", &calls);
        let arms = ["heuristic", "model"].into_iter().zip(&self.predictions);
        let predictions = arms.flat_map(|(arm, of_arm)| {
            let of_risk = ["no", "yes"].into_iter().zip(of_arm);
            of_risk.map(move |(high, count)| {
                (format!("{{model_used=\"{arm}\",high_risk=\"{high}\"}}"), count.get())
            })
        });
        let predictions: Vec<(String, u64)> = predictions.collect();
        push(
            &mut text,
            "score_predictions_total",
            "Predictions by group (model or heuristic) and decision.",
            "counter",
            &predictions,
        );
        let simple = [
            (
                "score_refused_rows_total",
                "Rows that were not answered in a call that was.",
                &self.refused_rows,
            ),
            ("score_model_loads_total", "Models that were reloaded.", &self.model_loads),
            (
                "score_model_refusals_total",
                "New models that could not be loaded.",
                &self.model_refusals,
            ),
            (
                "score_config_refreshes_total",
                "Successful reads of the settings.",
                &self.config_refreshes,
            ),
            ("score_config_failures_total", "Failed reads of the settings.", &self.config_failures),
            (
                "score_config_refused_values_total",
                "Invalid settings, for which the last valid value is kept.",
                &self.config_refusals,
            ),
        ];
        for (name, help, counter) in simple {
            push(&mut text, name, help, "counter", &[(String::new(), counter.get())]);
        }
        for gauge in gauges {
            push(&mut text, gauge.name, gauge.help, gauge.kind, &gauge.values);
        }
        self.push_histogram(&mut text, all);
        text
    }

    fn push_histogram(&self, text: &mut String, all: u64) {
        let name = "score_request_seconds";
        let mut up_to = 0;
        let mut lines = format!(
            "# HELP {name} Seconds from the head of a call to its answer.\n# TYPE {name} histogram\n"
        );
        for (bound, bucket) in BUCKETS.iter().zip(&self.buckets) {
            up_to += bucket.get();
            // Counted a moment apart; a bucket must not exceed the whole.
            push_line(
                &mut lines,
                name,
                &format!("_bucket{{le=\"{bound}\"}}"),
                &up_to.min(all).to_string(),
            );
        }
        push_line(&mut lines, name, "_bucket{le=\"+Inf\"}", &all.to_string());
        push_line(&mut lines, name, "_sum", &(self.nanoseconds.get() as f64 / 1e9).to_string());
        push_line(&mut lines, name, "_count", &all.to_string());
        text.push_str(&lines);
    }
}

fn push(text: &mut String, name: &str, help: &str, kind: &str, values: &[(String, u64)]) {
    text.push_str(&format!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    values.iter().for_each(|(labels, value)| push_line(text, name, labels, &value.to_string()));
}

fn push_line(text: &mut String, name: &str, labels: &str, value: &str) {
    writeln!(text, "{name}{labels} {value}").expect("a string takes any text");
}
