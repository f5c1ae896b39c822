use jiff::Timestamp;

use super::message::{Message, clock};
use super::report::DayReport;
use super::route::digest;
use super::{Rules, Severity, Transition, Unit};
use mlops_core::verdict::Verdict;

/// Composes the daily report; `at` is the time of writing.
pub fn report_message(rules: &Rules, name: &str, report: DayReport, at: Timestamp) -> Message {
    let shifted: Vec<&str> = report
        .verdicts
        .iter()
        .filter(|found| found.verdict == Verdict::Shifted)
        .map(|found| found.monitor.job())
        .collect();
    let verdict = match (report.verdicts.is_empty(), shifted.as_slice()) {
        (true, _) => "no monitor ran".to_owned(),
        (false, []) => "no monitor found a shift".to_owned(),
        (false, shifted) => format!("shifted: {}", shifted.join(", ")),
    };
    let mean = |mean: Option<f64>| mean.map_or("none".to_owned(), |mean| Unit::Number.text(mean));
    let share =
        |share: Option<f64>| share.map_or("none".to_owned(), |share| Unit::Share.text(share));
    let count = |count: u64| Unit::Count.text(count as f64);
    let firing =
        if report.firing.is_empty() { "none".to_owned() } else { report.firing.join(", ") };
    let facts = [
        (
            "Requests",
            format!("{} (day before: {})", count(report.requests), count(report.requests_before)),
        ),
        (
            "Mean predicted probability",
            format!(
                "{} (day before: {})",
                mean(report.mean_prediction),
                mean(report.mean_prediction_before)
            ),
        ),
        ("Share of high risk", share(report.high_risk)),
        ("Share of errors", share(report.errors)),
        ("Alerts fired", count(report.fired)),
        ("Alerts firing now", firing),
        ("Created", clock(at, &rules.time_zone)),
    ];
    let says = format!(
        "{} requests, mean predicted probability {}, {verdict}",
        count(report.requests),
        mean(report.mean_prediction)
    );
    Message {
        rule: name.to_owned(),
        transition: Transition::Report,
        severity: Severity::Warning,
        at,
        thread: digest(&[name, &report.day]),
        subject: format!("Report of {}: {says}", report.day),
        headline: format!("{}: {says}.", report.day),
        facts: facts.map(|(name, value)| (name.to_owned(), value)).to_vec(),
        next: None,
        short: format!("Report of {}: {says}.", report.day),
        report: Some(report),
    }
}
