use maud::Markup;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::Axis;
use super::ink::{Ink, SCALE};
use super::picture::{Hover, letters, picture};

/// Shares of the values in bins of one width: production as columns, the reference as a line over
/// them.
pub fn bins(
    [from, to]: [f64; 2],
    reference: &[f64],
    production: &[f64],
    label: &str,
    text: &dyn Fn(f64) -> String,
) -> Markup {
    let most =
        reference.iter().chain(production).fold(f64::MIN_POSITIVE, |most, share| most.max(*share));
    let width = (to - from) / production.len().max(1) as f64;
    let edge = |bin: usize| from + width * bin as f64;
    let values = Axis::of_numbers([from, to], 7, text);
    picture([360, 130], false, label, |root| {
        let mut chart = ChartBuilder::on(root)
            .margin_top(6 * SCALE)
            .margin_left(14 * SCALE)
            .margin_right(14 * SCALE)
            .x_label_area_size(20 * SCALE)
            .build_cartesian_2d(values.clone(), Axis { range: [0.0, most], names: Vec::new() })?;
        chart
            .configure_mesh()
            .disable_mesh()
            .axis_style(Ink::Line.stroke(2))
            .set_all_tick_mark_size(3 * SCALE)
            .label_style(letters())
            .x_label_formatter(&|value| values.name(*value))
            .draw()?;
        let gap = 0.06 * width;
        chart.draw_series(production.iter().enumerate().map(|(bin, share)| {
            Rectangle::new(
                [(edge(bin) + gap, 0.0), (edge(bin + 1) - gap, *share)],
                Ink::New.number().mix(0.45).filled(),
            )
        }))?;
        let steps = reference
            .iter()
            .enumerate()
            .flat_map(|(bin, share)| [(edge(bin), *share), (edge(bin + 1), *share)]);
        let line = [(from, 0.0)].into_iter().chain(steps).chain([(to, 0.0)]);
        chart.draw_series(LineSeries::new(line, Ink::Strong.stroke(3)))?;
        let x = |bin: usize| chart.backend_coord(&(edge(bin), 0.0)).0;
        let hovers = production.iter().zip(reference).enumerate().map(|(bin, (is, was))| Hover {
            x: x(bin),
            width: (x(bin + 1) - x(bin)).max(1),
            height: 130 * SCALE as i32,
            text: format!(
                "{} to {}: {:.1}% of production, {:.1}% of training",
                text(edge(bin)),
                text(edge(bin + 1)),
                100.0 * is,
                100.0 * was
            ),
        });
        Ok(hovers.collect())
    })
}

/// The longest name of a level that has room.
const NAME: usize = 18;

/// Shares of levels, one a row: production as a bar, the reference as a stroke across it.
pub fn levels(names: &[&str], reference: &[f64], production: &[f64], label: &str) -> Markup {
    const ROW: u32 = 19;
    let most =
        reference.iter().chain(production).fold(f64::MIN_POSITIVE, |most, share| most.max(*share));
    let height = ROW * names.len().max(1) as u32 + 6;
    picture([360, height], false, label, |root| {
        let (labels, area) = root.split_horizontally(132 * SCALE);
        let (bars, figures) = area.split_horizontally(172 * SCALE);
        let to_left = letters().pos(Pos::new(HPos::Right, VPos::Center));
        let to_right = letters().pos(Pos::new(HPos::Left, VPos::Center));
        let length = |share: f64| (f64::from(166 * SCALE) * share / most).round() as i32;
        for (index, name) in names.iter().enumerate() {
            let top = (ROW * SCALE) as i32 * index as i32 + 4 * SCALE as i32;
            let middle = top + (ROW * SCALE) as i32 / 2 - 4;
            labels.draw(&Text::new(short(name), (126 * SCALE as i32, middle), to_left.clone()))?;
            let (is, was) = (length(production[index]), length(reference[index]));
            let bar = [(0, top), (is.max(1), top + 12 * SCALE as i32)];
            bars.draw(&Rectangle::new(bar, Ink::New.number().mix(0.45).filled()))?;
            let stroke = [(was, top - 3), (was, top + 12 * SCALE as i32 + 3)];
            bars.draw(&PathElement::new(stroke, Ink::Strong.stroke(4)))?;
            figures.draw(&Text::new(
                format!("{:.1}%", 100.0 * production[index]),
                (8, middle),
                to_right.clone(),
            ))?;
        }
        Ok(Vec::new())
    })
}

fn short(name: &str) -> String {
    match name.chars().count() > NAME {
        true => name.chars().take(NAME - 1).chain(['…']).collect(),
        false => name.to_owned(),
    }
}
