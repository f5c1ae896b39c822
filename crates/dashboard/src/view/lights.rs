//! The verdicts along the chain that leads from data to business.

use jiff::Timestamp;
use maud::{Markup, html};
use mlops_core::verdict::Verdict;
use mlops_detect::store::ConceptMetric;
use mlops_sql::reader::{ConceptRow, ImpactPeriod, PerformancePeriod};

use crate::findings::Findings;
use crate::words::{Badge, moment, plural, sentence};

/// One verdict of the chain.
pub(super) struct Light {
    /// The section with the details.
    pub(super) section: &'static str,
    /// Its title.
    pub(super) title: &'static str,
    /// The verdict; none without a run.
    pub(super) verdict: Option<Verdict>,
    /// Why, in words.
    pub(super) says: String,
    /// The time of the run.
    pub(super) at: Option<Timestamp>,
}

impl Light {
    pub(super) fn badge(&self) -> Badge {
        self.verdict.as_ref().map_or(Badge::NO_RUN, Badge::from)
    }
}

/// Returns the four verdicts, from the data to the business.
pub(super) fn chain(findings: &Findings) -> [Light; 4] {
    [data_shift(findings), concept_shift(findings), performance(findings), impact(findings)]
}

fn light(
    section: &'static str,
    title: &'static str,
    verdict: Option<Verdict>,
    says: impl Into<String>,
    at: Option<Timestamp>,
) -> Light {
    Light { section, title, verdict, says: says.into(), at }
}

pub(super) fn data_shift(findings: &Findings) -> Light {
    let of = |verdict, says: String, at| light("data-shift", "Data shift", verdict, says, at);
    let story = match &findings.shift {
        Ok(story) => story,
        Err(_) => return of(None, "the table could not be read".to_owned(), None),
    };
    let Some(run) = story.runs.last() else {
        return of(None, "drift did not run in this window".to_owned(), None);
    };
    let verdicts = || story.last.iter().map(|found| (found.feature.as_str(), &found.verdict));
    let shifted = verdicts().filter(|(_, verdict)| **verdict == Verdict::Shifted).count();
    let unclear = verdicts().filter(|(_, verdict)| verdict.is_inconclusive()).count();
    let mut says = match shifted {
        0 => format!("none of {} shifted", plural(story.last.len() as u64, "feature")),
        _ => format!("{shifted} of {} shifted", plural(story.last.len() as u64, "feature")),
    };
    if unclear > 0 {
        says.push_str(&format!(", {unclear} inconclusive"));
    }
    of(Some(Verdict::over(verdicts())), says, Some(run.run_timestamp))
}

pub(super) fn concept_shift(findings: &Findings) -> Light {
    let of = |verdict, says: String, at| light("concept-shift", "Concept shift", verdict, says, at);
    let story = match &findings.concept {
        Ok(story) => story,
        Err(_) => return of(None, "the table could not be read".to_owned(), None),
    };
    let Some(run) = story.runs.last() else {
        return of(None, "concept-shift did not run in this window".to_owned(), None);
    };
    let changed = story
        .details
        .iter()
        .filter(|it| it.metric != ConceptMetric::Importance && it.verdict == Verdict::Shifted)
        .count();
    let verdict = if changed > 0 { Verdict::Shifted } else { run.verdict.clone() };
    of(Some(verdict), concept_words(run, changed), Some(run.run_timestamp))
}

fn concept_words(run: &ConceptRow, changed: usize) -> String {
    match (&run.verdict, changed) {
        (Verdict::Inconclusive(why), _) => why.clone(),
        (Verdict::Shifted, _) => {
            format!(
                "production data differ from training data: AUC {:.3}, 0.5 means no difference",
                run.score
            )
        }
        (_, 0) => format!(
            "production data are like training data: AUC {:.3}, 0.5 means no difference",
            run.score
        ),
        (_, _) => {
            format!(
                "the relation to the target has changed for {}",
                plural(changed as u64, "feature")
            )
        }
    }
}

/// Returns the period of the newest run's verdict.
pub(super) fn decisive(periods: &[PerformancePeriod]) -> Option<&PerformancePeriod> {
    let newest_run = periods.iter().map(|period| period.run_timestamp).max()?;
    periods.iter().find(|period| period.is_decisive && period.run_timestamp == newest_run)
}

pub(super) fn performance(findings: &Findings) -> Light {
    let of = |verdict, says: String, at| light("performance", "Performance", verdict, says, at);
    let story = match &findings.performance {
        Ok(story) => story,
        Err(_) => return of(None, "the table could not be read".to_owned(), None),
    };
    let Some(newest) = story.periods.iter().map(|period| period.run_timestamp).max() else {
        return of(None, "performance did not run in this window".to_owned(), None);
    };
    match decisive(&story.periods) {
        Some(period) => {
            let auc = period.roc_auc.map(|auc| format!("AUC {:.3}", auc.value)).unwrap_or_default();
            let says = if period.why.is_empty() { auc } else { period.why.clone() };
            of(Some(period.verdict.clone()), says, Some(newest))
        }
        None => {
            let why = "no period has enough outcomes yet".to_owned();
            of(Some(Verdict::Inconclusive(why.clone())), why, Some(newest))
        }
    }
}

pub(super) fn impact(findings: &Findings) -> Light {
    let of = |verdict, says: String, at| light("impact", "Business impact", verdict, says, at);
    match findings.impact.as_ref().map(|periods| newest_impact(periods)) {
        Err(_) => of(None, "the table could not be read".to_owned(), None),
        Ok(None) => of(None, "no comparison with a control group in this window".to_owned(), None),
        Ok(Some(period)) => {
            of(Some(period.verdict.clone()), period.why.clone(), Some(period.run_timestamp))
        }
    }
}

/// Returns a period of the newest run.
pub(super) fn newest_impact(periods: &[ImpactPeriod]) -> Option<&ImpactPeriod> {
    periods.iter().max_by_key(|period| (period.run_timestamp, period.from))
}

/// Shows the four verdicts.
pub(super) fn show(lights: &[Light; 4]) -> Markup {
    html! {
        ol.chain aria-label="Verdicts from data to business" {
            @for light in lights {
                li {
                    h3 { a href={ "#" (light.section) } { (light.title) } }
                    p.verdict { (light.badge().show()) }
                    p { (sentence(&light.says)) }
                    @if let Some(at) = light.at {
                        p.muted { "Last run " (moment(at)) }
                    }
                }
            }
        }
    }
}
