use maud::Markup;
use plotters::prelude::*;

use super::ink::{Ink, SCALE};
use super::picture::{Hover, picture};

/// One time of a strip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// The colour, and how strong it is in per cent; none where nothing is known.
    pub shade: Option<(Ink, u8)>,
}

/// A row of coloured cells, one a time; neighbours of one colour become one.
pub fn strip(cells: &[Cell], label: &str) -> Markup {
    const WIDTH: u32 = 240;
    const HEIGHT: u32 = 16;
    picture([WIDTH, HEIGHT], true, label, |root| {
        let width = f64::from(WIDTH * SCALE) / cells.len().max(1) as f64;
        let mut from = 0;
        for same in cells.chunk_by(|a, b| a == b) {
            let to = from + same.len();
            if let Some((ink, strength)) = same[0].shade {
                let x = |cell: usize| (width * cell as f64).round() as i32;
                let gap = i32::from(width > 6.0);
                let cell =
                    [(x(from), 0), ((x(to) - gap).max(x(from) + 1), (HEIGHT * SCALE) as i32)];
                root.draw(&Rectangle::new(
                    cell,
                    ink.number().mix(f64::from(strength) / 100.0).filled(),
                ))?;
            }
            from = to;
        }
        Ok(Vec::<Hover>::new())
    })
}
