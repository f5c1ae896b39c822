use super::*;

fn survey(cells: &[&str]) -> Survey {
    let mut survey = Survey::default();
    cells.iter().for_each(|text| survey.see(text, 1));
    survey
}

/// The column as all of its cells say.
fn column(cells: &[&str], rules: &Rules) -> Column {
    let mut column = Column::with_reading("it", survey(cells).reading(rules).unwrap());
    cells.iter().for_each(|text| column.push(Cell::Text(text)));
    column
}

fn check_numbers(cells: &[&str], numbers: &[f64]) {
    let column = column(cells, &Rules::default());
    let Values::Numeric(found) = &column.values else { panic!("{cells:?}: {:?}", column.kind()) };
    assert_eq!(found.len(), numbers.len());
    let is_same = |(a, b): (&f64, &f64)| a == b || a.is_nan() && b.is_nan();
    assert!(found.iter().zip(numbers).all(is_same), "{cells:?}: {found:?}");
}

fn check_levels(cells: &[&str], levels: &[&str]) {
    let column = column(cells, &Rules::default());
    let Values::Categorical { levels: found, .. } = &column.values else {
        panic!("{cells:?}: {:?}", column.kind())
    };
    assert_eq!(found.names(), levels, "{cells:?}");
}

fn check_dates(cells: &[&str], dates: &[&str]) {
    let column = column(cells, &Rules::default());
    assert_eq!(column.kind(), Kind::Date, "{cells:?}");
    let at = |date: &&str| {
        let time: jiff::Timestamp = format!("{date}T00:00:00Z").parse().unwrap();
        Some(time.as_microsecond())
    };
    assert_eq!(column.times(), dates.iter().map(at).collect::<Vec<_>>(), "{cells:?}");
}

fn check_refused(cells: &[&str], rules: &Rules, words: &[&str]) {
    let error = survey(cells).reading(rules).unwrap_err().to_string();
    assert!(words.iter().all(|word| error.contains(word)), "{cells:?}: {error}");
}

#[test]
fn one_rule_reads_all_numbers_of_a_column() {
    check_numbers(&["$1,234.50", "$2", "", "-$3.25"], &[1234.5, 2.0, f64::NAN, -3.25]);
    check_numbers(&["1.234,50 €", "2 €", "1.234 €"], &[1234.5, 2.0, 1234.0]);
    check_numbers(&["12 %", "7,5 %", "0"], &[0.12, 0.075, 0.0]);
    check_numbers(&["32 CHF", "7", "CHF 1'000.05"], &[32.0, 7.0, 1000.05]);
    check_numbers(&["1,5", "1,234", "1.234"], &[1.5, 1.234, 1234.0]);
    check_numbers(&["1.5", "1,234"], &[1.5, 1234.0]);
    check_numbers(&["1.234", "5.678"], &[1.234, 5.678]);
    check_numbers(&["1 234", "5\u{a0}678,5"], &[1234.0, 5678.5]);
    check_numbers(&["(1,234)", "1,234,567"], &[-1234.0, 1_234_567.0]);
}

#[test]
fn a_column_that_fits_both_readings_is_refused_with_the_remedy() {
    let none = Rules::default();
    check_refused(&["1,234", "5,678", "9"], &none, &["1,234", "1234", "1.234", "--decimal"]);
    check_refused(&["1.234 €", "5.678 €"], &none, &["1.234 €", "--decimal"]);
    let rules = |decimal| Rules { decimal: Some(decimal), ..Rules::default() };
    let read = |decimal| column(&["1,234", "9"], &rules(decimal)).names();
    let texts = |one: &str| vec![Some(one.to_owned()), Some("9".to_owned())];
    assert_eq!(read(Decimal::Point), texts("1234"));
    assert_eq!(read(Decimal::Comma), texts("1.234"));
}

#[test]
fn few_cells_of_another_kind_are_missing_and_noted() {
    let numbers: Vec<String> = (0..400).map(|number| number.to_string()).collect();
    let mut cells: Vec<&str> = numbers.iter().map(String::as_str).collect();
    cells.extend(["#DIV/0!", "-", "abc", "n/a"]);
    let column = column(&cells, &Rules::default());
    assert_eq!((column.kind(), column.missing()), (Kind::Numeric, 4));
    assert_eq!(column.unreadable, [400, 401, 402], "n/a is missing without being unreadable");
    assert_eq!(column.unreadable_texts, ["#DIV/0!", "-", "abc"]);
    cells.extend(["?", "?", "?"]);
    check_refused(
        &cells,
        &Rules::default(),
        &["6 of its 406 values", "`#DIV/0!`", "`?`", "--max-bad-cells"],
    );
    let rules = Rules { max_bad_cells: 0.05, ..Rules::default() };
    assert_eq!(survey(&cells).reading(&rules).unwrap().kind, Kind::Numeric);
}

