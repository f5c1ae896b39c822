//! Rows of customers, segments and chunks, and pictures.

use super::*;

#[test]
fn texts_that_are_dates_are_dates() {
    let days: Vec<String> = (1..29).map(|day| format!("2026-01-{day:02} 05:00:00")).collect();
    let dates = levels(days.iter().cycle().take(500).map(String::as_str));
    let features = features_of(&table([dates]), &Roles::default());
    assert_eq!(features.skipped[0].why, "a date");
}

/// Ten rows a customer, all with the customer's own score.
fn customers(seed: u64) -> Table {
    let scores = uniform(seed, 60, 0.0);
    let mut table = Table {
        columns: vec![Column::new("client_id", Kind::Numeric), Column::new("score", Kind::Numeric)],
    };
    for row in 0..600 {
        table.columns[0].push(Cell::Number((row % 60) as f64));
        table.columns[1].push(Cell::Number(scores[row % 60]));
    }
    table
}

#[test]
fn rows_of_one_customer_are_not_taken_as_independent() {
    const ROUNDS: u64 = 400;
    let roles = Roles { ids: vec!["client_id".to_owned()], ..Roles::default() };
    let p_values = |unit: Option<&str>| {
        let p_value = |round: u64| {
            let collect = |table: &Table, empty: Profile| {
                let mut collector = Collector::new(
                    empty,
                    Split { unit: unit.map(str::to_owned), ..Split::default() },
                );
                // Customers return in later batches.
                for batch in 0..6 {
                    collector
                        .add(&table.take(&(100 * batch..100 * (batch + 1)).collect::<Vec<_>>()));
                }
                let collected = collector.finish();
                assert_eq!(collected.repeated, if unit.is_some() { 540 } else { 0 });
                collected.profiles.whole
            };
            let kinds = [("client_id", Kind::Numeric), ("score", Kind::Numeric)];
            let reference = collect(&customers(2 * round), Profile::of_columns(kinds));
            let features = FeatureSet::new(reference, &roles);
            let production =
                collect(&customers(2 * round + 1), features.empty_production(|_| true));
            compare(&features.reference, &production, &policy()).features[0].p_value.unwrap()
        };
        (0..ROUNDS).map(p_value).collect::<Vec<f64>>()
    };
    let alarms = |p_values: &[f64], level| {
        p_values.iter().filter(|&&p| p <= level).count() as f64 / ROUNDS as f64
    };
    let all = p_values(None);
    assert!(
        alarms(&all, 0.05) > 0.5,
        "ten rows a customer count ten times: {}",
        alarms(&all, 0.05)
    );
    let first = p_values(Some("client_id"));
    for level in [0.05, 0.2, 0.5] {
        let three_sigma = 3.0 * (level * (1.0 - level) / ROUNDS as f64).sqrt();
        // The exact law of 60 against 60 values has steps, so that it stays somewhat below each
        // level.
        let share = alarms(&first, level);
        assert!(
            share <= level + three_sigma && share >= level / 2.0 - three_sigma,
            "at {level}: {share}"
        );
    }
}

#[test]
fn a_picture_has_every_value_on_both_sides() {
    let sum = |shares: &[f64]| shares.iter().sum::<f64>();
    let mut production = uniform(2, 1500, 0.3);
    production[0] = 1e6;
    production[1] = f64::INFINITY;
    let Some(Picture::Bins { from, to, reference, production }) =
        compare_one(numeric(uniform(1, 2000, 0.0)), numeric(production)).picture
    else {
        panic!("no bins");
    };
    assert!(from < 0.05 && 1.2 < to && to < 1.4, "an outlier does not stretch it: {from} {to}");
    assert!((sum(&reference) - 1.0).abs() < 1e-9 && (sum(&production) - 1.0).abs() < 1e-9);
    let names: Vec<String> = (0..15).map(|i| format!("level {i}")).collect();
    let column = |n| levels(names.iter().cycle().take(n).map(String::as_str));
    let Some(Picture::Levels { names, reference, production }) =
        compare_one(column(900), column(600)).picture
    else {
        panic!("no levels");
    };
    assert_eq!((names.len(), names[10].clone()), (11, None), "the rest is one more");
    assert!((sum(&reference) - 1.0).abs() < 1e-9 && (sum(&production) - 1.0).abs() < 1e-9);
    assert!(matches!(
        compare_one(numeric(vec![7.5; 100]), numeric(vec![7.5; 90])).picture,
        Some(Picture::Levels { .. })
    ));
}

