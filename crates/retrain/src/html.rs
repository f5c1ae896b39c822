//! The report of a new model as one self-contained HTML page.

use maud::{Markup, html};
use mlops_job::{number, percent};
use mlops_model::metrics::calibration_curve;
use mlops_page::{badge, bar, document};

use crate::report::{FIGURES, RetrainReport};
use crate::train::Trained;

/// Width and height of a plot, in pixels.
const SIDE: f64 = 260.0;

/// Number of bins of the calibration curve and of the histogram.
const CURVE_BINS: usize = 10;
const SCORE_BINS: usize = 25;

pub(crate) fn page(report: &RetrainReport, trained: &Trained) -> String {
    let state = if report.gate.accepted { "accepted" } else { "refused" };
    let body = html! {
        h1 { "New model " (badge(state)) }
        p { (capitalized(&report.positive())) "." }
        p.muted {
            (report.model_uid) ": " (report.recipe.learner.name()) ", trained on " (number(report.training.rows)) " rows of "
            (report.training.source) ", evaluated on " (number(report.metrics.n)) " held-out rows"
        }
        @for reason in &report.gate.reasons { p.reasons { "Refused: " (reason) "." } }
        @for note in report.notes() { p.muted { (capitalized(&note)) "." } }
        h2 { "Metrics on held-out rows" }
        (figures(report))
        div.plots {
            (calibration(trained))
            (scores(trained))
        }
        h2 { "Feature importance" }
        (importances(report))
    };
    document(&format!("{}: {state}", report.model_uid), &body)
}

fn figures(report: &RetrainReport) -> Markup {
    let shown =
        |figure: Option<f64>| figure.map_or_else(String::new, |figure| format!("{figure:.4}"));
    let columns = report.columns();
    html! {
        table {
            tr { th {} @for (name, _) in &columns { th { (name) } } }
            @for (name, figure) in FIGURES {
                tr {
                    td { (name) }
                    @for (_, metrics) in &columns { td { (shown(metrics.and_then(figure))) } }
                }
            }
        }
    }
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// Returns the calibration curve: observed share against mean predicted probability. The area of a
/// point shows the number of rows.
fn calibration(trained: &Trained) -> Markup {
    let curve =
        calibration_curve(&trained.labels, &trained.probabilities, CURVE_BINS).unwrap_or_default();
    let most = curve.iter().map(|bin| bin.n).max().unwrap_or(1) as f64;
    let (x, y) = (|share: f64| share * SIDE, |share: f64| (1.0 - share) * SIDE);
    let line: Vec<String> =
        curve.iter().map(|bin| format!("{:.1},{:.1}", x(bin.predicted), y(bin.observed))).collect();
    html! {
        figure {
            h2 { "Calibration" }
            svg width=(SIDE + 40.0) height=(SIDE + 24.0) role="img" aria-label="calibration curve" {
                g transform="translate(34,4)" {
                    rect width=(SIDE) height=(SIDE) fill="none" stroke="var(--line)" {}
                    line x1="0" y1=(SIDE) x2=(SIDE) y2="0" stroke="var(--old)" stroke-dasharray="4 4" {}
                    polyline points=(line.join(" ")) fill="none" stroke="var(--new)" stroke-width="1.5" {}
                    @for bin in &curve {
                        circle cx=(format!("{:.1}", x(bin.predicted))) cy=(format!("{:.1}", y(bin.observed)))
                            r=(format!("{:.1}", 2.0 + 5.0 * (bin.n as f64 / most).sqrt())) fill="var(--new)" {
                            title { (number(bin.n)) " rows: " (percent(bin.predicted)) " predicted, " (percent(bin.observed)) " observed" }
                        }
                    }
                    @for tick in [0.0, 0.5, 1.0] {
                        text x=(x(tick)) y=(SIDE + 16.0) text-anchor="middle" { (tick) }
                        text x="-6" y=(y(tick) + 4.0) text-anchor="end" { (tick) }
                    }
                }
            }
            figcaption { "x: mean predicted probability; y: observed share of " (trained.file.model.schema.target.positive) "; dashed: perfect calibration" }
        }
    }
}

/// Returns the histogram of the predicted probabilities, by outcome.
fn scores(trained: &Trained) -> Markup {
    let mut counts = [[0u64; 2]; SCORE_BINS];
    for (label, probability) in trained.labels.iter().zip(&trained.probabilities) {
        let bin = ((probability * SCORE_BINS as f64) as usize).min(SCORE_BINS - 1);
        counts[bin][usize::from(*label)] += 1;
    }
    let most = counts.iter().flatten().copied().max().unwrap_or(1).max(1) as f64;
    let width = SIDE / SCORE_BINS as f64;
    html! {
        figure {
            h2 { "Predicted probabilities" }
            svg width=(SIDE + 10.0) height=(SIDE + 24.0) role="img" aria-label="histogram of the predicted probabilities" {
                g transform="translate(4,4)" {
                    @for (bin, of_bin) in counts.iter().enumerate() {
                        @for (class, colour) in [(0, "var(--old)"), (1, "var(--new)")] {
                            @let height = of_bin[class] as f64 / most * SIDE;
                            rect x=(format!("{:.1}", bin as f64 * width + class as f64 * width / 2.0)) y=(format!("{:.1}", SIDE - height))
                                width=(format!("{:.1}", width / 2.0 - 0.5)) height=(format!("{height:.1}")) fill=(colour) {}
                        }
                    }
                    line x1="0" y1=(SIDE) x2=(SIDE) y2=(SIDE) stroke="var(--line)" {}
                    @for tick in [0.0, 0.5, 1.0] {
                        text x=(tick * SIDE) y=(SIDE + 16.0) text-anchor="middle" { (tick) }
                    }
                }
            }
            figcaption {
                "x: predicted probability; y: number of rows. Outcome " (trained.file.model.schema.target.positive) " is blue, "
                (trained.file.model.schema.target.negative) " is gray"
            }
        }
    }
}

fn importances(report: &RetrainReport) -> Markup {
    let mut sorted: Vec<(&String, &f64)> = report.importances.iter().collect();
    sorted.sort_by(|a, b| b.1.total_cmp(a.1));
    let most = sorted.first().map_or(1.0, |(_, importance)| importance.max(f64::MIN_POSITIVE));
    html! {
        table {
            @for (feature, importance) in sorted {
                tr {
                    td { (feature) }
                    td { (percent(*importance)) }
                    (bar(importance / most))
                }
            }
        }
    }
}
