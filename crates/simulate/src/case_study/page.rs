//! The findings as a page that needs nothing beside itself.

use maud::{Markup, html};
use mlops_job::number;
use mlops_page::{badge, document};

use super::report::{CaseStudyReport, Finding, TITLES, moved_text};

pub(super) fn page(report: &CaseStudyReport) -> String {
    let body = html! {
        h1 { "How much drift hurts" }
        p {
            @match &report.model_uid {
                Some(model_uid) => { "Model " (model_uid) ", " }
                None => { "A model that was fitted for this, " }
            }
            "on " (number(report.rows)) " rows that it was not fitted to: " (report.baseline_text()) "."
        }
        p.muted {
            "Each change was tried " (report.seeds) " times. A figure stands with the half of its 95% interval; "
            "bold is what is surely worse. The monitors compare with " (number(report.rows_reference)) " training rows; before any change they say "
            (badge(report.unchanged.drift)) " (drift), " (badge(report.unchanged.concept_shift)) " (concept-shift), "
            (badge(report.unchanged.performance)) " (performance)."
        }
        @for of_features in report.findings.chunk_by(|a, b| a.features == b.features) {
            (section(of_features))
        }
    };
    document("How much drift hurts", &body)
}

fn section(findings: &[Finding]) -> Markup {
    html! {
        h2 { (findings[0].features.join(" and ")) }
        (table(findings))
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
