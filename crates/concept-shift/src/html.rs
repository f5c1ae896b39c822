//! The findings as a page that needs nothing beside itself.

use maud::{Markup, html};
use mlops_detect::concept::{Domain, Recalibration, RecalibrationChange};
use mlops_job::{number, percent};
use mlops_page::{badge, bar, document};

use crate::ConceptReport;
use crate::report::{RelationReport, gain_text};
use mlops_core::text::p_value;

/// The picture of the score, in its own units.
const WIDTH: f64 = 520.0;

pub(crate) fn page(report: &ConceptReport) -> String {
    let body = html! {
        h1 { "Concept shift " (badge(report.verdict.name())) }
        @if let Some(why) = &report.why { p { (sentence(why)) } }
        p.muted {
            @if let Some(model_uid) = &report.model_uid { "Model " (model_uid) ". " }
            @if let Some(from) = &report.window_from { "From " (from) " UTC. " }
            @if let Some(to) = &report.window_to { "Until " (to) " UTC. " }
        }
        h2 { "Difference between production and training data " (badge(report.domain_verdict.name())) }
        p {
            "AUC of a classifier that separates production rows from training rows, on held-out rows: 0.5 means no difference, 1 means completely different. "
            "The verdict is shifted when the interval is above " (report.threshold) "."
        }
        (score(&report.domain, report.threshold))
        (features(report))
        @if let Some(relation) = &report.relation { (of_relation(relation)) }
        footer.muted {
            @if let Some(labels) = &report.labels { p { (labels.text()) "." } }
            @if report.repeated > 0 { p { (number(report.repeated as u64)) " repeated rows of the same customers are ignored." } }
            @for column in &report.new_columns { p { "New column in production: " b { (column) } "." } }
            @for skipped in &report.skipped { p { "Not compared: " b { (skipped.column) } " (" (skipped.why) ")." } }
        }
    };
    document(&format!("Concept shift: {}", report.verdict), &body)
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}

/// The score with its interval, from 0.4 to 1.
fn score(domain: &Domain, threshold: f64) -> Markup {
    let x = |auc: f64| 10.0 + (WIDTH - 20.0) * (auc.clamp(0.4, 1.0) - 0.4) / 0.6;
    html! {
        svg.scale viewBox={ "0 0 " (WIDTH) " 62" } role="img"
            aria-label={ "AUC " (format!("{:.3}", domain.score)) ", confidence interval " (format!("{:.3} to {:.3}", domain.low, domain.high)) } {
            line x1=(x(0.4)) x2=(x(1.0)) y1="34" y2="34" stroke="var(--line)" {}
            @for tick in [0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0] {
                text x=(format!("{:.1}", x(tick))) y="54" text-anchor="middle" { (tick) }
            }
            line x1=(format!("{:.1}", x(threshold))) x2=(format!("{:.1}", x(threshold))) y1="20" y2="42" stroke="var(--bad)" stroke-dasharray="3 3" {}
            text x=(format!("{:.1}", x(threshold))) y="14" text-anchor="middle" { "threshold" }
            line x1=(format!("{:.1}", x(domain.low))) x2=(format!("{:.1}", x(domain.high))) y1="34" y2="34" stroke="var(--new)" stroke-width="4" {}
            circle cx=(format!("{:.1}", x(domain.score))) cy="34" r="5" fill="var(--new)" {}
        }
        p {
            "AUC " b { (format!("{:.3}", domain.score)) } " (" (format!("{:.3} to {:.3}", domain.low, domain.high)) "), p "
            (p_value(domain.p_value)) ", " (number(domain.rows as u64)) " rows from each data set."
        }
    }
}

fn features(report: &ConceptReport) -> Markup {
    let most =
        report.domain.features.first().map_or(1.0, |first| first.importance.max(f64::MIN_POSITIVE));
    html! {
        @if !report.domain.features.is_empty() {
            table {
                tr { th { "feature" } th { "importance" } th {} th { "AUC of the feature alone" } }
                @for feature in &report.domain.features {
                    tr {
                        td { (feature.feature) }
                        td { (percent(feature.importance)) }
                        (bar(feature.importance / most))
                        td { (format!("{:.3}", feature.auc)) }
                    }
                }
            }
        }
    }
}

fn of_relation(relation: &RelationReport) -> Markup {
    let found = &relation.found;
    html! {
        h2 { "Relation of features to the target " (badge(relation.verdict.name())) }
        @if let Some(why) = &relation.why { p { (why) "." } }
        p {
            "Compared on similar rows of both data sets (" (number(found.rows_reference as u64)) " training rows, " (number(found.rows_production as u64))
            " production rows), with predictions of models that were not trained on these rows."
        }
        @if let Some(gain) = &found.label_gain { p.muted { "For comparison: " (gain_text(gain)) "." } }
        @if let Some(change) = &found.recalibration { (recalibration(change)) }
        @if !found.features.is_empty() {
            table {
                tr { th { "feature" } th.text { "relation" } th { "adjusted p" } th { "change of log-odds" } th.text { "largest change" } }
                @for feature in &found.features {
                    tr {
                        td { (feature.feature) }
                        td.text { span class=(if feature.shifted { "shifted" } else { "muted" }) { (if feature.shifted { "changed" } else { "unchanged" }) } }
                        td { (p_value(feature.p_value_adjusted)) }
                        td { (format!("{:.3}", feature.effect)) }
                        td.text { @if let (true, Some(most)) = (feature.shifted, &feature.most) { (most.text()) } }
                    }
                }
            }
        }
    }
}

fn recalibration(change: &RecalibrationChange) -> Markup {
    let line = |name: &str, it: &Recalibration| {
        let shown =
            |value: f64, [low, high]: [f64; 2]| format!("{value:.3} ({low:.3} to {high:.3})");
        html! {
            tr {
                td { (name) }
                td { (shown(it.intercept, it.intercept_interval)) }
                td { (shown(it.slope, it.slope_interval)) }
            }
        }
    };
    html! {
        table {
            tr { th { "scores" } th { "intercept" } th { "slope" } }
            (line("in training", &change.reference))
            (line("in production", &change.production))
        }
        p {
            "Calibrated scores have intercept 0 and slope 1. "
            span class=(if change.shifted { "shifted" } else { "muted" }) { (if change.shifted { "Calibration changed" } else { "Calibration is unchanged" }) }
            ", adjusted p " (p_value(change.p_value_adjusted)) "."
        }
    }
}
