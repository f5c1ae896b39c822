//! A message as HTML that mail programs show alike: one column, inline styles, light and dark.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use mlops_core::timestamp::to_sql_text;
use mlops_core::verdict::Verdict;
use mlops_rules::{DayReport, Message, Severity, Transition, Unit};

use crate::chart::{HEIGHT, PICTURE, WIDTH};

/// Overrides of the inline styles. Mail programs without media queries show the light colors.
const STYLE: &str = "\
:root{color-scheme:light dark;supported-color-schemes:light dark}\
@media (prefers-color-scheme:dark){\
body,.page{background:#16181d!important;color:#e6e8ec!important}\
.card{background:#1f232b!important;border-color:#343a46!important}\
.quiet{color:#a3abb8!important}\
.line{border-color:#343a46!important}\
a{color:#8ab8f5!important}}";

const PAGE: &str = "margin:0;padding:24px 12px;background:#f3f4f6;color:#1c2026;font:15px/1.5 -apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const CARD: &str = "max-width:600px;margin:0 auto;background:#ffffff;border:1px solid #dfe2e7;border-radius:8px;overflow:hidden";
const NAME: &str = "padding:6px 16px 6px 0;color:#5b6472;vertical-align:top;white-space:nowrap";
const VALUE: &str = "padding:6px 0;vertical-align:top";
const HEADING: &str = "margin:24px 0 8px;font-size:15px";

/// Returns the page.
pub(crate) fn page(message: &Message) -> String {
    let (colour, word) = badge(message);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (message.subject) }
                style { (PreEscaped(STYLE)) }
            }
            body.page style=(PAGE) {
                div.card style=(CARD) {
                    div style=(format!("height:6px;background:{colour}")) {}
                    div style="padding:20px 24px 24px" {
                        div style=(format!("display:inline-block;padding:2px 10px;border-radius:4px;background:{colour};color:#ffffff;\
                                            font-size:12px;font-weight:600;letter-spacing:.04em")) { (word) }
                        p style="margin:14px 0 18px;font-size:17px;line-height:1.4;font-weight:600" { (message.headline) }
                        (facts(message))
                        @if let Some(next) = &message.next {
                            p.line style="margin:18px 0 0;padding-top:14px;border-top:1px solid #e4e7eb" { b { "What to do: " } (linked(next)) }
                        }
                        @if let Some(report) = &message.report { (day(report)) }
                    }
                }
            }
        }
    };
    page.into_string()
}

fn badge(message: &Message) -> (&'static str, String) {
    match (message.transition, message.severity) {
        (Transition::Recovered, _) => ("#2e7d4f", "RESOLVED".to_owned()),
        (Transition::Report, _) => ("#3b6fb5", "DAILY REPORT".to_owned()),
        (Transition::Test | Transition::Muted, _) => {
            ("#5b6472", message.transition.name().to_uppercase())
        }
        (_, Severity::Critical) => ("#b3261e", "CRITICAL".to_owned()),
        (_, Severity::Warning) => ("#9a6700", "WARNING".to_owned()),
    }
}

/// Returns a link, if the action is a URL and nothing else.
fn linked(next: &str) -> Markup {
    let is_address = next.starts_with("https://") && !next.contains(char::is_whitespace);
    html! { @if is_address { a href=(next) style="color:#2f5fa8" { (next) } } @else { (next) } }
}

fn facts(message: &Message) -> Markup {
    html! {
        table role="presentation" style="border-collapse:collapse;font-size:14px" {
            @for (name, value) in &message.facts {
                tr { td.quiet style=(NAME) { (name) } td style=(VALUE) { (value) } }
            }
        }
    }
}

fn day(report: &DayReport) -> Markup {
    html! {
        h2 style=(HEADING) { "Predicted probabilities" }
        img src=(format!("cid:{PICTURE}")) width=(WIDTH / 2) height=(HEIGHT / 2) style="display:block;width:100%;height:auto;max-width:560px"
            alt=(alternative(report));
        table role="presentation" width="100%" style="max-width:560px;border-collapse:collapse;font-size:12px" {
            tr.quiet style="color:#5b6472" {
                td { "0" }
                td align="center" { "0.5" }
                td align="right" { "1" }
            }
        }
        h2 style=(HEADING) { "Monitors" }
        @if report.verdicts.is_empty() { p.quiet style="margin:0;color:#5b6472" { "No monitor ran on that day." } }
        table role="presentation" style="border-collapse:collapse;font-size:14px" {
            @for found in &report.verdicts {
                tr {
                    td.quiet style=(NAME) { (found.monitor.job()) }
                    td style=(format!("{VALUE};padding-right:16px;font-weight:600;color:{}", colour_of(&found.verdict))) { (found.verdict.name()) }
                    td style=(VALUE) { (found.why) }
                }
            }
        }
        h2 style=(HEADING) { "ETL" }
        @if report.etl.is_empty() { p.quiet style="margin:0;color:#5b6472" { "No pipeline has run." } }
        table role="presentation" style="border-collapse:collapse;font-size:14px" {
            @for etl in &report.etl {
                tr {
                    td.quiet style=(NAME) { (etl.pipeline) }
                    td style=(VALUE) {
                        "lag " (etl.lag_text())
                        ", dead letters " (Unit::Count.text(etl.dead_letters as f64))
                        ", last run " (&to_sql_text(etl.ran_at)[..16]) " UTC"
                    }
                }
            }
        }
    }
}

fn colour_of(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Shifted => "#c8443b",
        Verdict::Stable => "#3a9463",
        Verdict::Inconclusive(_) => "#8a7a2e",
    }
}

/// Returns the text alternative of the histogram.
fn alternative(report: &DayReport) -> String {
    let counts = &report.histogram.counts;
    let most =
        counts.iter().enumerate().max_by_key(|(index, count)| (**count, std::cmp::Reverse(*index)));
    match most {
        Some((index, count)) if *count > 0 => {
            let width = 1.0 / counts.len() as f64;
            let (from, to) = (index as f64 * width, (index + 1) as f64 * width);
            format!(
                "Histogram of the predicted probabilities; the most frequent, {}, are between {from:.2} and {to:.2}",
                Unit::Count.text(*count as f64)
            )
        }
        _ => "No predictions on this day".to_owned(),
    }
}
