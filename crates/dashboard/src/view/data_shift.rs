use std::cmp::Ordering;
use std::collections::HashMap;

use maud::{Markup, html};
use mlops_detect::shift::Picture;
use mlops_sql::reader::{ShiftFinding, ShiftRow};

use super::feature::{self, History};
use super::lights;
use super::section::{Part, Section, missing};
use crate::figure::{Figure, Grid, Shown, Value};
use crate::findings::{Findings, ShiftStory};
use crate::words::{moment, plural, sentence};

/// The number of features that are shown with pictures; the files have all.
const SHOWN: usize = 40;

pub(super) fn section(findings: &Findings) -> Section {
    let light = lights::data_shift(findings);
    let (lead, parts) = match &findings.shift {
        Err(why) => (html! {}, missing(why)),
        Ok(story) if story.runs.is_empty() => (nothing(findings), Vec::new()),
        Ok(story) => (lead(findings, story, &light.says), parts(findings, story)),
    };
    Section { id: "data-shift", title: "Data shift", verdict: Some(light.badge()), lead, parts }
}

fn nothing(findings: &Findings) -> Markup {
    html! { p {
        "No run of " code { "drift" } " in this window"
        @if !findings.filter.segment.is_empty() { " checked the segment " b { (findings.filter.segment) } }
        @if let Some(model) = &findings.filter.model { " compared production with the training data of " b { (model) } }
        "."
    } }
}

fn lead(findings: &Findings, story: &ShiftStory, says: &str) -> Markup {
    let is_bug = |found: &&ShiftFinding| found.state.is_data_bug();
    let bugs: Vec<&str> =
        story.last.iter().filter(is_bug).map(|found| found.feature.as_str()).collect();
    html! {
        p {
            (sentence(says))
            @if let Some(run) = story.runs.last() { " Last run: " (moment(run.run_timestamp)) "." }
            @if !findings.filter.segment.is_empty() { " Segment: " b { (findings.filter.segment) } "." }
        }
        @if !bugs.is_empty() {
            p { b { "Data error, not a shift: " (bugs.join(", ")) "." } " Correct the data before a model is trained on it." }
        }
    }
}

fn parts(findings: &Findings, story: &ShiftStory) -> Vec<Part> {
    let mut last: Vec<&ShiftFinding> = story.last.iter().collect();
    last.sort_by(|a, b| by_urgency(a, b));
    let histories = histories(story);
    let history =
        |found: &ShiftFinding| histories.get(found.feature.as_str()).cloned().unwrap_or_default();
    let rows =
        last.iter().take(SHOWN).map(|found| feature::show(found, &history(found), findings, story));
    let hidden = last.len().saturating_sub(SHOWN);
    let list = html! {
        div.features.wide {
            h3 { "Features, largest shift first" }
            p {
                "Each strip shows the window from left to right. Red: shifted, stronger with a larger effect. Amber: inconclusive. Gray: stable. Empty: no run. Open a feature to see its distribution."
            }
            div.feature-head aria-hidden="true" { span { "feature" } span { "verdict" } span { "effect" } span { "over time" } span { "missing" } span { "adjusted p" } }
            @for row in rows { (row) }
            @if hidden > 0 { p.muted { (plural(hidden as u64, "more feature")) " in the table below." } }
        }
    };
    vec![
        Part::Block(list),
        Part::Figure(table(&last)),
        Part::Figure(trend(story)),
        Part::Figure(distributions(&last)),
    ]
}

/// Orders findings by urgency, then by effect, the largest first.
fn by_urgency(a: &ShiftFinding, b: &ShiftFinding) -> Ordering {
    let rank = |found: &ShiftFinding| found.verdict.urgency();
    let effect = |found: &ShiftFinding| found.effect.unwrap_or(0.0);
    rank(a).cmp(&rank(b)).then(effect(b).total_cmp(&effect(a))).then(a.feature.cmp(&b.feature))
}

