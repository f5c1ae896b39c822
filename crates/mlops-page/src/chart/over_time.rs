use maud::{Markup, html};
use plotters::prelude::*;

use super::axis::Axis;
use super::ink::{Ink, SCALE};
use super::picture::{Drawn, Hover, letters, picture};

/// How a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A line in the band of its intervals.
    Band,
    /// Points, each with its interval as a bar, joined by a thin line.
    Bars,
    /// Columns from nothing.
    Columns,
}

/// One figure over time.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// Its colour.
    pub ink: Ink,
    /// How it is drawn.
    pub form: Form,
    /// Its points, in order.
    pub points: Vec<Point>,
}

/// So many points of a line have no room for marks of their own.
const DENSE: usize = 70;

/// A figure at one time.
#[derive(Debug, Clone)]
pub struct Point {
    /// The position on the time axis.
    pub at: f64,
    /// The time in words.
    pub name: String,
    /// The figure; none breaks the line.
    pub value: Option<f64>,
    /// Its interval, if it has one.
    pub interval: Option<[f64; 2]>,
    /// Whether it can be judged; what cannot is drawn hollow.
    pub is_sure: bool,
}

/// A moment that is marked in the picture.
#[derive(Debug, Clone)]
pub struct Mark {
    /// The position on the time axis.
    pub at: f64,
    /// The label.
    pub name: String,
}

/// Figures over time.
pub struct OverTime<'a> {
    /// The text alternative.
    pub label: &'a str,
    /// The width and height on the page.
    pub size: [u32; 2],
    /// The axis of time.
    pub time: Axis,
    /// The lines.
    pub lines: &'a [Line],
    /// A level to compare with.
    pub level: Option<(&'a str, f64)>,
    /// Moments.
    pub marks: &'a [Mark],
    /// The minimum and the maximum of the values.
    pub limits: [f64; 2],
    /// A figure in words.
    pub text: &'a dyn Fn(f64) -> String,
}

/// Draws figures over time, with a legend; nothing where there is no figure.
pub fn over_time(plot: &OverTime<'_>) -> Markup {
    let Some(values) = value_axis(plot) else { return html! {} };
    let is_wide = plot.size[0] > 600;
    let drawing = picture(plot.size, false, plot.label, |root| {
        let left = 8 * SCALE * longest(&values).clamp(2, 10) + 12 * SCALE;
        let mut chart = ChartBuilder::on(root)
            .margin_top(10 * SCALE)
            .margin_right(if is_wide { 14 * SCALE } else { 10 * SCALE })
            .x_label_area_size(20 * SCALE)
            .y_label_area_size(left)
            .build_cartesian_2d(plot.time.clone(), values.clone())?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .bold_line_style(Ink::Line.stroke(2))
            .light_line_style(TRANSPARENT)
            .axis_style(Ink::Line.stroke(2))
            .set_all_tick_mark_size(3 * SCALE)
            .label_style(letters())
            .x_label_formatter(&|at| plot.time.name(*at))
            .y_label_formatter(&|value| values.name(*value))
            .draw()?;
        let [bottom, top] = values.range;
        for mark in plot.marks {
            let line = [(mark.at, bottom), (mark.at, top)];
            chart.draw_series([PathElement::new(line, Ink::Muted.stroke(2))])?;
            chart.draw_series([TriangleMarker::new(
                (mark.at, top),
                4 * SCALE as i32,
                Ink::Muted.number().filled(),
            )])?;
        }
        for line in plot.lines {
            draw_line(&mut chart, line, &plot.time, values.range)?;
        }
        if let Some((_, level)) = plot.level {
            let [from, to] = plot.time.range;
            let dashes =
                DashedLineSeries::new([(from, level), (to, level)], 10, 7, Ink::Bad.stroke(3));
            chart.draw_series(dashes)?;
        }
        Ok(hovers(plot, |at| chart.backend_coord(&(at, bottom))))
    });
    html! { (legend(plot)) (drawing) }
}

type Canvas<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Axis, Axis>>;

fn draw_line(
    chart: &mut Canvas<'_, '_>,
    line: &Line,
    time: &Axis,
    [bottom, top]: [f64; 2],
) -> Drawn {
    let color = line.ink.number();
    let nearest = spacing(&line.points, time);
    for part in line.points.split(|point| point.value.is_none()).filter(|part| !part.is_empty()) {
        let values: Vec<(f64, f64)> = part
            .iter()
            .filter_map(|point| Some((point.at, point.value?.clamp(bottom, top))))
            .collect();
        match line.form {
            Form::Columns => {
                let columns = values.iter().map(|(at, value)| {
                    let half = 0.42 * nearest;
                    Rectangle::new(
                        [(at - half, bottom.max(0.0)), (at + half, *value)],
                        color.filled(),
                    )
                });
                chart.draw_series(columns)?;
                continue;
            }
            Form::Band => {
                let ends = |end: usize| {
                    part.iter()
                        .filter_map(move |it| Some((it.at, it.interval?[end].clamp(bottom, top))))
                };
                let outline: Vec<(f64, f64)> =
                    ends(0).chain(ends(1).collect::<Vec<_>>().into_iter().rev()).collect();
                if outline.len() > 2 {
                    chart.draw_series([Polygon::new(outline, color.mix(0.18).filled())])?;
                }
            }
            Form::Bars => {
                let bars = part.iter().filter_map(|point| {
                    let [low, high] = point.interval?.map(|end| end.clamp(bottom, top));
                    Some(PathElement::new(
                        [(point.at, low), (point.at, high)],
                        color.mix(0.5).stroke_width(3),
                    ))
                });
                chart.draw_series(bars)?;
            }
        }
        let width = if line.form == Form::Band && part.len() <= DENSE { 4 } else { 2 };
        chart.draw_series(LineSeries::new(values.iter().copied(), color.stroke_width(width)))?;
        let is_dense = part.len() > DENSE;
        for point in part {
            let Some(value) = point.value else { continue };
            let point_at = (point.at, value.clamp(bottom, top));
            if is_dense {
                continue;
            }
            if !point.is_sure {
                chart.draw_series([Circle::new(point_at, 6, Ink::Back.number().filled())])?;
                chart.draw_series([Circle::new(point_at, 6, color.stroke_width(2))])?;
            } else {
                chart.draw_series([Circle::new(
                    point_at,
                    if line.form == Form::Bars { 7 } else { 5 },
                    color.filled(),
                )])?;
            }
        }
    }
    Ok(())
}

