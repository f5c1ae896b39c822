use maud::{Markup, PreEscaped, html};
use plotters::coord::Shift;
use plotters::prelude::*;

use super::ink::{Ink, SCALE};

/// The letters' height; plotters counts the whole line.
const LETTERS: u32 = 12 * SCALE;

/// The result of drawing in memory, which cannot fail.
pub(super) type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

/// A picture of this size on the page, or of any other if it may `stretch`. `label` says to those
/// who do not see it what it shows.
pub(super) fn picture(
    [width, height]: [u32; 2],
    stretch: bool,
    label: &str,
    draw: impl FnOnce(
        &DrawingArea<SVGBackend<'_>, Shift>,
    ) -> Result<Vec<Hover>, DrawingAreaErrorKind<std::io::Error>>,
) -> Markup {
    let mut svg = String::new();
    let hovers = {
        let root =
            SVGBackend::with_string(&mut svg, (width * SCALE, height * SCALE)).into_drawing_area();
        let hovers = draw(&root).expect("writing to a string does not fail");
        root.present().expect("writing to a string does not fail");
        hovers
    };
    let inner = svg.split_once('>').map_or("", |(_, rest)| rest);
    let inner = inner.trim().trim_end_matches("</svg>");
    html! {
        svg.chart viewBox={ "0 0 " (width * SCALE) " " (height * SCALE) } role="img" aria-label=(label) preserveAspectRatio=[stretch.then_some("none")] {
            (PreEscaped(in_colours_of_the_page(inner)))
            @if !hovers.is_empty() {
                g.hovers {
                    @for Hover { x, width, height, text } in hovers {
                        rect x=(x) y="0" width=(width) height=(height) { title { (text) } }
                    }
                }
            }
        }
    }
}

/// A column of the picture that says something when it is pointed at.
pub(super) struct Hover {
    pub(super) x: i32,
    pub(super) width: i32,
    pub(super) height: i32,
    pub(super) text: String,
}

/// Replaces colors by the variables of the page, and removes attributes that are defaults or that the
/// style sheet sets.
fn in_colours_of_the_page(svg: &str) -> String {
    let mut text = svg.replace('\n', "");
    for (ink, name) in Ink::ALL {
        let RGBColor(red, green, blue) = ink.number();
        text = text.replace(
            &format!("\"#{red:02X}{green:02X}{blue:02X}\""),
            &format!("\"var(--{name})\""),
        );
    }
    for needless in [" opacity=\"1\"", " stroke=\"none\"", " font-family=\"sans-serif\""] {
        text = text.replace(needless, "");
    }
    text
}

pub(super) fn letters() -> TextStyle<'static> {
    // A style's size is that of the line, of which the letters are this part.
    let line = (f64::from(LETTERS) * 1.24).round();
    ("sans-serif", line).into_font().color(&Ink::Muted.number())
}
