use super::*;

fn point(at: f64, value: Option<f64>) -> Point {
    Point {
        at,
        name: format!("day {at}"),
        value,
        interval: value.map(|value| [value - 0.1, value + 0.1]),
        is_sure: true,
    }
}

fn drawn(points: Vec<Point>) -> String {
    let time = Axis {
        range: [0.0, 10.0],
        names: vec![(0.0, "first".to_owned()), (10.0, "last".to_owned())],
    };
    let lines = [Line { name: "<rate>".to_owned(), ink: Ink::New, form: Form::Band, points }];
    let plot = OverTime {
        label: "rate & time",
        size: [400, 200],
        time,
        lines: &lines,
        level: Some(("limit", 0.5)),
        marks: &[],
        limits: [0.0, 1.0],
        text: &|value| format!("{value:.2}"),
    };
    over_time(&plot).into_string()
}

#[test]
fn colours_are_the_pages_own() {
    let svg = drawn(vec![point(1.0, Some(0.3)), point(2.0, Some(0.4)), point(3.0, Some(0.2))]);
    assert!(
        svg.contains("var(--new)") && svg.contains("var(--bad)") && svg.contains("var(--line)"),
        "{svg}"
    );
    assert!(!svg.contains('#'), "a colour is left: {svg}");
}

#[test]
fn names_are_escaped_and_said_at_each_time() {
    let svg = drawn(vec![point(1.0, Some(0.3)), point(2.0, Some(0.4))]);
    assert!(!svg.contains("<rate>") && svg.contains("&lt;rate&gt;"), "{svg}");
    assert!(svg.contains(r#"aria-label="rate &amp; time""#), "{svg}");
    assert!(svg.contains("<title>day 2: &lt;rate&gt; 0.40 (0.30 to 0.50)</title>"), "{svg}");
}

#[test]
fn a_gap_breaks_the_line() {
    let bands = |points| drawn(points).matches("<polygon").count();
    let value = |at: u32| point(f64::from(at), Some(0.3));
    assert_eq!(bands((0..9).map(value).collect()), 1);
    assert_eq!(
        bands((0..9).map(|at| if at == 4 { point(4.0, None) } else { value(at) }).collect()),
        2
    );
}

#[test]
fn without_figures_nothing_is_drawn() {
    assert_eq!(drawn(Vec::new()), "");
    assert_eq!(drawn(vec![point(1.0, None)]), "");
}

#[test]
fn an_axis_names_round_numbers() {
    let names = |range, count| -> Vec<String> {
        Axis::of_numbers(range, count, &|value| format!("{value:.2}"))
            .names
            .into_iter()
            .map(|(_, name)| name)
            .collect()
    };
    assert_eq!(names([0.13, 0.71], 4), ["0.2", "0.4", "0.6"]);
    assert_eq!(names([-3.0, 3.0], 3), ["-2", "0", "2"]);
    assert!(names([0.0, f64::MAX], 4).len() <= 51);
}

#[test]
fn neighbours_of_a_strip_that_look_the_same_are_one() {
    let cell = |shade| Cell { shade };
    let stable = cell(Some((Ink::Good, 30)));
    let cells = [stable, stable, cell(None), stable, cell(Some((Ink::Bad, 100)))];
    assert_eq!(strip(&cells, "by day").into_string().matches("<rect").count(), 3);
}

#[test]
fn levels_have_a_row_each() {
    let svg = levels(&["<b>", "a name that is much too long"], &[0.4, 0.6], &[0.5, 0.5], "levels")
        .into_string();
    assert!(svg.contains("&lt;b&gt;") && svg.contains("a name that is mu…"), "{svg}");
    assert_eq!(svg.matches("<rect").count(), 2, "{svg}");
}
