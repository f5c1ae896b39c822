#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

pub mod chart;

use maud::{DOCTYPE, Markup, PreEscaped, html};

/// The style sheet of every page.
pub const STYLE: &str = include_str!("page.css");

/// A whole page.
pub fn document(title: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { (body) }
        }
    };
    page.into_string()
}

/// A word in a frame, in the colour of its meaning: `stable`, `shifted`, `inconclusive`,
/// `accepted`, `refused`.
pub fn badge(word: &str) -> Markup {
    html! { span class={ "badge " (word) } { (word) } }
}

/// A cell with a bar, from nothing to the full width of the cell.
pub fn bar(share: f64) -> Markup {
    html! { td.wide { div.bar style=(format!("width:{:.1}%", 100.0 * share.clamp(0.0, 1.0))) {} } }
}