/// Returns the findings by feature, each in the order of the runs.
fn histories(story: &ShiftStory) -> HashMap<&str, History<'_>> {
    let index: HashMap<&str, usize> =
        story.runs.iter().enumerate().map(|(index, run)| (run.run_uid.as_str(), index)).collect();
    let mut histories: HashMap<&str, History<'_>> = HashMap::new();
    for row in &story.rows {
        if let Some(index) = index.get(row.run_uid.as_str()) {
            let history = histories
                .entry(row.feature.as_str())
                .or_insert_with(|| vec![None; story.runs.len()]);
            history[*index] = Some(row);
        }
    }
    histories
}

fn table(last: &[&ShiftFinding]) -> Figure {
    let row = |found: &&ShiftFinding| {
        vec![
            Value::Text(found.feature.clone()),
            Value::badge(&found.verdict),
            Value::Text(found.state.name().replace('_', " ")),
            Value::Text(found.test.name().replace('_', " ")),
            Value::number(found.statistic),
            Value::number(found.p_value_adjusted),
            Value::number(found.effect),
            Value::Text(found.effect_name.replace('_', " ")),
            Value::Share(found.missing_reference),
            Value::Share(found.missing_production),
            Value::Count(found.n_reference),
            Value::Count(found.n_production),
            Value::Text(found.why.clone()),
        ]
    };
    let columns = vec![
        "feature",
        "verdict",
        "state",
        "test",
        "statistic",
        "p_value_adjusted",
        "effect",
        "effect_name",
        "missing_reference",
        "missing_production",
        "n_reference",
        "n_production",
        "why",
    ];
    behind(
        "features",
        "All features of the last run",
        Grid { columns, rows: last.iter().map(row).collect() },
    )
}

fn trend(story: &ShiftStory) -> Figure {
    let time: HashMap<&str, _> =
        story.runs.iter().map(|run| (run.run_uid.as_str(), run.run_timestamp)).collect();
    let mut rows: Vec<&ShiftRow> =
        story.rows.iter().filter(|row| time.contains_key(row.run_uid.as_str())).collect();
    rows.sort_by_key(|row| (time[row.run_uid.as_str()], row.feature.clone()));
    let row = |row: &&ShiftRow| {
        vec![
            Value::Time(time[row.run_uid.as_str()]),
            Value::Text(row.feature.clone()),
            Value::number(row.effect),
            Value::Share(row.missing),
            Value::badge(&row.verdict),
        ]
    };
    let grid = Grid {
        columns: vec!["run", "feature", "effect", "missing", "verdict"],
        rows: rows.iter().map(row).collect(),
    };
    behind("features-over-time", "Features over time", grid)
}

fn distributions(last: &[&ShiftFinding]) -> Figure {
    let mut rows = Vec::new();
    for found in last {
        let mut add = |value: String, reference: f64, production: f64| {
            rows.push(vec![
                Value::Text(found.feature.clone()),
                Value::Text(value),
                Value::Share(reference),
                Value::Share(production),
            ]);
        };
        match found.picture.as_deref().and_then(Picture::from_json) {
            Some(Picture::Bins { from, to, reference, production }) => {
                let width = (to - from) / reference.len().max(1) as f64;
                for (bin, (was, is)) in reference.iter().zip(&production).enumerate() {
                    add(format!("from {}", from + width * bin as f64), *was, *is);
                }
            }
            Some(Picture::Levels { names, reference, production }) => {
                for ((name, was), is) in names.iter().zip(&reference).zip(&production) {
                    add(name.clone().unwrap_or_else(|| "other levels".to_owned()), *was, *is);
                }
            }
            None => {}
        }
    }
    behind(
        "distributions",
        "Distributions",
        Grid { columns: vec!["feature", "value", "reference", "production"], rows },
    )
}

/// Returns a table that belongs to the list of features.
fn behind(name: &'static str, title: &'static str, grid: Grid) -> Figure {
    Figure { name, title, sentence: html! {}, shown: Shown::Folded, is_wide: true, grid }
}
