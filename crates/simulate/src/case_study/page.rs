//! The findings as one self-contained HTML page.

use maud::{Markup, html};
use mlops_job::number;
use mlops_page::chart::{Axis, Form, Ink, Line, OverTime, Point, over_time};
use mlops_page::{badge, document};

use super::effect::Moved;
use super::report::{CaseStudyReport, Finding, TITLES, moved_text};

/// The colors of the lines, from many changed rows to few.
const INKS: [Ink; 4] = [Ink::New, Ink::Other, Ink::Old, Ink::Good];

pub(super) fn page(report: &CaseStudyReport) -> String {
    let body = html! {
        h1 { "Effect of drift on the model" }
        p {
            @match &report.model_uid {
                Some(model_uid) => { "Model " (model_uid) ", " }
                None => { "A model trained for this study, " }
            }
            "on " (number(report.rows)) " held-out rows: " (report.baseline_text()) "."
        }
        p.muted {
            "Each change was applied to " (report.seeds) " bootstrap draws. ± is half of the 95% confidence interval. Bold: significantly worse. "
            "The monitors compare with " (number(report.rows_reference)) " training rows. Their verdicts before any change are "
            (badge(report.unchanged.drift)) " (drift), " (badge(report.unchanged.concept_shift)) " (concept-shift), "
            (badge(report.unchanged.performance)) " (performance)."
        }
        @for of_features in report.findings.chunk_by(|a, b| a.features == b.features) {
            (section(of_features))
        }
    };
    document("Effect of drift on the model", &body)
}

fn section(findings: &[Finding]) -> Markup {
    html! {
        h2 { (findings[0].features.join(" and ")) }
        (picture(findings, "ROC AUC", |finding| finding.roc_auc))
        (picture(findings, "log loss", |finding| finding.log_loss))
        (table(findings))
    }
}

/// Returns a chart of the change of a metric by step, with a line for each number of changed rows.
/// Changes of levels have no steps, and no chart.
fn picture(findings: &[Finding], figure: &str, moved: fn(&Finding) -> Option<Moved>) -> Markup {
    let steps: Vec<&str> =
        findings.chunk_by(|a, b| a.changed == b.changed).next().map_or_else(Vec::new, |first| {
            first
                .iter()
                .filter(|finding| finding.step.is_some())
                .map(|finding| finding.change.as_str())
                .collect()
        });
    if steps.len() < 2 {
        return html! {};
    }
    let lines: Vec<Line> = findings
        .chunk_by(|a, b| a.changed == b.changed)
        .zip(INKS.into_iter().cycle())
        .map(|(of_rows, ink)| {
            let points = of_rows.iter().zip(0u32..).map(|(finding, step)| {
                let moved = moved(finding);
                Point {
                    at: f64::from(step),
                    name: finding.change.clone(),
                    value: moved.map(|moved| moved.mean),
                    interval: moved.map(|moved| [moved.low, moved.high]),
                    is_sure: true,
                }
            });
            Line {
                name: format!("{} rows", of_rows[0].changed),
                ink,
                form: Form::Bars,
                points: points.collect(),
            }
        })
        .collect();
    let names = steps.iter().zip(0u32..).map(|(name, step)| (f64::from(step), (*name).to_owned()));
    let plot = OverTime {
        label: &format!("change of the {figure} by step"),
        size: [720, 220],
        time: Axis { range: [-0.3, steps.len() as f64 - 0.7], names: names.collect() },
        lines: &lines,
        level: None,
        marks: &[],
        limits: [f64::NEG_INFINITY, f64::INFINITY],
        text: &|value| format!("{value:+.3}"),
    };
    html! {
        p.muted { "Change of the " (figure) }
        (over_time(&plot))
    }
}

fn table(findings: &[Finding]) -> Markup {
    html! {
        div.scroll {
            table {
                tr {
                    th { "change" } th { "rows" }
                    @for title in TITLES { th { (title) } }
                    th.text { "drift" } th.text { "concept-shift" } th.text { "performance" } th.text { "policy" }
                }
                @for finding in findings {
                    tr {
                        td { (finding.change) } td { (finding.changed) }
                        @for (moved, hurts) in finding.figures().into_iter().zip(finding.hurting()) {
                            td { @if hurts { b { (moved_text(moved)) } } @else { (moved_text(moved)) } }
                        }
                        td.text { (verdict(finding.said.drift)) @if !finding.said.drifted.is_empty() { " " (finding.said.drifted.join(", ")) } }
                        td.text { (verdict(finding.said.concept_shift)) }
                        td.text { (verdict(finding.said.performance)) }
                        td.text { (finding.said.policy) }
                    }
                }
            }
        }
    }
}

fn verdict(name: &str) -> Markup {
    html! { span class=(name) { (name) } }
}
