//! The report as one self-contained HTML page.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use mlops_core::text::{four_digits, p_value};
use mlops_core::verdict::Verdict;
use mlops_detect::shift::{DataShift, FeatureShift, Measures, Picture, State};
use mlops_job::{number, percent};

use crate::DriftReport;
use crate::text::by_urgency;

const STYLE: &str = include_str!("report.css");

/// The size of a histogram.
const WIDTH: f64 = 264.0;
const HEIGHT: f64 = 72.0;

/// The height of the plot of a trend.
const TREND_HEIGHT: f64 = 36.0;

/// Returns the page of a run.
pub(crate) fn page(report: &DriftReport, found: &DataShift) -> String {
    let mut features: Vec<&FeatureShift> = found.features.iter().collect();
    features.sort_by(|a, b| by_urgency((&a.verdict, a.effect), (&b.verdict, b.effect)));
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Data shift: " (report.verdict) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { "Data shift " span class={ "badge " (report.verdict) } { (report.verdict) } }
                    p { (summary(report)) }
                    @if let Some(why) = &report.why { p { (why) } }
                    (facts(report))
                }
                @if !report.data_bugs.is_empty() {
                    p.bug {
                        strong { "Data error, not a shift: " } (report.data_bugs.join(", "))
                        ". Correct the data before a model is trained on it."
                    }
                }
                main {
                    @for feature in features { (section(feature, report)) }
                }
                @if report.by.is_some() { (segments(report)) }
                @if !report.outcomes.is_empty() { (outcomes(report)) }
                footer {
                    @for segment in &report.new_segments {
                        p { "New segment in production: " b { (segment) } "." }
                    }
                    @for column in &report.new_columns {
                        p { "New column in production: " b { (column) } ". The reference data do not have it." }
                    }
                    @for skipped in &report.skipped {
                        p { "Not compared: " b { (skipped.column) } " (" (skipped.why) ")." }
                    }
                }
            }
        }
    };
    markup.into_string()
}

/// Returns the comparison of the target, which is not a feature.
fn outcomes(report: &DriftReport) -> Markup {
    html! {
        h2 { "Target (rows with a known outcome)" }
        table.found {
            tr { th { "target" } th { "verdict" } th { "adjusted p" } th { "effect" } th { "why" } }
            @for outcome in &report.outcomes {
                tr class=(outcome.verdict) {
                    td { (outcome.feature) }
                    td { span.badge { (outcome.verdict) } }
                    td { (outcome.p_value_adjusted.map(p_value).unwrap_or_default()) }
                    td { (outcome.effect.map(four_digits).unwrap_or_default()) }
                    td { (outcome.why) }
                }
            }
        }
    }
}

fn summary(report: &DriftReport) -> String {
    format!(
        "{} of {} features shifted, {} inconclusive.",
        report.shifted(),
        report.features.len(),
        report.inconclusive(),
    )
}

fn facts(report: &DriftReport) -> Markup {
    let mut facts = vec![
        ("training rows", number(report.rows_reference)),
        ("production rows", number(report.rows_production)),
    ];
    facts.extend(report.window_from.clone().map(|from| ("from", from)));
    facts.extend(report.window_to.clone().map(|to| ("to", to)));
    facts.push((
        "significance level (adjusted p)",
        format!("{} ({})", four_digits(report.significance), report.correction.replace('_', " ")),
    ));
    facts.push(("minimum effect", report.min_effect.to_string()));
    html! { dl { @for (name, value) in facts { div { dt { (name) } dd { (value) } } } } }
}

fn section(feature: &FeatureShift, report: &DriftReport) -> Markup {
    let shown = |value: Option<f64>| value.map_or_else(|| "none".to_owned(), four_digits);
    let mut facts = vec![
        (feature.test.title().to_owned(), shown(feature.statistic)),
        (
            "adjusted p".to_owned(),
            feature.p_value_adjusted.map_or_else(|| "none".to_owned(), p_value),
        ),
        (
            format!("effect: {}", feature.test.effect_name().replace('_', " ")),
            shown(feature.effect),
        ),
        (
            "missing".to_owned(),
            format!(
                "{} → {}",
                percent(feature.missing_reference),
                percent(feature.missing_production)
            ),
        ),
    ];
    facts.extend(feature.measures.iter().flat_map(further));
    html! {
        section class=(feature.verdict.name()) {
            div.text {
                h2 { (feature.feature) " " span class={ "badge " (feature.verdict.name()) } { (state(feature)) } }
                @if !feature.why.is_empty() { p { (feature.why) } }
                dl { @for (name, value) in facts { div { dt { (name) } dd { (value) } } } }
                @if report.trend.len() > 1 { (effects(&feature.feature, report)) }
            }
            @match &feature.picture {
                Some(Picture::Bins { from, to, reference, production }) => (bins(*from, *to, reference, production)),
                Some(Picture::Levels { names, reference, production }) => (levels(names, reference, production)),
                None => p.nothing { "no values to plot" },
            }
        }
    }
}

fn state(feature: &FeatureShift) -> String {
    match feature.state {
        State::Ok | State::ValueShift | State::Insufficient => feature.verdict.to_string(),
        state => state.name().replace('_', " "),
    }
}

