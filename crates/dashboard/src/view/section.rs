//! The parts of a section of the page.

use maud::{Markup, html};

use crate::figure::Figure;
use crate::words::{self, Badge};

/// A part of the page with a title of its own.
pub(crate) struct Section {
    /// Its name in addresses.
    pub(crate) id: &'static str,
    /// Its title.
    pub(crate) title: &'static str,
    /// The verdict, in a word, if it has one.
    pub(crate) verdict: Option<Badge>,
    /// The finding, in a sentence or two.
    pub(crate) lead: Markup,
    /// The figures and blocks.
    pub(crate) parts: Vec<Part>,
}

/// A part of a section.
pub(crate) enum Part {
    /// A picture or a table, with files.
    Figure(Figure),
    /// Anything else.
    Block(Markup),
}

impl Section {
    /// The section on the page; with `address`, what follows the `?` of its files.
    pub(crate) fn show(&self, address: Option<&str>) -> Markup {
        let heading = format!("{}-title", self.id);
        html! {
            section id=(self.id) aria-labelledby=(heading) {
                h2 id=(heading) { (self.title) @if let Some(verdict) = &self.verdict { " " (verdict.show()) } }
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
pub(super) fn missing(why: &str) -> Vec<Part> {
    vec![Part::Block(words::missing(why))]
}
