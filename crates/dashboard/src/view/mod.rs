//! The sections of the page.

mod business_impact;
mod concept_shift;
mod data_shift;
mod feature;
mod lights;
mod models;
mod operations;
mod overview;
mod performance;
mod section;
mod time_axis;

pub(crate) use overview::staleness;
pub(crate) use section::Section;

use crate::args::PageArgs;
use crate::findings::Findings;

/// All sections, in the order of the page.
pub(crate) fn sections(findings: &Findings, args: &PageArgs) -> Vec<Section> {
    vec![
        overview::section(findings, args),
        business_impact::section(findings, args),
        performance::section(findings),
        data_shift::section(findings),
        concept_shift::section(findings),
        models::section(findings),
        operations::section(findings),
    ]
}
