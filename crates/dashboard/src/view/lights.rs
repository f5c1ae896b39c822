//! The verdicts along the chain that leads from data to business.

use jiff::Timestamp;
use maud::{Markup, html};
use mlops_core::verdict::Verdict;
use mlops_sql::reader::{ConceptRow, ImpactPeriod, PerformancePeriod};

use crate::findings::Findings;
use crate::words::{badge, how_long, plural};

/// One verdict of the chain.
pub(super) struct Light {
    /// The section that says more.
    pub(super) section: &'static str,
    /// Its title.
    pub(super) title: &'static str,
    /// `stable`, `shifted`, `inconclusive` or `no run`.
    pub(super) verdict: String,
    /// Why, in words.
    pub(super) says: String,
    /// When it was found.
    pub(super) at: Option<Timestamp>,
}

/// What is said of a verdict that nobody has given.
const NO_RUN: &str = "no run";

/// The four lights, in the order in which trouble travels.
pub(super) fn chain(findings: &Findings) -> [Light; 4] {
    [data_shift(findings), concept_shift(findings), performance(findings), impact(findings)]
}

fn light(
    section: &'static str,
    title: &'static str,
    verdict: &str,
    says: impl Into<String>,
    at: Option<Timestamp>,
) -> Light {
    Light { section, title, verdict: verdict.to_owned(), says: says.into(), at }
}

pub(super) fn data_shift(findings: &Findings) -> Light {
    let of = |verdict: &str, says: String, at| light("data-shift", "Data shift", verdict, says, at);
    let story = match &findings.shift {
        Ok(story) => story,
        Err(_) => return of(NO_RUN, "the table is missing".to_owned(), None),
    };
    let Some(run) = story.runs.last() else {
        return of(NO_RUN, "drift did not run in this time".to_owned(), None);
    };
    let verdicts: Vec<(&str, Verdict)> = story
        .last
        .iter()
        .map(|found| (found.feature.as_str(), verdict_of(&found.verdict, &found.why)))
        .collect();
    let all = Verdict::over(verdicts.iter().map(|(feature, verdict)| (*feature, verdict)));
    let shifted = verdicts.iter().filter(|(_, verdict)| *verdict == Verdict::Shifted).count();
    let unclear =
        verdicts.iter().filter(|(_, verdict)| matches!(verdict, Verdict::Inconclusive(_))).count();
    let mut says = match shifted {
        0 => format!("none of {} moved", plural(verdicts.len() as u64, "feature")),
        _ => format!("{shifted} of {} moved", plural(verdicts.len() as u64, "feature")),
    };
    if unclear > 0 {
        says.push_str(&format!(", {unclear} cannot be judged"));
    }
    of(all.name(), says, Some(run.run_timestamp))
}

pub(super) fn concept_shift(findings: &Findings) -> Light {
    let of = |verdict: &str, says: String, at| {
        light("concept-shift", "Concept shift", verdict, says, at)
    };
    let story = match &findings.concept {
        Ok(story) => story,
        Err(_) => return of(NO_RUN, "the table is missing".to_owned(), None),
    };
    let Some(run) = story.runs.last() else {
        return of(NO_RUN, "concept-shift did not run in this time".to_owned(), None);
    };
    let changed = story
        .details
        .iter()
        .filter(|it| it.metric != "importance" && it.verdict == "shifted")
        .count();
    let verdict = if changed > 0 { "shifted" } else { run.verdict.as_str() };
    of(verdict, concept_words(run, changed), Some(run.run_timestamp))
}

fn concept_words(run: &ConceptRow, changed: usize) -> String {
    match (run.verdict.as_str(), changed) {
        ("inconclusive", _) => run.why.clone(),
        ("shifted", _) => {
            format!("production is told from training with an AUC of {:.3}", run.score)
        }
        (_, 0) => format!("production looks like training: AUC {:.3}", run.score),
        (_, _) => {
            format!("the target follows from {} in another way", plural(changed as u64, "feature"))
        }
    }
}

/// The period that the newest run's verdict is of.
pub(super) fn decisive(periods: &[PerformancePeriod]) -> Option<&PerformancePeriod> {
    let newest_run = periods.iter().map(|period| period.run_timestamp).max()?;
    periods.iter().find(|period| period.is_decisive && period.run_timestamp == newest_run)
}

pub(super) fn performance(findings: &Findings) -> Light {
    let of =
        |verdict: &str, says: String, at| light("performance", "Performance", verdict, says, at);
    let story = match &findings.performance {
        Ok(story) => story,
        Err(_) => return of(NO_RUN, "the table is missing".to_owned(), None),
    };
    let Some(newest) = story.periods.iter().map(|period| period.run_timestamp).max() else {
        return of(NO_RUN, "performance did not run in this time".to_owned(), None);
    };
    match decisive(&story.periods) {
        Some(period) => {
            let auc = period.roc_auc.map(|auc| format!("AUC {:.3}", auc.value)).unwrap_or_default();
            let says = if period.why.is_empty() { auc } else { period.why.clone() };
            of(&period.verdict, says, Some(newest))
        }
        None => of("inconclusive", "no period has enough outcomes yet".to_owned(), Some(newest)),
    }
}

pub(super) fn impact(findings: &Findings) -> Light {
    let of =
        |verdict: &str, says: String, at| light("impact", "Business impact", verdict, says, at);
    match findings.impact.as_ref().map(|periods| newest_impact(periods)) {
        Err(_) => of(NO_RUN, "the table is missing".to_owned(), None),
        Ok(None) => of(NO_RUN, "no arms were compared in this time".to_owned(), None),
        Ok(Some(period)) => of(&period.verdict, period.why.clone(), Some(period.run_timestamp)),
    }
}

/// A period of the newest run.
pub(super) fn newest_impact(periods: &[ImpactPeriod]) -> Option<&ImpactPeriod> {
    periods.iter().max_by_key(|period| (period.run_timestamp, period.from))
}

fn verdict_of(name: &str, why: &str) -> Verdict {
    match name {
        "shifted" => Verdict::Shifted,
        "stable" => Verdict::Stable,
        _ => Verdict::Inconclusive(why.to_owned()),
    }
}

/// The chain on the page.
pub(super) fn show(lights: &[Light; 4], until: Timestamp) -> Markup {
    html! {
        ol.chain aria-label="The chain from data to business" {
            @for light in lights {
                li {
                    h3 { a href={ "#" (light.section) } { (light.title) } }
                    p.verdict { (badge(&light.verdict)) }
                    p { (light.says) }
                    @if let Some(at) = light.at {
                        p.muted { "found " (how_long(until.duration_since(at))) " before" }
                    }
                }
            }
        }
    }
}
