use maud::{Markup, html};
use mlops_core::verdict::Verdict;
use mlops_detect::store::ConceptMetric;
use mlops_page::chart::{Form, Ink, Line, OverTime, Point, over_time};
use mlops_sql::reader::{ConceptDetail, ConceptRow};

use super::lights;
use super::section::{Part, Section, missing};
use super::time_axis::{WIDE, at, axis, releases};
use crate::figure::{Figure, Grid, Shown, Value};
use crate::findings::{ConceptStory, Findings};
use crate::words::{day, figure, sentence};

pub(super) fn section(findings: &Findings) -> Section {
    let light = lights::concept_shift(findings);
    let (lead, parts) = match &findings.concept {
        Err(why) => (html! {}, missing(why)),
        Ok(story) => match story.runs.last() {
            None => (
                html! { p { "No run of " code { "concept-shift" } " in this window." } },
                Vec::new(),
            ),
            Some(last) => (lead(last, story, &light.says), parts(findings, story)),
        },
    };
    Section {
        id: "concept-shift",
        title: "Concept shift",
        verdict: Some(light.badge()),
        lead,
        parts,
    }
}

fn lead(last: &ConceptRow, story: &ConceptStory, says: &str) -> Markup {
    let changed: Vec<&str> = story
        .details
        .iter()
        .filter(|it| it.metric == ConceptMetric::Interaction && it.verdict == Verdict::Shifted)
        .map(|it| it.feature.as_str())
        .collect();
    html! {
        p {
            (sentence(says)) " Last run: " (day(last.run_timestamp)) "."
            @if last.verdict == Verdict::Shifted { " The features below show the difference." }
        }
        @if !changed.is_empty() {
            p { b { "The relation to the target has changed for " (changed.join(", ")) "." } " The model's knowledge of " @if changed.len() == 1 { "this feature" } @else { "these features" } " is out of date: retrain the model." }
        }
    }
}

fn parts(findings: &Findings, story: &ConceptStory) -> Vec<Part> {
    let points = story.runs.iter().map(|run| Point {
        at: at(run.run_timestamp),
        name: day(run.run_timestamp),
        value: Some(run.score).filter(|score| score.is_finite()),
        interval: run.low.zip(run.high).map(|(low, high)| [low, high]),
        is_sure: !run.verdict.is_inconclusive(),
    });
    let lines = [Line {
        name: "AUC".to_owned(),
        ink: Ink::New,
        form: Form::Band,
        points: points.collect(),
    }];
    let threshold =
        story.runs.last().map(|run| run.threshold).filter(|threshold| threshold.is_finite());
    let drawing = over_time(&OverTime {
        label: "AUC of the classifier that separates production from training data, over time",
        size: WIDE,
        time: axis(findings),
        lines: &lines,
        level: threshold.map(|threshold| ("threshold", threshold)),
        marks: &releases(findings),
        limits: [0.0, 1.0],
        text: &figure,
    });
    let row = |run: &ConceptRow| {
        vec![
            Value::Time(run.run_timestamp),
            Value::Number(run.score),
            Value::number(run.low),
            Value::number(run.high),
            Value::Number(run.threshold),
            Value::Count(run.n_production),
            Value::badge(&run.verdict),
        ]
    };
    let over_time = Figure {
        name: "domain-classifier",
        title: "Difference between production and training data",
        sentence: html! { "AUC of a classifier that separates production rows from training rows, with its confidence interval. At 0.5 the data are alike. The verdict is shifted when the whole interval is above the threshold. Hollow points: too few rows." },
        shown: Shown::Picture(drawing),
        is_wide: true,
        grid: Grid {
            columns: vec!["run", "auc", "low", "high", "threshold", "rows", "verdict"],
            rows: story.runs.iter().map(row).collect(),
        },
    };
    let mut parts = vec![Part::Figure(over_time)];
    let of = |metric: ConceptMetric| -> Vec<&ConceptDetail> {
        let mut found: Vec<&ConceptDetail> =
            story.details.iter().filter(|it| it.metric == metric).collect();
        found.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.feature.cmp(&b.feature)));
        found
    };
    let important = of(ConceptMetric::Importance);
    if !important.is_empty() {
        parts.push(Part::Figure(importances(&important)));
    }
    let relations: Vec<&ConceptDetail> = of(ConceptMetric::Recalibration)
        .into_iter()
        .chain(of(ConceptMetric::Interaction))
        .collect();
    if !relations.is_empty() {
        parts.push(Part::Figure(relation(&relations)));
    }
    parts
}

/// The number of features that are drawn.
const SHOWN: usize = 10;

fn importances(found: &[&ConceptDetail]) -> Figure {
    let most = found.first().map_or(1.0, |it| it.score).max(f64::MIN_POSITIVE);
    let drawing = html! {
        table.meters {
            tbody {
                @for it in found.iter().take(SHOWN) {
                    tr {
                        th scope="row" { (it.feature) }
                        td.meter {
                            svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" {
                                rect width=(format!("{:.1}", 100.0 * it.score / most)) height="8" rx="1" fill="var(--new)" {}
                            }
                        }
                        td { (mlops_job::percent(it.score)) }
                    }
                }
            }
        }
    };
    let row = |it: &&ConceptDetail| {
        vec![Value::Text(it.feature.clone()), Value::Share(it.score), Value::Text(it.why.clone())]
    };
    Figure {
        name: "telling-features",
        title: "Features that differ",
        sentence: html! { "Importance of each feature for the classifier. A feature with nearly all of the importance is often technical, such as a time or an ID: exclude it from the comparison." },
        shown: Shown::Picture(drawing),
        is_wide: false,
        grid: Grid {
            columns: vec!["feature", "importance", "alone"],
            rows: found.iter().map(row).collect(),
        },
    }
}

fn relation(found: &[&ConceptDetail]) -> Figure {
    let row = |it: &&ConceptDetail| {
        let name = if it.feature.is_empty() { "all scores".to_owned() } else { it.feature.clone() };
        vec![
            Value::Text(name),
            Value::badge(&it.verdict),
            Value::Number(it.score),
            Value::number(it.p_value_adjusted),
            Value::Text(it.why.clone()),
        ]
    };
    Figure {
        name: "relations",
        title: "Relation of features to the target",
        sentence: html! { "Compares the outcome for the same value of a feature with training. Calibration cannot correct a change here: retrain the model." },
        shown: Shown::Table,
        is_wide: false,
        grid: Grid {
            columns: vec!["feature", "verdict", "effect", "p_value_adjusted", "why"],
            rows: found.iter().map(row).collect(),
        },
    }
}
