use maud::{Markup, html};
use mlops_core::verdict::Verdict;
use mlops_detect::performance::Estimate;
use mlops_detect::store::PeriodKind;
use mlops_page::chart::{
    CalibrationPoint, Form, Ink, Line, OverTime, Point, calibration, over_time,
};
use mlops_sql::reader::PerformancePeriod;
use serde_json::Value as Json;

use super::lights;
use super::section::{Part, Section, missing};
use super::time_axis::{HALF, at, axis_between, middle, releases};
use crate::figure::{Figure, Grid, Shown, Value};
use crate::findings::{Findings, PerformanceStory};
use crate::words::{day, figure, plural, sentence};

pub(super) fn section(findings: &Findings) -> Section {
    let light = lights::performance(findings);
    let (lead, parts) = match &findings.performance {
        Err(why) => (html! {}, missing(why)),
        Ok(story) if story.periods.is_empty() => (
            html! { p { "No comparison of predictions with outcomes in this window. Run " code { "performance" } " when outcomes are known." } },
            Vec::new(),
        ),
        Ok(story) => (lead(story, findings, &light.says), figures(findings, story)),
    };
    Section {
        id: "performance",
        title: "Predictive performance",
        verdict: Some(light.badge()),
        lead,
        parts,
    }
}

fn lead(story: &PerformanceStory, findings: &Findings, says: &str) -> Markup {
    let decisive = lights::decisive(&story.periods);
    html! {
        p {
            @match decisive {
                Some(period) => {
                    (sentence(says)) " Newest period with enough outcomes: from " (day(period.from)) ", " (plural(period.n, "outcome")) "."
                    @if let (Some(now), Some(then)) = (period.roc_auc, findings.at_training("roc_auc")) {
                        " AUC at training: " (figure(then)) "; now: " (figure(now.value)) "."
                    }
                }
                None => "Inconclusive: no period has enough outcomes yet.",
            }
        }
        @if decisive.is_some_and(|period| period.verdict == Verdict::Shifted) {
            p { "Predictions are worse than before. See concept shift for the cause, and retrain the model when there are enough new outcomes." }
        }
    }
}

fn figures(findings: &Findings, story: &PerformanceStory) -> Vec<Part> {
    let periods = &story.periods;
    let from = periods.first().map_or(findings.from, |period| period.from).min(findings.from);
    let time = axis_between(from, findings.until);
    let marks = releases(findings);
    let line = |kind: PeriodKind,
                name: &str,
                ink,
                of: fn(&PerformancePeriod) -> Option<Estimate>| {
        let points = periods.iter().filter(|period| period.kind == kind).map(|period| {
            let value = of(period);
            Point {
                at: at(middle(period.from, period.to).min(findings.until)),
                name: format!("{} to {}", day(period.from), day(period.to)),
                value: value.map(|value| value.value),
                interval: value.filter(|it| it.low < it.high).map(|value| [value.low, value.high]),
                is_sure: !period.verdict.is_inconclusive(),
            }
        });
        Line { name: name.to_owned(), ink, form: Form::Bars, points: points.collect() }
    };
    let both = |of: fn(&PerformancePeriod) -> Option<Estimate>| {
        [
            line(PeriodKind::Estimated, "estimated from the predictions", Ink::Old, of),
            line(PeriodKind::Realised, "observed", Ink::New, of),
        ]
    };
    let plot = |label, lines: &[Line], metric, most: f64| {
        let level = findings.at_training(metric).map(|level| ("at training", level));
        over_time(&OverTime {
            label,
            size: HALF,
            time: time.clone(),
            lines,
            level,
            marks: &marks,
            limits: [0.0, most],
            text: &figure,
        })
    };
    let one = |name, title, sentence: &str, drawing, of: fn(&PerformancePeriod) -> Value| Figure {
        name,
        title,
        sentence: html! { (sentence) },
        shown: Shown::Picture(drawing),
        is_wide: false,
        grid: grid(periods, of),
    };
    let mut parts = Vec::new();
    if let Some((period, details)) = &story.calibrated {
        parts.extend(curve(period, details).map(Part::Figure));
    }
    parts.extend(
        [
            one(
                "roc-auc",
                "Ranking (ROC AUC)",
                "Probability that a client who leaves has a higher prediction than a client who stays: 0.5 is random, 1 is perfect. Without outcomes, an estimate is shown. Hollow points: too few outcomes.",
                plot("area under the ROC curve by period", &both(|period| period.roc_auc), "roc_auc", 1.0),
                |period| Value::number(period.roc_auc.map(|auc| auc.value)),
            ),
            one(
                "log-loss",
                "Log loss",
                "Error of the probabilities; confident mistakes count most. Lower is better. A rise with a constant AUC is a calibration problem.",
                plot("log loss by period", &both(|period| bare(Some(period.log_loss))), "log_loss", f64::INFINITY),
                |period| Value::Number(period.log_loss),
            ),
            one(
                "brier",
                "Brier score",
                "Mean squared difference between predicted probability and outcome. Lower is better.",
                plot("Brier score by period", &both(|period| bare(Some(period.brier))), "brier", 1.0),
                |period| Value::Number(period.brier),
            ),
            one(
                "calibration-error",
                "Calibration error",
                "Mean distance of the calibration curve from the diagonal (expected calibration error). Lower is better. A low error with a low AUC means correct probabilities that hardly separate clients.",
                plot("expected calibration error by period", &both(|period| bare(period.ece)), "ece", 1.0),
                |period| Value::number(period.ece),
            ),
        ]
        .map(Part::Figure),
    );
    parts
}

