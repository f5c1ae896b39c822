//! The findings as a page that needs nothing beside itself.

use maud::{Markup, html};
use mlops_detect::performance::{CurvePoint, Estimate, PeriodImpact};
use mlops_job::{number, percent};
use mlops_page::chart::{
    Axis, CalibrationPoint, Form, Ink, Line, OverTime, Point, calibration, over_time,
};
use mlops_page::{badge, document};

use crate::PerformanceReport;
use crate::report::{ImpactReport, PeriodReport, curve, estimate, whole};

/// Limits of an axis: of a share, and of any number.
const SHARE: [f64; 2] = [0.0, 1.0];
const ANY: [f64; 2] = [f64::NEG_INFINITY, f64::INFINITY];

pub(crate) fn page(report: &PerformanceReport) -> String {
    let body = html! {
        h1 { "Performance " (badge(report.verdict.name())) }
        @if let Some(why) = &report.why { p { (why) "." } }
        p.muted {
            @if let Some(model_uid) = &report.model_uid { "Model " (model_uid) ". " }
            @if let Some(training) = &report.training {
                "At training: AUC " (three(training.roc_auc)) ", log loss " (three(training.log_loss)) ", " (number(training.n)) " rows. "
            }
        }
        h2 { "Predictions compared with training " (badge(report.performance_verdict.name())) }
        (figures(report))
        @let points = curve(report);
        @if !points.is_empty() {
            h2 { "Calibration" }
            p { "Observed rate by predicted probability. On the line, both are equal; below the line, predictions are too high. The bars show the number of predictions." }
            div.square { (calibration(&of_curve(points), "calibration curve")) }
        }
        @if let Some(impact) = &report.impact { (of_impact(impact)) }
        footer.muted {
            @if let Some(labels) = &report.labels { p { (labels.text()) "." } }
            @if report.without_prediction > 0 {
                p { (number(report.without_prediction as u64)) " rows without a prediction between 0 and 1 are ignored." }
            }
            @if report.calibrated {
                p { "The predictions are not calibrated. The estimates use predictions that were calibrated on the reference data." }
            }
        }
    };
    document(&format!("Performance: {}", report.verdict), &body)
}

fn figures(report: &PerformanceReport) -> Markup {
    let days: Vec<&str> = report.periods.iter().map(PeriodReport::day).collect();
    let of = |name, ink, figure: fn(&PeriodReport) -> Option<Estimate>| {
        line(name, ink, &days, report.periods.iter().map(figure))
    };
    let auc = [
        of("estimated from the predictions", Ink::Old, |it| {
            it.estimated.as_ref().and_then(|found| found.roc_auc)
        }),
        of("observed", Ink::New, |it| it.realised.as_ref().and_then(|found| found.roc_auc)),
    ];
    let level = report.training.map(|training| ("at training", training.roc_auc));
    html! {
        p { "ROC AUC: probability that a client who leaves has a higher prediction than a client who stays. 0.5 is random, 1 is perfect." }
        (chart(&days, &auc, level, SHARE, "area under the ROC curve by period", three))
        div.scroll {
            table {
                tr { th { "period" } th { "rows" } th { "without outcome" } th { "AUC" } th { "AUC estimated" } th { "log loss" } th { "Brier" } th { "ECE" } th { "precision" } th { "recall" } th.text { "verdict" } }
                @for period in &report.periods { (row(period)) }
            }
        }
    }
}

fn row(period: &PeriodReport) -> Markup {
    let found = period.realised.as_ref();
    let text = |it: Option<Estimate>| it.map_or_else(|| "—".to_owned(), |it| estimate(&it));
    let share = |it: Option<Estimate>| it.map_or_else(|| "—".to_owned(), |it| percent(it.value));
    html! {
        tr {
            td { (period.day()) @if period.is_decisive { " ◀" } }
            td { (number(period.n)) }
            td { (number(period.waiting as u64)) }
            td { (text(found.and_then(|found| found.roc_auc))) }
            td { (text(period.estimated.as_ref().and_then(|found| found.roc_auc))) }
            td { (found.map_or_else(|| "—".to_owned(), |found| three(found.log_loss.value))) }
            td { (found.map_or_else(|| "—".to_owned(), |found| three(found.brier.value))) }
            td { (found.map_or_else(|| "—".to_owned(), |found| three(found.ece.value))) }
            td { (share(found.and_then(|found| found.precision))) }
            td { (share(found.and_then(|found| found.recall))) }
            td.text { (badge(period.verdict.name())) @if let Some(why) = &period.why { " " span.muted { (why) } } }
        }
    }
}