fn further(measures: &Measures) -> Vec<(String, String)> {
    let named = |name: &str, value: f64| (name.to_owned(), four_digits(value));
    match *measures {
        Measures::Numbers {
            mean_reference,
            mean_production,
            wasserstein_normed,
            psi,
            out_of_range,
            ..
        } => {
            let mut shown = vec![(
                "mean".to_owned(),
                format!("{} → {}", four_digits(mean_reference), four_digits(mean_production)),
            )];
            shown.extend(
                wasserstein_normed
                    .map(|distance| named("Wasserstein distance (standard deviations)", distance)),
            );
            shown.extend([named("PSI", psi), ("out of range".to_owned(), percent(out_of_range))]);
            shown
        }
        Measures::Levels { total_variation, psi, new_levels, .. } => vec![
            named("total variation", total_variation),
            named("PSI", psi),
            ("new levels".to_owned(), percent(new_levels)),
        ],
    }
}

/// Plots the effect by chunk, from 0 to the largest effect, at least twice the minimum effect. A dot
/// marks a shifted chunk.
fn effects(feature: &str, report: &DriftReport) -> Markup {
    let trend = report.trend_of(feature);
    let effects: Vec<f64> = trend.iter().map(|chunk| chunk.effect.unwrap_or(0.0)).collect();
    // A scale that is too small would exaggerate noise.
    let least = (2.0 * report.min_effect).max(f64::MIN_POSITIVE);
    let largest = effects.iter().fold(least, |most, &effect| most.max(effect));
    let x = |chunk: usize| 4.0 + (WIDTH - 8.0) * chunk as f64 / (effects.len() - 1) as f64;
    let y = |effect: f64| TREND_HEIGHT - 4.0 - (TREND_HEIGHT - 8.0) * effect / largest;
    let points = effects
        .iter()
        .enumerate()
        .map(|(chunk, &effect)| format!("{:.1},{:.1}", x(chunk), y(effect)));
    html! {
        div.trend {
            svg viewBox={ "0 0 " (WIDTH) " " (TREND_HEIGHT) } role="img" aria-label="effect over time" {
                polyline points=(points.collect::<Vec<_>>().join(" "));
                @for (chunk, feature) in trend.iter().enumerate().filter(|(_, feature)| feature.verdict == Verdict::Shifted) {
                    circle cx=(format!("{:.1}", x(chunk))) cy=(format!("{:.1}", y(effects[chunk]))) r="3" {
                        title { (feature.effect.map(four_digits).unwrap_or_default()) }
                    }
                }
            }
            span {
                "effect over time, 0 to " (four_digits(largest))
                @if let Some(since) = report.shifted_since(feature) { ", shifted since " (since) }
            }
        }
    }
}

/// Lists the features that are shifted or inconclusive in a segment.
fn segments(report: &DriftReport) -> Markup {
    let by = report.by.as_deref().unwrap_or_default();
    let found = report
        .segments
        .iter()
        .flat_map(|segment| segment.features.iter().map(move |feature| (segment, feature)));
    let found: Vec<_> = found.filter(|(_, feature)| feature.verdict != Verdict::Stable).collect();
    html! {
        h2 { "By " (by) }
        @if found.is_empty() { p { "Stable in all " (report.segments.len()) " segments." } } @else {
            table.found {
                tr { th { (by) } th { "feature" } th { "verdict" } th { "adjusted p" } th { "effect" } th { "why" } }
                @for (segment, feature) in found {
                    tr class=(feature.verdict) {
                        td { (segment.segment) }
                        td { (feature.feature) }
                        td { span.badge { (feature.verdict) } }
                        td { (feature.p_value_adjusted.map(p_value).unwrap_or_default()) }
                        td { (feature.effect.map(four_digits).unwrap_or_default()) }
                        td { (feature.why) }
                    }
                }
            }
        }
    }
}

/// Plots production as bars and the reference as a line.
fn bins(from: f64, to: f64, reference: &[f64], production: &[f64]) -> Markup {
    let tallest = reference.iter().chain(production).fold(0.0_f64, |most, &share| most.max(share));
    let width = WIDTH / reference.len() as f64;
    let y = |share: f64| HEIGHT * (1.0 - share / tallest.max(f64::MIN_POSITIVE));
    let mut line = format!("M0 {HEIGHT}");
    for (bin, &share) in reference.iter().enumerate() {
        line.push_str(&format!("V{:.1}H{:.1}", y(share), width * (bin + 1) as f64));
    }
    line.push_str(&format!("V{HEIGHT}"));
    html! {
        figure {
            svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label="distribution in training (line) and in production (bars)" {
                @for (bin, &share) in production.iter().enumerate() {
                    rect x=(format!("{:.1}", width * bin as f64)) y=(format!("{:.1}", y(share)))
                        width=(format!("{:.1}", width - 1.0)) height=(format!("{:.1}", HEIGHT - y(share))) {
                        title { (percent(share)) " of production, " (percent(reference[bin])) " of training" }
                    }
                }
                path d=(line);
            }
            figcaption { span { (four_digits(from)) } span { "— training  ▮ production" } span { (four_digits(to)) } }
        }
    }
}

/// Plots two bars for each level: training above, production below.
fn levels(names: &[Option<String>], reference: &[f64], production: &[f64]) -> Markup {
    let longest =
        reference.iter().chain(production).fold(f64::MIN_POSITIVE, |most, &share| most.max(share));
    let bar = |share: f64| format!("width:{:.1}%", 100.0 * share / longest);
    html! {
        table.levels {
            @for ((name, &was), &is) in names.iter().zip(reference).zip(production) {
                tr {
                    th { (name.as_deref().unwrap_or("other levels")) }
                    td.bars { i.reference style=(bar(was)) {} i.production style=(bar(is)) {} }
                    td { (percent(was)) " → " (percent(is)) }
                }
            }
        }
    }
}
