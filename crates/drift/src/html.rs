//! The report as one page that needs nothing beside itself.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use mlops_core::shift::{DataShift, FeatureShift, Measures, Picture, four_digits};
use mlops_job::{number, percent};

use crate::DriftReport;
use crate::report::{by_urgency, p_value};

const STYLE: &str = include_str!("report.css");

/// The size of a histogram.
const WIDTH: f64 = 264.0;
const HEIGHT: f64 = 72.0;

/// The page of a run.
pub(crate) fn page(report: &DriftReport, found: &DataShift) -> String {
    let mut features: Vec<&FeatureShift> = found.features.iter().collect();
    features.sort_by(|a, b| by_urgency((a.verdict.name(), a.effect), (b.verdict.name(), b.effect)));
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
                        strong { "Data bug, not a shift: " } (report.data_bugs.join(", "))
                        ". Mend the data before a model is fitted to them."
                    }
                }
                main {
                    @for feature in features { (section(feature)) }
                }
                footer {
                    @for column in &report.new_columns {
                        p { "New in production: " b { (column) } ", which the model does not know." }
                    }
                    @for skipped in &report.skipped {
                        p { "Not compared: " b { (skipped.column) } ", " (skipped.why) "." }
                    }
                }
            }
        }
    };
    markup.into_string()
}

fn summary(report: &DriftReport) -> String {
    let count = |verdict: &str| report.features.iter().filter(|feature| feature.verdict == verdict).count();
    format!(
        "{} of {} features are distributed in another way than in training, and {} cannot be judged.",
        count("shifted"),
        report.features.len(),
        count("inconclusive"),
    )
}

fn facts(report: &DriftReport) -> Markup {
    let mut facts = vec![
        ("training rows", number(report.rows_reference as u64)),
        ("production rows", number(report.rows_production as u64)),
    ];
    facts.extend(report.window_from.clone().map(|from| ("from", from)));
    facts.extend(report.window_to.clone().map(|to| ("to", to)));
    facts.push(("a shift has p at most", format!("{} ({})", report.significance, report.correction.replace('_', " "))));
    facts.push(("and an effect of at least", report.min_effect.to_string()));
    html! { dl { @for (name, value) in facts { div { dt { (name) } dd { (value) } } } } }
}

fn section(feature: &FeatureShift) -> Markup {
    let shown = |value: Option<f64>| value.map_or_else(|| "none".to_owned(), four_digits);
    let mut facts = vec![
        (feature.test.title().to_owned(), shown(feature.statistic)),
        ("adjusted p".to_owned(), feature.p_value_adjusted.map_or_else(|| "none".to_owned(), p_value)),
        (format!("effect: {}", feature.test.effect_name().replace('_', " ")), shown(feature.effect)),
        (
            "missing".to_owned(),
            format!("{} → {}", percent(feature.missing_reference), percent(feature.missing_production)),
        ),
    ];
    facts.extend(feature.measures.iter().flat_map(further));
    html! {
        section class=(feature.verdict.name()) {
            div.text {
                h2 { (feature.feature) " " span class={ "badge " (feature.verdict.name()) } { (state(feature)) } }
                @if !feature.why.is_empty() { p { (feature.why) } }
                dl { @for (name, value) in facts { div { dt { (name) } dd { (value) } } } }
            }
            @match &feature.picture {
                Some(Picture::Bins { from, to, reference, production }) => (bins(*from, *to, reference, production)),
                Some(Picture::Levels { names, reference, production }) => (levels(names, reference, production)),
                None => p.nothing { "nothing to draw" },
            }
        }
    }
}

fn state(feature: &FeatureShift) -> String {
    match feature.state.name() {
        "ok" | "value_shift" | "insufficient" => feature.verdict.name().to_owned(),
        state => state.replace('_', " "),
    }
}

fn further(measures: &Measures) -> Vec<(String, String)> {
    let named = |name: &str, value: f64| (name.to_owned(), four_digits(value));
    match *measures {
        Measures::Numbers { mean_reference, mean_production, wasserstein_normed, psi, out_of_range, .. } => {
            let mut shown = vec![(
                "mean".to_owned(),
                format!("{} → {}", four_digits(mean_reference), four_digits(mean_production)),
            )];
            shown.extend(wasserstein_normed.map(|distance| named("Wasserstein in sd", distance)));
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

/// Production as bars, and the reference as a line over them.
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
            svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label="training as a line, production as bars" {
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

/// For each level two bars: training above, production below.
fn levels(names: &[Option<String>], reference: &[f64], production: &[f64]) -> Markup {
    let longest = reference.iter().chain(production).fold(f64::MIN_POSITIVE, |most, &share| most.max(share));
    let bar = |share: f64| format!("width:{:.1}%", 100.0 * share / longest);
    html! {
        table.levels {
            @for ((name, &was), &is) in names.iter().zip(reference).zip(production) {
                tr {
                    th { (name.as_deref().unwrap_or("all others")) }
                    td.bars { i.reference style=(bar(was)) {} i.production style=(bar(is)) {} }
                    td { (percent(was)) " → " (percent(is)) }
                }
            }
        }
    }
}
