use maud::Markup;
use plotters::prelude::*;

use super::axis::Axis;
use super::ink::{Ink, SCALE};
use super::picture::{Hover, letters, picture};

/// A bin of predictions and what became of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CalibrationPoint {
    /// Rows.
    pub n: u64,
    /// The mean prediction.
    pub predicted: f64,
    /// The share that came true.
    pub observed: f64,
    /// Its interval.
    pub interval: [f64; 2],
}

/// Plots the observed rate by predicted probability, and below it the number of predictions.
pub fn calibration(points: &[CalibrationPoint], label: &str) -> Markup {
    let percent = |share: f64| format!("{:.0}%", 100.0 * share);
    let end =
        points.iter().fold(0.0_f64, |most, point| most.max(point.predicted).max(point.interval[1]));
    let end = (end * 10.0).ceil().clamp(1.0, 10.0) / 10.0;
    let share = Axis::of_numbers([0.0, end], 5, &percent);
    let without_names = Axis { names: Vec::new(), ..share.clone() };
    let most = points.iter().map(|point| point.n).max().unwrap_or(1) as f64;
    picture([480, 380], false, label, |root| {
        let (upper, lower) = root.split_vertically(310 * SCALE);
        let left = 44 * SCALE;
        let mut chart = ChartBuilder::on(&upper)
            .margin_top(10 * SCALE)
            .margin_right(18 * SCALE)
            .x_label_area_size(20 * SCALE)
            .y_label_area_size(left)
            .build_cartesian_2d(share.clone(), share.clone())?;
        chart
            .configure_mesh()
            .bold_line_style(Ink::Line.stroke(2))
            .light_line_style(TRANSPARENT)
            .axis_style(Ink::Line.stroke(2))
            .set_all_tick_mark_size(3 * SCALE)
            .label_style(letters())
            .x_label_formatter(&|value| share.name(*value))
            .y_label_formatter(&|value| share.name(*value))
            .draw()?;
        chart.draw_series(DashedLineSeries::new(
            [(0.0, 0.0), (end, end)],
            10,
            7,
            Ink::Muted.stroke(2),
        ))?;
        chart.draw_series(points.iter().map(|point| {
            let [low, high] = point.interval;
            PathElement::new(
                [(point.predicted, low), (point.predicted, high)],
                Ink::New.number().mix(0.5).stroke_width(4),
            )
        }))?;
        let curve = points.iter().map(|point| (point.predicted, point.observed));
        chart.draw_series(LineSeries::new(curve.clone(), Ink::New.stroke(2)))?;
        chart.draw_series(curve.map(|value| Circle::new(value, 7, Ink::New.number().filled())))?;
        let columns: Vec<i32> =
            points.iter().map(|point| chart.backend_coord(&(point.predicted, 0.0)).0).collect();

        let mut rows = ChartBuilder::on(&lower)
            .margin_right(18 * SCALE)
            .margin_bottom(4 * SCALE)
            .y_label_area_size(left)
            .build_cartesian_2d(
                without_names.clone(),
                Axis { range: [0.0, most], names: Vec::new() },
            )?;
        rows.draw_series(points.iter().map(|point| {
            let half = 0.012 * end;
            Rectangle::new(
                [(point.predicted - half, 0.0), (point.predicted + half, point.n as f64)],
                Ink::Old.number().filled(),
            )
        }))?;
        rows.draw_series([PathElement::new([(0.0, 0.0), (end, 0.0)], Ink::Line.stroke(2))])?;
        let hovers = points.iter().zip(columns).map(|(point, x)| Hover {
            x: x - 16,
            width: 32,
            height: 380 * SCALE as i32,
            text: format!(
                "{} predictions, mean {:.1}%; observed rate {:.1}% ({:.1}% to {:.1}%)",
                point.n,
                100.0 * point.predicted,
                100.0 * point.observed,
                100.0 * point.interval[0],
                100.0 * point.interval[1]
            ),
        });
        Ok(hovers.collect())
    })
}