#[test]
fn levels_that_look_like_numbers_in_part_stay_levels() {
    check_levels(&["1.50", "2", "x"], &["1.50", "2", "x"]);
    check_levels(&["A", "7", "B", "A"], &["A", "7", "B"]);
    // Codes that occur again and again, and a level without a number.
    let mut codes = ["1", "2", "3"].repeat(200);
    codes.extend(["unknown", "trial"]);
    check_levels(&codes, &["1", "2", "3", "unknown", "trial"]);
    // The error of a spreadsheet is a level of nothing.
    let mut codes = ["1", "2", "3"].repeat(200);
    codes.push("#N/A");
    assert_eq!(column(&codes, &Rules::default()).kind(), Kind::Numeric);
    let rules = Rules { max_bad_cells: 1.0, ..Rules::default() };
    assert_eq!(survey(&["basic", "premium", "7"]).reading(&rules).unwrap().kind, Kind::Categorical);
}

#[test]
fn dates_are_times_in_any_notation() {
    check_dates(&["1965-04-03", "2026/11/23"], &["1965-04-03", "2026-11-23"]);
    check_dates(&["23.11.2026", "1.2.2026"], &["2026-11-23", "2026-02-01"]);
    check_dates(&["03/04/2026", "15/04/2026"], &["2026-04-03", "2026-04-15"]);
    check_dates(&["03/04/2026", "04/15/2026"], &["2026-03-04", "2026-04-15"]);
    check_refused(
        &["03/04/2026", "01/01/2026"],
        &Rules::default(),
        &["03/04/2026", "--date-order"],
    );
    let rules = Rules { date_order: Some(DateOrder::MonthFirst), ..Rules::default() };
    assert_eq!(
        column(&["03/04/2026"], &rules).times(),
        column(&["2026-03-04"], &Rules::default()).times()
    );
    check_levels(&["2026-01-01", "soon"], &["2026-01-01", "soon"]);
    check_levels(&["1", "2026-01-01"], &["1", "2026-01-01"]);
    let mut cells = ["2026-01-01", "2026-01-02", "2026-01-03"].repeat(100);
    cells.push("0000-00-00");
    let column = column(&cells, &Rules::default());
    assert_eq!((column.kind(), column.unreadable.as_slice()), (Kind::Date, &[300][..]));
}

#[test]
fn booleans_in_any_notation_are_two_levels() {
    check_levels(&["1", "True", "0", "false", "1.0", "TRUE"], &["true", "false"]);
    check_levels(&["true", "false", ""], &["true", "false"]);
    check_numbers(&["1", "0"], &[1.0, 0.0]);
    let mut numbers = Column::new("it", Kind::Numeric);
    ["true", "False", "7"].iter().for_each(|text| numbers.push(Cell::Text(text)));
    assert_eq!(numbers.names(), ["1", "0", "7"].map(|name| Some(name.to_owned())));
    check_levels(&["true", "7", "false"], &["true", "7", "false"]);
}

#[test]
fn texts_of_a_typed_source_are_numbers_only_if_they_are_written_so() {
    let kind = |cells: &[&str]| survey(cells).reading_of_texts(&Rules::default()).unwrap().kind;
    assert_eq!(kind(&["8001", "10115", "007"]), Kind::Categorical);
    assert_eq!(kind(&["1.5", "2.25", "7"]), Kind::Numeric);
    assert_eq!(kind(&["$7", "$8"]), Kind::Numeric);
    assert_eq!(kind(&["2026-01-01", "2026-01-02"]), Kind::Date);
    assert_eq!(kind(&["a", "1.0"]), Kind::Categorical);
    assert_eq!(kind(&["1.10", "2.0"].repeat(50)), Kind::Categorical);
    assert_eq!(kind(&["8001", "unknown"].repeat(20)), Kind::Categorical);
}

#[test]
fn no_digit_of_a_whole_number_is_lost_in_its_level() {
    let mut ids = Column::new("id", Kind::Categorical);
    for cell in [
        Cell::Integer(i64::MAX),
        Cell::Integer(i64::MAX - 1),
        Cell::Text("18446744073709551615"),
        Cell::Text("007"),
        Cell::Text("12.0"),
        Cell::Number(12.0),
        Cell::Number(1e18),
    ] {
        ids.push(cell);
    }
    let names: Vec<String> = ids.names().into_iter().flatten().collect();
    assert_eq!(
        names,
        [
            "9223372036854775807",
            "9223372036854775806",
            "18446744073709551615",
            "007",
            "12",
            "12",
            "1000000000000000000"
        ]
    );
}
