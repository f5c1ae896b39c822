//! Pictures, in the page's colours.

use maud::{Markup, html};
use mlops_core::performance::{CurvePoint, Estimate};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 56.0;
const BOTTOM: f64 = 24.0;
const TOP: f64 = 10.0;

/// What a share can be, and any other number.
pub(crate) const SHARE: [f64; 2] = [0.0, 1.0];
pub(crate) const ANY: [f64; 2] = [f64::NEG_INFINITY, f64::INFINITY];

/// Figures over time, each with its interval.
pub(crate) struct Series<'a> {
    pub(crate) name: &'a str,
    pub(crate) color: &'a str,
    pub(crate) points: Vec<Option<Estimate>>,
}

/// Figures over the periods, with a level to compare them with, between the least and the most that they can be.
pub(crate) fn over_time(
    days: &[&str],
    series: &[Series<'_>],
    level: Option<(&str, f64)>,
    [least, most]: [f64; 2],
    label: &str,
    text: fn(f64) -> String,
) -> Markup {
    let known = series.iter().flat_map(|series| series.points.iter().flatten());
    let ends = known.flat_map(|it| [it.low, it.high]).chain(level.map(|(_, level)| level));
    let (low, high) = ends.fold((f64::MAX, f64::MIN), |(low, high), end| (low.min(end), high.max(end)));
    if low > high {
        return html! {};
    }
    let margin = (0.08 * (high - low)).max(1e-9);
    let (low, high) = ((low - margin).max(least), (high + margin).min(most));
    let x = |place: usize| LEFT + (WIDTH - LEFT - 16.0) * (place as f64 + 0.5) / days.len() as f64;
    let y = |value: f64| TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / (high - low);
    let step = days.len().div_ceil(8);
    html! {
        p.muted {
            @for series in series { span style={ "color:" (series.color) } { "■ " } (series.name) "  " }
            @if let Some((name, _)) = level { "┄ " (name) }
        }
        svg.chart viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(label) {
            @for tick in 0..=4 {
                @let value = low + (high - low) * f64::from(tick) / 4.0;
                line x1=(LEFT) x2=(WIDTH) y1=(at(y(value))) y2=(at(y(value))) stroke="var(--line)" {}
                text x=(LEFT - 6.0) y=(at(y(value) + 4.0)) text-anchor="end" { (text(value)) }
            }
            @if let Some((_, level)) = level {
                line x1=(LEFT) x2=(WIDTH) y1=(at(y(level))) y2=(at(y(level))) stroke="var(--bad)" stroke-dasharray="4 3" {}
            }
            @for (number, one) in series.iter().enumerate() {
                @let shift = 4.0 * (number as f64 - 0.5 * (series.len() - 1) as f64);
                @for (place, point) in one.points.iter().enumerate() {
                    @if let Some(point) = point {
                        line x1=(at(x(place) + shift)) x2=(at(x(place) + shift)) y1=(at(y(point.low))) y2=(at(y(point.high))) stroke=(one.color) stroke-width="2" opacity="0.55" {}
                        circle cx=(at(x(place) + shift)) cy=(at(y(point.value))) r="3.5" fill=(one.color) {
                            title { (days[place]) ": " (text(point.value)) " (" (text(point.low)) " to " (text(point.high)) ")" }
                        }
                    }
                }
            }
            @for (place, day) in days.iter().enumerate().filter(|(place, _)| place % step == 0) {
                text x=(at(x(place))) y=(HEIGHT - 6.0) text-anchor="middle" { (day) }
            }
        }
    }
}

/// What happened beside what was foretold.
pub(crate) fn calibration(curve: &[CurvePoint]) -> Markup {
    let size = 300.0;
    let x = |share: f64| 40.0 + (size - 60.0) * share;
    let y = |share: f64| 10.0 + (size - 50.0) * (1.0 - share);
    let most = curve.iter().map(|point| point.n).max().unwrap_or(1) as f64;
    html! {
        svg.square viewBox={ "0 0 " (size) " " (size) } role="img" aria-label="calibration curve" {
            @for tick in [0.0, 0.25, 0.5, 0.75, 1.0] {
                line x1=(at(x(0.0))) x2=(at(x(1.0))) y1=(at(y(tick))) y2=(at(y(tick))) stroke="var(--line)" {}
                text x="34" y=(at(y(tick) + 4.0)) text-anchor="end" { (tick) }
                text x=(at(x(tick))) y=(size - 22.0) text-anchor="middle" { (tick) }
            }
            text x=(at(x(0.5))) y=(size - 4.0) text-anchor="middle" { "predicted" }
            line x1=(at(x(0.0))) y1=(at(y(0.0))) x2=(at(x(1.0))) y2=(at(y(1.0))) stroke="var(--muted)" stroke-dasharray="4 3" {}
            @for point in curve {
                @let height = 40.0 * point.n as f64 / most;
                rect x=(at(x(point.predicted) - 5.0)) width="10" y=(at(y(0.0) - height)) height=(at(height)) fill="var(--line)" {}
            }
            @for point in curve {
                line x1=(at(x(point.predicted))) x2=(at(x(point.predicted))) y1=(at(y(point.observed.low))) y2=(at(y(point.observed.high))) stroke="var(--new)" stroke-width="2" {}
                circle cx=(at(x(point.predicted))) cy=(at(y(point.observed.value))) r="4" fill="var(--new)" {
                    title { (point.n) " rows: predicted " (format!("{:.3}", point.predicted)) ", observed " (format!("{:.3}", point.observed.value)) }
                }
            }
        }
    }
}

fn at(coordinate: f64) -> String {
    format!("{coordinate:.1}")
}