/// How far neighbours are apart; a lone point has a thirtieth of the axis.
fn spacing(points: &[Point], time: &Axis) -> f64 {
    let gaps = points.windows(2).map(|pair| pair[1].at - pair[0].at).filter(|gap| *gap > 0.0);
    let axis = time.range[1] - time.range[0];
    gaps.fold(axis / 30.0, f64::min)
}

/// The axis of what is drawn, with some air, within what is possible.
fn value_axis(plot: &OverTime<'_>) -> Option<Axis> {
    let [least, most] = plot.limits;
    let points =
        || plot.lines.iter().flat_map(|line| &line.points).filter(|point| point.value.is_some());
    // The wide intervals of what cannot be judged would press all others flat.
    let is_any_sure = points().any(|point| point.is_sure);
    let points = points().filter(|point| point.is_sure || !is_any_sure);
    let figures = points
        .flat_map(|point| point.value.into_iter().chain(point.interval.into_iter().flatten()));
    let has_columns = plot.lines.iter().any(|line| line.form == Form::Columns);
    let level = plot.level.map(|(_, level)| level).into_iter().chain(has_columns.then_some(0.0));
    let (low, high) = figures
        .chain(level)
        .filter(|value| value.is_finite())
        .fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
    if low > high
        || !plot.lines.iter().any(|line| line.points.iter().any(|point| point.value.is_some()))
    {
        return None;
    }
    let air = (0.08 * (high - low)).max(1e-9_f64.max(high.abs() * 1e-3));
    let low = if has_columns && low >= 0.0 { 0.0 } else { (low - air).max(least) };
    Some(Axis::of_numbers(
        [low, (high + air).min(most).max(low + 1e-9)],
        (plot.size[1] / 32) as usize,
        plot.text,
    ))
}

fn longest(axis: &Axis) -> u32 {
    axis.names.iter().map(|(_, name)| name.chars().count() as u32).max().unwrap_or(0)
}

fn legend(plot: &OverTime<'_>) -> Markup {
    let shown =
        plot.lines.iter().filter(|line| line.points.iter().any(|point| point.value.is_some()));
    html! {
        p.legend {
            @for line in shown {
                span { svg.key viewBox="0 0 10 10" aria-hidden="true" { circle cx="5" cy="5" r="5" fill=(line.ink.css()) {} } (line.name) }
            }
            @if let Some((name, level)) = plot.level {
                span { svg.key viewBox="0 0 18 10" aria-hidden="true" { path d="M0 5h7m4 0h7" stroke=(Ink::Bad.css()) stroke-width="2" {} } (name) " " ((plot.text)(level)) }
            }
            @if let [mark, ..] = plot.marks {
                span { svg.key viewBox="0 0 10 10" aria-hidden="true" { path d="M5 1 10 9H0z" fill=(Ink::Muted.css()) {} } (mark.name) }
            }
        }
    }
}

/// One column a time, which says what all lines have there.
fn hovers(plot: &OverTime<'_>, position: impl Fn(f64) -> (i32, i32)) -> Vec<Hover> {
    let mut hovered: Vec<(f64, String, Vec<String>)> = Vec::new();
    for line in plot.lines {
        for point in &line.points {
            let Some(value) = point.value else { continue };
            let mut text = format!("{} {}", line.name, (plot.text)(value));
            if let Some([low, high]) = point.interval {
                text.push_str(&format!(" ({} to {})", (plot.text)(low), (plot.text)(high)));
            }
            if !point.is_sure {
                text.push_str(", too few rows");
            }
            match hovered.iter_mut().find(|(at, ..)| *at == point.at) {
                Some((_, _, texts)) => texts.push(text),
                None => hovered.push((point.at, point.name.clone(), vec![text])),
            }
        }
    }
    hovered.sort_by(|a, b| a.0.total_cmp(&b.0));
    let columns: Vec<(i32, i32)> = hovered.iter().map(|(at, ..)| position(*at)).collect();
    let middle = |a: usize, b: usize| (columns[a].0 + columns[b].0) / 2;
    let count = hovered.len();
    hovered
        .into_iter()
        .enumerate()
        .map(|(n, (_, name, texts))| {
            let (x, height) = columns[n];
            let from = if n == 0 { x - 12 } else { middle(n - 1, n) };
            let to = if n + 1 == count { x + 12 } else { middle(n, n + 1) };
            Hover {
                x: from,
                width: (to - from).max(1),
                height,
                text: format!("{name}: {}", texts.join("; ")),
            }
        })
        .collect()
}
