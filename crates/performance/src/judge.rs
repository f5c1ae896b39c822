use std::collections::BTreeMap;

use jiff::Timestamp;
use mlops_core::verdict::Verdict;
use mlops_detect::performance::{
    Arm, Estimated, Impact, Judgement, PeriodLength, Realised, Subject, estimate, impact, judge,
    realised,
};

use crate::Args;
use crate::rows::{Row, Rows};

/// A period's first moment, and the first after it; none where rows have no time.
pub(crate) type Span = Option<(Timestamp, Timestamp)>;

/// The findings of one period.
pub(crate) struct Period {
    pub(crate) span: Span,
    /// Figures of the rows with an outcome.
    pub(crate) realised: Option<(Realised, Judgement)>,
    /// Estimates for all rows, without their outcomes.
    pub(crate) estimated: Option<Estimated>,
    /// Whether it can be expected to be worse than training by more than is borne.
    pub(crate) expected_worse: bool,
    /// Rows whose outcome is still to come.
    pub(crate) waiting: usize,
}

/// All that was found.
pub(crate) struct Judged {
    pub(crate) periods: Vec<Period>,
    /// The index of the period that decides the verdict.
    pub(crate) decisive: Option<usize>,
    /// The verdict of predictions alone.
    pub(crate) verdict: Verdict,
    /// The periods of the impact, and what was found of them.
    pub(crate) impact: Option<(Vec<Span>, Impact)>,
}

/// Judges the rows period by period. The verdict is that of the newest period whose outcomes are
/// all known and that has rows enough.
pub(crate) fn judge_rows(rows: &Rows, args: &Args) -> Judged {
    let by_period = by_period(&rows.rows, args.data.every, |row| row.is_judged);
    let periods: Vec<Period> = by_period
        .into_iter()
        .map(|(span, of_period)| period(span, &of_period, rows, args))
        .collect();
    let is_conclusive = |period: &&Period| {
        period.waiting == 0
            && period.realised.as_ref().is_some_and(|(_, judged)| judged.verdict.why().is_none())
    };
    let decisive = periods.iter().rposition(|period| is_conclusive(&period));
    let verdict = match decisive.and_then(|index| periods[index].realised.as_ref()) {
        Some((_, judged)) => judged.verdict.clone(),
        None => Verdict::Inconclusive(why_not(&periods, rows)),
    };
    Judged { periods, decisive, verdict, impact: of_impact(rows, args) }
}

fn by_period(
    rows: &[Row],
    every: PeriodLength,
    wanted: impl Fn(&Row) -> bool,
) -> BTreeMap<Span, Vec<&Row>> {
    let mut periods: BTreeMap<Span, Vec<&Row>> = BTreeMap::new();
    for row in rows.iter().filter(|row| wanted(row)) {
        periods.entry(row.time.map(|time| every.of(time))).or_default().push(row);
    }
    periods
}

fn period(span: Span, rows: &[&Row], all: &Rows, args: &Args) -> Period {
    let policy = args.policy.policy();
    let known: Vec<(bool, &Row)> = rows.iter().filter_map(|row| Some((row.label?, *row))).collect();
    let labels: Vec<bool> = known.iter().map(|(label, _)| *label).collect();
    let predictions: Vec<f64> = known.iter().map(|(_, row)| row.prediction).collect();
    let is_high: Vec<bool> = known.iter().map(|(_, row)| row.is_high).collect();
    let found = realised(&labels, &predictions, &is_high, args.policy.confidence);
    let (predictions, is_high): (Vec<f64>, Vec<bool>) =
        rows.iter().map(|row| (row.prediction, row.is_high)).unzip();
    let estimated =
        estimate(&predictions, &is_high, all.calibration.as_ref(), args.policy.confidence);
    let expected_auc = estimated.as_ref().and_then(|estimated| estimated.roc_auc);
    let expected_worse = match (expected_auc, &all.training) {
        (Some(expected), Some(training)) => expected.high < training.roc_auc - policy.max_auc_drop,
        _ => false,
    };
    Period {
        span,
        waiting: rows.len() - known.len(),
        realised: found.map(|found| {
            let judged = judge(&found, all.training.as_ref(), &policy);
            (found, judged)
        }),
        estimated,
        expected_worse,
    }
}

fn why_not(periods: &[Period], rows: &Rows) -> String {
    if periods.is_empty() {
        let scored = rows.rows.len();
        return if scored + rows.without_prediction == 0 {
            "no requests in the window".to_owned()
        } else {
            format!(
                "no request has a predicted probability ({} requests without)",
                rows.without_prediction
            )
        };
    }
    if periods.iter().all(|period| period.waiting > 0) {
        return "no period is complete yet: outcomes are still missing".to_owned();
    }
    let best = periods
        .iter()
        .filter(|period| period.waiting == 0)
        .filter_map(|period| period.realised.as_ref());
    let best = best.max_by_key(|(found, _)| found.n).and_then(|(_, judged)| judged.verdict.why());
    best.unwrap_or("no period has rows with outcomes").to_owned()
}

fn of_impact(rows: &Rows, args: &Args) -> Option<(Vec<Span>, Impact)> {
    if rows.assigned.is_empty() && rows.in_both.is_empty() {
        return None;
    }
    let of = |time: Option<Timestamp>| time.map(|time| args.data.every.of(time));
    let known = rows.rows.iter().filter_map(|row| Some((of(row.time), row.arm?, row.label?, row)));
    let mut spans: Vec<Span> = known
        .clone()
        .map(|(span, ..)| span)
        .chain(rows.assigned.iter().map(|(_, time)| of(*time)))
        .collect();
    spans.sort_unstable();
    spans.dedup();
    let index = |span: Span| spans.binary_search(&span).unwrap_or_default();
    let subject = |(span, arm, left, row): (Span, Arm, bool, &Row)| {
        let ltv = row.client.as_ref().and_then(|client| rows.worth.get(client)).copied();
        Subject { period: index(span), arm, left, ltv }
    };
    let subjects: Vec<Subject> = known.map(subject).collect();
    let mut assigned = vec![[0; 2]; spans.len()];
    for (arm, time) in &rows.assigned {
        assigned[index(of(*time))][*arm as usize] += 1;
    }
    let found = impact(&subjects, spans.len(), &assigned, &rows.in_both, &args.impact_policy());
    Some((spans, found))
}