fn of_impact(impact: &ImpactReport) -> Markup {
    let days: Vec<&str> = impact
        .from
        .iter()
        .map(|from| from.as_deref().map_or("all", |from| from.get(..10).unwrap_or(from)))
        .collect();
    let of = |name, ink, figure: fn(&PeriodImpact) -> Option<Estimate>| {
        line(name, ink, &days, impact.found.periods.iter().map(figure))
    };
    let rates = [
        of("model", Ink::New, |period| period.model.churn_rate),
        of("heuristic", Ink::Other, |period| period.heuristic.churn_rate),
    ];
    let clients = [of("saved, cumulative", Ink::Good, |period| period.cumulated_clients)];
    let money = [of("saved, cumulative", Ink::Good, |period| period.cumulated_money)];
    html! {
        h2 { "Business impact " (badge(impact.verdict.name())) }
        p { (impact.found.says) "." @if let Some(worth) = impact.text() { " Total: " (worth) "." } }
        p { "Share of clients who left, in the treatment group (model) and in the control group (heuristic)." }
        (chart(&days, &rates, None, SHARE, "churn rate by group and period", percent))
        @if impact.found.clients_saved.is_some() {
            p { "Clients who stayed because of the model, compared with the heuristic." }
            (chart(&days, &clients, Some(("none", 0.0)), ANY, "clients saved, cumulative", whole))
        }
        @if impact.found.money_saved.is_some() {
            p { "Lifetime value of the clients saved." }
            (chart(&days, &money, Some(("nothing", 0.0)), ANY, "money saved, cumulative", whole))
        }
        p.muted {
            @if let Some(p_value) = impact.found.sample_ratio_p_value {
                "Test of the group sizes: p " (three(p_value)) ". A very small p means that the assignment to groups is not random."
            }
        }
    }
}

/// One figure by period.
fn line(
    name: &str,
    ink: Ink,
    days: &[&str],
    figures: impl Iterator<Item = Option<Estimate>>,
) -> Line {
    let point = |(index, (figure, day)): (usize, (Option<Estimate>, &&str))| Point {
        at: index as f64,
        name: (*day).to_owned(),
        value: figure.map(|it| it.value),
        interval: figure.map(|it| [it.low, it.high]),
        is_sure: true,
    };
    let points = figures.zip(days).enumerate().map(point);
    Line { name: name.to_owned(), ink, form: Form::Bars, points: points.collect() }
}

fn chart(
    days: &[&str],
    lines: &[Line],
    level: Option<(&str, f64)>,
    limits: [f64; 2],
    label: &str,
    text: fn(f64) -> String,
) -> Markup {
    let step = days.len().div_ceil(8).max(1);
    let names =
        days.iter().enumerate().step_by(step).map(|(index, day)| (index as f64, (*day).to_owned()));
    let time = Axis { range: [-0.5, days.len() as f64 - 0.5], names: names.collect() };
    over_time(&OverTime {
        label,
        size: [760, 220],
        time,
        lines,
        level,
        marks: &[],
        limits,
        text: &text,
    })
}

fn of_curve(points: &[CurvePoint]) -> Vec<CalibrationPoint> {
    let point = |it: &CurvePoint| CalibrationPoint {
        n: it.n,
        predicted: it.predicted,
        observed: it.observed.value,
        interval: [it.observed.low, it.observed.high],
    };
    points.iter().map(point).collect()
}

fn three(value: f64) -> String {
    format!("{value:.3}")
}
