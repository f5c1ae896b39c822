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
mod time_axis;

pub(crate) use overview::staleness;

use maud::{Markup, html};

use crate::args::PageArgs;
use crate::figure::Figure;
use crate::findings::Findings;
use crate::words::badge;

/// A part of the page with a title of its own.
pub(crate) struct Section {
    /// Its name in addresses.
    pub(crate) id: &'static str,
    /// Its title.
    pub(crate) title: &'static str,
    /// The verdict, in a word, if it has one.
    pub(crate) verdict: Option<String>,
    /// What it says, in a sentence or two.
    pub(crate) lead: Markup,
    /// What follows.
    pub(crate) parts: Vec<Part>,
}

/// What sections are made of.
pub(crate) enum Part {
    /// A picture or a table, with files.
    Figure(Figure),
    /// Anything else.
    Block(Markup),
}

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

impl Section {
    /// The section on the page; with `address`, what follows the `?` of its files.
    pub(crate) fn show(&self, address: Option<&str>) -> Markup {
        let heading = format!("{}-title", self.id);
        html! {
            section id=(self.id) aria-labelledby=(heading) {
                h2 id=(heading) { (self.title) @if let Some(verdict) = &self.verdict { " " (badge(verdict)) } }
                div.lead { (self.lead) }
                div.parts {
                    @for part in &self.parts {
                        @match part {
                            Part::Figure(figure) => (figure.show(address)),
                            Part::Block(block) => (block),
                        }
                    }
                }
            }
        }
    }

    /// Its pictures and tables.
    pub(crate) fn figures(self) -> impl Iterator<Item = Figure> {
        self.parts.into_iter().filter_map(|part| match part {
            Part::Figure(figure) => Some(figure),
            Part::Block(_) => None,
        })
    }
}

/// The part for what could not be read.
fn missing(why: &str) -> Vec<Part> {
    vec![Part::Block(crate::words::missing(why))]
}