/// Returns an estimate without an interval, which the table does not store.
fn bare(value: Option<f64>) -> Option<Estimate> {
    value.map(|value| Estimate { value, low: value, high: value })
}

fn grid(periods: &[PerformancePeriod], of: fn(&PerformancePeriod) -> Value) -> Grid {
    let row = |period: &PerformancePeriod| {
        vec![
            Value::Day(period.from),
            Value::Text(period.kind.name().to_owned()),
            of(period),
            Value::Count(period.n),
            Value::badge(&period.verdict),
        ]
    };
    Grid {
        columns: vec!["period", "kind", "value", "rows", "verdict"],
        rows: periods.iter().map(row).collect(),
    }
}

fn curve(period: &PerformancePeriod, details: &str) -> Option<Figure> {
    let details: Json = serde_json::from_str(details).ok()?;
    let number = |of: &Json, name: &str| of.get(name).and_then(Json::as_f64);
    let point = |it: &Json| {
        let observed = it.get("observed")?;
        Some(CalibrationPoint {
            n: it.get("n")?.as_u64()?,
            predicted: number(it, "predicted")?,
            observed: number(observed, "value")?,
            interval: [number(observed, "low")?, number(observed, "high")?],
        })
    };
    let points: Vec<CalibrationPoint> =
        details.get("calibration_curve")?.as_array()?.iter().filter_map(point).collect();
    if points.is_empty() {
        return None;
    }
    let rows = points.iter().map(|point| {
        vec![
            Value::Share(point.predicted),
            Value::Share(point.observed),
            Value::Share(point.interval[0]),
            Value::Share(point.interval[1]),
            Value::Count(point.n),
        ]
    });
    Some(Figure {
        name: "calibration",
        title: "Calibration",
        sentence: html! {
            @if let Some(ece) = period.ece { "Calibration error " (figure(ece)) " in the period from " } @else { "Period from " } (day(period.from))
            ". On the dashed line, predicted and observed rates are equal; below it, predictions are too high. The columns show the number of predictions."
        },
        shown: Shown::Picture(calibration(&points, "observed rate by predicted probability")),
        is_wide: false,
        grid: Grid {
            columns: vec!["predicted", "came_true", "low", "high", "rows"],
            rows: rows.collect(),
        },
    })
}
