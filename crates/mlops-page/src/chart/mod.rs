//! Pictures as SVG in the page's colours, drawn by plotters.
//!
//! plotters knows colours as numbers only. It is given one number for each colour of the page,
//! which no picture has otherwise, and in the finished text these are replaced by the page's
//! variables, so that a picture changes with the page's theme.

mod axis;
mod calibration;
mod distribution;
mod over_time;
mod strip;

use maud::{Markup, PreEscaped, html};
use plotters::coord::Shift;
use plotters::prelude::*;

pub use axis::Axis;
pub use calibration::{CalibrationPoint, calibration};
pub use distribution::{bins, levels};
pub use over_time::{Form, Line, Mark, OverTime, Point, over_time};
pub use strip::{Cell, strip};

/// Pictures are drawn larger by this, since plotters has no halves of a pixel.
const SCALE: u32 = 2;

/// The letters' height; plotters counts the whole line.
const LETTERS: u32 = 12 * SCALE;

/// The colours of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// The present, the model, production.
    New,
    /// What it is compared with.
    Old,
    /// Another one beside the two.
    Other,
    /// What is well.
    Good,
    /// What is unclear.
    Warn,
    /// What is bad.
    Bad,
    /// Letters of the second rank.
    Muted,
    /// Thin lines.
    Line,
    /// Letters of the first rank.
    Strong,
    /// The paper.
    Back,
}

impl Ink {
    const ALL: [(Self, &str); 10] = [
        (Self::New, "new"),
        (Self::Old, "old"),
        (Self::Other, "other"),
        (Self::Good, "good"),
        (Self::Warn, "warn"),
        (Self::Bad, "bad"),
        (Self::Muted, "muted"),
        (Self::Line, "line"),
        (Self::Back, "back"),
        (Self::Strong, "text"),
    ];

    /// The colour as CSS has it.
    pub fn css(self) -> &'static str {
        match self {
            Self::New => "var(--new)",
            Self::Old => "var(--old)",
            Self::Other => "var(--other)",
            Self::Good => "var(--good)",
            Self::Warn => "var(--warn)",
            Self::Bad => "var(--bad)",
            Self::Muted => "var(--muted)",
            Self::Line => "var(--line)",
            Self::Back => "var(--back)",
            Self::Strong => "var(--text)",
        }
    }

    /// The number that stands for it while plotters draws.
    fn number(self) -> RGBColor {
        RGBColor(1, 2, 0x10 + self as u8)
    }

    fn stroke(self, width: u32) -> ShapeStyle {
        self.number().stroke_width(width * SCALE / 2)
    }
}

/// What plotters can say of a picture in memory: nothing, since it only grows a string.
type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

/// A picture of this size on the page, or of any other if it may `stretch`. `label` says to those
/// who do not see it what it shows.
fn picture(
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
struct Hover {
    x: i32,
    width: i32,
    height: i32,
    text: String,
}

/// Puts the page's variables in the place of their numbers, and leaves out what the style sheet
/// says or is so anyway.
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

fn letters() -> TextStyle<'static> {
    // A style's size is that of the line, of which the letters are this part.
    let line = (f64::from(LETTERS) * 1.24).round();
    ("sans-serif", line).into_font().color(&Ink::Muted.number())
}

#[cfg(test)]
mod tests;