#[test]
fn segments_and_chunks_add_up_to_the_whole() {
    let mut plan = levels((0..900).map(|row| ["a", "b", ""][row % 3]));
    plan.name = "plan".to_owned();
    let mut time = Column::new("time", Kind::Date);
    // Seven rows without a time, then 50 a day from Thursday, 1 January 2026 on.
    let day = |row: i64| 1_767_225_600_000_000 + row / 50 * 86_400_000_000;
    (0..900).for_each(|row| time.push(if row < 7 { Cell::Missing } else { Cell::Time(day(row)) }));
    let whole = table([numeric(uniform(1, 900, 0.0)), plan, time]);
    let collected = |chunk: Chunk| {
        let empty = Profile::of_columns([("feature", Kind::Numeric), ("plan", Kind::Categorical)]);
        let split = Split {
            by: Some("plan".to_owned()),
            time: Some("time".to_owned()),
            chunk: Some(chunk),
            ..Split::default()
        };
        let mut collector = Collector::new(empty, split);
        collector.add(&whole.take(&(0..400).collect::<Vec<_>>()));
        collector.add(&whole.take(&(400..900).collect::<Vec<_>>()));
        collector.finish()
    };
    let days = collected(Chunk::Days);
    let rows = |profiles: &std::collections::BTreeMap<String, Profile>| -> Vec<(String, u64)> {
        profiles.iter().map(|(name, profile)| (name.clone(), profile.rows)).collect()
    };
    let named = |names: &[(&str, u64)]| {
        names.iter().map(|(name, rows)| ((*name).to_owned(), *rows)).collect::<Vec<_>>()
    };
    assert_eq!(rows(&days.profiles.segments), named(&[("(missing)", 300), ("a", 300), ("b", 300)]));
    assert_eq!(
        (days.chunks.len(), days.chunks["2026-01-01"].rows, days.chunks["2026-01-18"].rows),
        (18, 43, 50)
    );
    let weeks = collected(Chunk::Weeks);
    assert_eq!(
        rows(&weeks.chunks),
        named(&[("2025-12-29", 193), ("2026-01-05", 350), ("2026-01-12", 350)])
    );
    let parts = collected(Chunk::Rows(400));
    assert_eq!(rows(&parts.chunks), named(&[("000001", 400), ("000002", 400), ("000003", 100)]));
    let mut joined = parts.chunks["000001"].clone();
    joined.join(&parts.chunks["000002"]).unwrap();
    joined.join(&parts.chunks["000003"]).unwrap();
    assert_eq!(joined.rows, 900);
    let (ValueProfile::Numeric(joined), ValueProfile::Numeric(all)) =
        (&joined.columns[0].values, &parts.profiles.whole.columns[0].values)
    else {
        panic!()
    };
    assert_eq!(joined.sketch.sorted(), all.sketch.sorted());
}

#[test]
fn segments_are_corrected_together() {
    // One p-value near 0.03 is a shift by itself, and none among forty segments.
    let policy = ShiftPolicy::new(0.05, 0.0, 50).unwrap();
    let profile = |seed: u64, n: usize| {
        let mut profile = Profile::of_columns([("feature", Kind::Numeric)]);
        profile.add(&table([numeric(uniform(seed, n, 0.0))]));
        profile
    };
    let reference = profile(1, 2000);
    let segments: Vec<Profile> = (2..42).map(|seed| profile(seed, 300)).collect();
    let alone = segments.iter().map(|segment| compare(&reference, segment, &policy));
    assert!(alone.filter(|found| found.verdict == Verdict::Shifted).count() > 0);
    let pairs: Vec<(&Profile, &Profile)> =
        segments.iter().map(|segment| (&reference, segment)).collect();
    let together = compare_together(&pairs, &policy);
    assert_eq!(together.len(), 40);
    assert!(together.iter().all(|found| found.verdict == Verdict::Stable));
}
