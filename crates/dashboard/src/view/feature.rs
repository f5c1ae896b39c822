//! One feature: a row of the list, which opens.

use maud::{Markup, html};
use mlops_core::verdict::Verdict;
use mlops_detect::shift::Picture;
use mlops_job::{number, percent};
use mlops_page::chart::{Cell, Form, Ink, Line, OverTime, Point, bins, levels, over_time, strip};
use mlops_sql::reader::{ShiftFinding, ShiftRow};
use sha2::{Digest, Sha256};

use super::time_axis::{at, axis};
use crate::findings::{Findings, ShiftStory};
use crate::words::{Badge, day, figure, p_value};

/// The findings of a feature, in the order of the runs; none for a run that did not check it.
pub(super) type History<'a> = Vec<Option<&'a ShiftRow>>;

/// An effect of so much has the strongest colour.
const STRONG_EFFECT: f64 = 0.3;

/// The longest time that a finding is drawn without a newer run.
const MAX_DAYS: usize = 8;

/// A share of missing values above this is drawn.
const MISSING: f64 = 0.005;

pub(super) fn show(
    found: &ShiftFinding,
    history: &History<'_>,
    findings: &Findings,
    story: &ShiftStory,
) -> Markup {
    let shifted = history.iter().flatten().filter(|row| row.verdict == Verdict::Shifted).count();
    let label = format!("{}: shifted in {shifted} of {} runs", found.feature, history.len());
    html! {
        details.feature id=(id(&found.feature)) {
            summary {
                span.name { (found.feature) }
                span { (Badge::from(&found.verdict).show()) }
                span.figure { (found.effect.map(figure).unwrap_or_else(|| "—".to_owned())) }
                span.strip { (strip(&cells(history, story, findings), &label)) }
                span.figure { (missing(found)) }
                span.figure { (found.p_value_adjusted.map(p_value).unwrap_or_else(|| "—".to_owned())) }
            }
            div.opened {
                @if !found.why.is_empty() { p.why { (found.why) } }
                div.plots {
                    (distribution(found))
                    (trend(found, history, findings, story))
                }
                (facts(found))
            }
        }
    }
}

/// The same for a feature wherever it stands in the list, and whatever letters its name has.
fn id(feature: &str) -> String {
    let digest = Sha256::digest(feature.as_bytes());
    format!("feature-{}", hex::encode(&digest[..4]))
}

fn missing(found: &ShiftFinding) -> String {
    let (was, is) = (percent(found.missing_reference), percent(found.missing_production));
    if was == is { is } else { format!("{was} → {is}") }
}

/// The runs' verdicts by their time; a span without a run is empty.
fn cells(history: &History<'_>, story: &ShiftStory, findings: &Findings) -> Vec<Cell> {
    let (from, until) = (findings.from.as_second(), findings.until.as_second());
    let step = story
        .runs
        .windows(2)
        .map(|pair| pair[1].run_timestamp.as_second() - pair[0].run_timestamp.as_second())
        .min()
        .unwrap_or(86_400)
        .max((until - from) / 92)
        .max(1);
    let count = usize::try_from((until - from + step - 1) / step).unwrap_or(1).clamp(1, 200);
    let mut cells = vec![Cell { shade: None }; count];
    for (run, row) in story.runs.iter().zip(history) {
        let index = usize::try_from((run.run_timestamp.as_second() - from) / step)
            .unwrap_or(0)
            .min(count - 1);
        let shade = row.map(|row| match row.verdict {
            Verdict::Shifted => {
                let share = (row.effect.unwrap_or(STRONG_EFFECT) / STRONG_EFFECT).clamp(0.0, 1.0);
                // Few steps, so that neighbours can be drawn as one.
                (Ink::Bad, 40 + 15 * (share * 4.0).round() as u8)
            }
            Verdict::Stable => (Ink::Old, 30),
            Verdict::Inconclusive(_) => (Ink::Warn, 45),
        });
        // A finding stands until the next run, if that is not too long after.
        let end = (index + MAX_DAYS * 86_400 / usize::try_from(step).unwrap_or(1))
            .clamp(index + 1, count);
        cells[index..end].fill(Cell { shade });
    }
    cells
}

fn distribution(found: &ShiftFinding) -> Markup {
    let label =
        format!("{}: distribution in production (columns) and in training (line)", found.feature);
    let drawing = match found.picture.as_deref().and_then(Picture::from_json) {
        Some(Picture::Bins { from, to, reference, production })
            if from < to && reference.len() == production.len() =>
        {
            bins([from, to], &reference, &production, &label, &figure)
        }
        Some(Picture::Levels { names, reference, production })
            if names.len() == production.len() && names.len() == reference.len() =>
        {
            let names: Vec<&str> =
                names.iter().map(|name| name.as_deref().unwrap_or("other levels")).collect();
            levels(&names, &reference, &production, &label)
        }
        _ => {
            html! { p.muted { "No distribution is stored for this feature: the run is from an older version, or the feature has no values." } }
        }
    };
    html! {
        div.plot {
            p.legend {
                span { svg.key viewBox="0 0 10 10" aria-hidden="true" { rect width="10" height="10" fill="var(--new)" fill-opacity=".45" {} } "production" }
                span { svg.key viewBox="0 0 12 10" aria-hidden="true" { path d="M0 5h12" stroke="var(--text)" stroke-width="2" {} } "training" }
            }
            (drawing)
        }
    }
}

fn trend(
    found: &ShiftFinding,
    history: &History<'_>,
    findings: &Findings,
    story: &ShiftStory,
) -> Markup {
    let points = |of: fn(&ShiftRow) -> Option<f64>| {
        let pairs = story.runs.iter().zip(history);
        let point = |(run, row): (&mlops_sql::reader::DatedRun, &Option<&ShiftRow>)| Point {
            at: at(run.run_timestamp),
            name: day(run.run_timestamp),
            value: row.and_then(of),
            interval: None,
            is_sure: row.is_some_and(|row| !row.verdict.is_inconclusive()),
        };
        pairs.map(point).collect::<Vec<Point>>()
    };
    let plot = |name: &str, ink, of, text: &dyn Fn(f64) -> String| {
        let lines = [Line { name: name.to_owned(), ink, form: Form::Band, points: points(of) }];
        over_time(&OverTime {
            label: &format!("{}: {name} over time", found.feature),
            size: [360, 130],
            time: axis(findings),
            lines: &lines,
            level: None,
            marks: &[],
            limits: [0.0, f64::INFINITY],
            text,
        })
    };
    let is_missing = history.iter().flatten().any(|row| row.missing > MISSING);
    html! {
        div.plot { (plot("effect", Ink::New, |row| row.effect, &figure)) }
        @if is_missing { div.plot { (plot("missing values", Ink::Other, |row| Some(row.missing), &percent)) } }
    }
}

fn facts(found: &ShiftFinding) -> Markup {
    let shown = |value: Option<f64>| value.map_or_else(|| "—".to_owned(), figure);
    let facts = [
        ("state", found.state.name().replace('_', " ")),
        ("kind", found.kind.name().to_owned()),
        ("test", found.test.title().to_owned()),
        ("statistic", shown(found.statistic)),
        ("adjusted p", found.p_value_adjusted.map_or_else(|| "—".to_owned(), p_value)),
        ("effect", format!("{} ({})", shown(found.effect), found.effect_name.replace('_', " "))),
        ("missing", missing(found)),
        ("training rows", number(found.n_reference)),
        ("production rows", number(found.n_production)),
    ];
    html! { dl.facts { @for (name, value) in facts { div { dt { (name) } dd { (value) } } } } }
}
