//! The verdicts of the monitors, for those who tell them.

use mlops_rules::{Monitor, MonitorVerdict};

/// How many findings of the latest run in a window are `shifted`, and how many there are; nothing
/// where no run was.
pub(crate) fn monitor_query(monitor: Monitor) -> &'static str {
    match monitor {
        Monitor::DataShift => {
            "SELECT SUM(CASE WHEN verdict = 'shifted' THEN 1E0 ELSE 0E0 END), COUNT(*) FROM data_shift \
             WHERE segment = '' AND run_uid = (SELECT run_uid FROM data_shift \
             WHERE run_timestamp >= ? AND run_timestamp < ? ORDER BY run_timestamp DESC, run_uid LIMIT 1)"
        }
        Monitor::ConceptShift => {
            "SELECT SUM(CASE WHEN verdict = 'shifted' THEN 1E0 ELSE 0E0 END), COUNT(*) FROM concept_shift \
             WHERE run_uid = (SELECT run_uid FROM concept_shift \
             WHERE run_timestamp >= ? AND run_timestamp < ? ORDER BY run_timestamp DESC, run_uid LIMIT 1)"
        }
        Monitor::Performance => {
            "SELECT SUM(CASE WHEN verdict = 'shifted' AND is_decisive THEN 1E0 ELSE 0E0 END), COUNT(*) FROM performance \
             WHERE run_uid = (SELECT run_uid FROM performance \
             WHERE run_timestamp >= ? AND run_timestamp < ? ORDER BY run_timestamp DESC, run_uid LIMIT 1)"
        }
    }
}

/// The job, and the findings of its latest run in a window: a verdict, what it is about, and why.
pub(crate) fn latest_query(monitor: Monitor) -> (&'static str, &'static str) {
    match monitor {
        Monitor::DataShift => (
            "drift",
            "SELECT verdict, feature, why FROM data_shift WHERE segment = '' AND run_uid = (SELECT run_uid FROM data_shift \
             WHERE run_timestamp >= ? AND run_timestamp < ? ORDER BY run_timestamp DESC, run_uid LIMIT 1) ORDER BY feature",
        ),
        Monitor::ConceptShift => (
            "concept-shift",
            "SELECT verdict, CASE WHEN feature = '' THEN metric_used ELSE feature END, why FROM concept_shift \
             WHERE run_uid = (SELECT run_uid FROM concept_shift \
             WHERE run_timestamp >= ? AND run_timestamp < ? ORDER BY run_timestamp DESC, run_uid LIMIT 1) ORDER BY feature",
        ),
        Monitor::Performance => (
            "performance",
            "SELECT verdict, SUBSTR(CAST(period_from AS CHAR(30)), 1, 10), why FROM performance \
             WHERE is_decisive AND run_uid = (SELECT run_uid FROM performance \
             WHERE run_timestamp >= ? AND run_timestamp < ? ORDER BY run_timestamp DESC, run_uid LIMIT 1) ORDER BY period_from",
        ),
    }
}

/// The verdict over the findings of a run, as [`Verdict::over`](mlops_core::verdict::Verdict::over)
/// has it; none if there are none.
pub(crate) fn verdict_of(
    job: &str,
    found: Vec<(String, String, String)>,
) -> Option<MonitorVerdict> {
    let of = |verdict: &str| found.iter().filter(|(is, _, _)| is == verdict).collect::<Vec<_>>();
    let names = |found: &[&(String, String, String)]| {
        let names: Vec<&str> = found.iter().take(5).map(|(_, about, _)| about.as_str()).collect();
        let more = found.len().saturating_sub(names.len());
        if more > 0 { format!("{} and {more} more", names.join(", ")) } else { names.join(", ") }
    };
    let (shifted, inconclusive) = (of("shifted"), of("inconclusive"));
    let (verdict, why) = match (shifted.as_slice(), inconclusive.as_slice(), found.len()) {
        (_, _, 0) => return None,
        ([], [], all) => ("stable", format!("{all} looked at")),
        ([], [(_, _, why)], 1) => ("inconclusive", why.clone()),
        ([], inconclusive, all) => (
            "inconclusive",
            format!("{} of {all} say nothing: {}", inconclusive.len(), names(inconclusive)),
        ),
        (shifted, _, all) => ("shifted", format!("{} of {all}: {}", shifted.len(), names(shifted))),
    };
    Some(MonitorVerdict { job: job.to_owned(), verdict: verdict.to_owned(), why })
}
