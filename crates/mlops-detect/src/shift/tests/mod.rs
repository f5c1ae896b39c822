use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use mlops_core::table::{Cell, Column, Kind, Table};
use mlops_core::verdict::Verdict;
use mlops_stats::profile::{Profile, ValueProfile};

mod rows;
mod sizes;

fn policy() -> ShiftPolicy {
    ShiftPolicy::new(0.05, 0.05, 50).unwrap()
}

fn numeric(values: impl IntoIterator<Item = f64>) -> Column {
    let mut column = Column::new("feature", Kind::Numeric);
    values.into_iter().for_each(|value| column.push(Cell::Number(value)));
    column
}

fn levels<'a>(values: impl IntoIterator<Item = &'a str>) -> Column {
    let mut column = Column::new("feature", Kind::Categorical);
    values.into_iter().for_each(|value| column.push(Cell::Text(value)));
    column
}

fn uniform(seed: u64, n: usize, offset: f64) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..n).map(|_| rng.random::<f64>() + offset).collect()
}

fn features_of(reference: &Table, roles: &Roles) -> FeatureSet {
    let columns = reference.columns.iter();
    let kinds =
        columns.map(|column| (column.name.as_str(), roles.kind(&column.name, column.kind())));
    let mut profile = Profile::of_columns(kinds);
    profile.add(reference);
    FeatureSet::new(profile, roles)
}

fn compare_tables(
    reference: &Table,
    production: &Table,
    roles: &Roles,
    policy: &ShiftPolicy,
) -> DataShift {
    let features = features_of(reference, roles);
    let mut profile = features.empty_production(|name| production.column(name).is_some());
    profile.add(production);
    compare(&features.reference, &profile, policy)
}

fn table(columns: impl IntoIterator<Item = Column>) -> Table {
    Table { columns: columns.into_iter().collect() }
}

fn compare_one(reference: Column, production: Column) -> FeatureShift {
    let (reference, production) = (table([reference]), table([production]));
    compare_tables(&reference, &production, &Roles::default(), &policy()).features.remove(0)
}

fn check(reference: Column, production: Column, verdict: &str, why: &str) {
    let found = compare_one(reference, production);
    assert_eq!(found.verdict.name(), verdict, "{found:?}");
    assert!(found.why.contains(why), "{found:?}");
}

#[test]
fn the_same_distribution_is_stable() {
    check(numeric(uniform(1, 2000, 0.0)), numeric(uniform(2, 1500, 0.0)), "stable", "");
    let cycle = |n| ["a", "b", "c"].into_iter().cycle().take(n);
    check(levels(cycle(3000)), levels(cycle(1000)), "stable", "");
}

#[test]
fn a_moved_distribution_is_shifted() {
    check(numeric(uniform(1, 2000, 0.0)), numeric(uniform(2, 1500, 0.2)), "shifted", "median 0.");
    let shares = |a: usize, b: usize| {
        levels(["a"].into_iter().cycle().take(a).chain(["b"].into_iter().cycle().take(b)))
    };
    check(shares(500, 500), shares(650, 350), "shifted", "50.0% → ");
}

#[test]
fn a_spread_that_moved_is_named() {
    let wider = uniform(2, 1500, 0.0).into_iter().map(|value| 0.5 + (value - 0.5) * 1.5);
    check(numeric(uniform(1, 2000, 0.0)), numeric(wider), "shifted", "interquartile range 0.");
}

#[test]
fn a_sure_but_tiny_difference_is_stable() {
    let found = compare_one(numeric(uniform(1, 200_000, 0.0)), numeric(uniform(2, 200_000, 0.02)));
    assert!(found.p_value.unwrap() < 1e-6, "{found:?}");
    assert_eq!(found.verdict, Verdict::Stable, "{found:?}");
}

#[test]
fn a_large_difference_of_few_rows_is_not_claimed() {
    check(
        numeric(uniform(1, 2000, 0.0)),
        numeric(uniform(2, 49, 5.0)),
        "inconclusive",
        "too few production values: 49, at least 50 needed",
    );
}

#[test]
fn a_new_level_and_a_vanished_one_count() {
    let some = |name, n| std::iter::repeat_n(name, n);
    check(
        levels(some("a", 900).chain(some("b", 100))),
        levels(some("a", 900).chain(some("c", 100))),
        "shifted",
        "unseen level `c`: 10.0%",
    );
}

#[test]
fn a_risen_share_of_missing_values_is_a_shift() {
    let with_missing = |seed, missing: usize| {
        numeric(
            uniform(seed, 1000 - missing, 0.0)
                .into_iter()
                .chain(std::iter::repeat_n(f64::NAN, missing)),
        )
    };
    check(with_missing(1, 20), with_missing(2, 300), "shifted", "missing 2.0% → 30.0%");
    check(with_missing(1, 20), with_missing(2, 25), "stable", "");
}

#[test]
fn a_column_that_cannot_be_seen_is_never_stable() {
    let good = || numeric(uniform(1, 1000, 0.0));
    check(good(), numeric([]), "inconclusive", "no production rows");
    let mut other = numeric(uniform(2, 1000, 0.0));
    other.name = "another".to_owned();
    check(good(), other, "inconclusive", "the column is missing in production");
    let all_missing = compare_one(good(), numeric(vec![f64::NAN; 1000]));
    assert_eq!(all_missing.verdict, Verdict::Shifted, "{all_missing:?}");
    assert!(
        all_missing.why.contains("missing 0.0% → 100.0%; all 1000 production values are missing"),
        "{all_missing:?}"
    );
}

#[test]
fn text_in_a_numeric_column_is_named() {
    let texts = levels((0..100).map(|i| if i % 2 == 0 { "n/k" } else { "0.5" }));
    let found = compare_one(numeric(uniform(1, 1000, 0.0)), texts);
    assert!(found.why.contains("50 values are not numbers"), "{found:?}");
}

#[test]
fn numbers_with_few_values_are_levels() {
    let flags = |n: usize| numeric((0..n).map(|i| f64::from(u8::from(i % 3 == 0))));
    let found = compare_one(flags(900), flags(600));
    assert_eq!((found.kind, found.test), (Kind::Categorical, Test::ChiSquared));
    // The same level whether a log has it as 1, 1.0 or text.
    let found =
        compare_one(flags(900), levels((0..900).map(|i| if i % 3 == 0 { "1.0" } else { "0" })));
    assert_eq!(found.effect, Some(0.0), "{found:?}");
}

#[test]
fn constants_that_agree_are_stable_and_others_shifted() {
    check(numeric(vec![7.0; 100]), numeric(vec![7.0; 80]), "stable", "");
    check(numeric(vec![7.0; 100]), numeric(vec![8.0; 80]), "shifted", "unseen level `8`: 100.0%");
}

#[test]
fn ids_dates_targets_and_identifiers_are_no_features() {
    let named = |name: &str, mut column: Column| {
        column.name = name.to_owned();
        column
    };
    let texts: Vec<String> = (0..100).map(|i| format!("customer {i}")).collect();
    let reference = Table {
        columns: vec![
            named("client_id", numeric(uniform(1, 100, 0.0))),
            named("day", Column::new("day", Kind::Date)),
            named("churn", levels(["yes"; 100])),
            named("name", levels(texts.iter().map(String::as_str))),
            named("score", numeric(uniform(2, 100, 0.0))),
        ],
    };
    let roles = Roles {
        ids: vec!["client_id".to_owned()],
        targets: vec!["churn".to_owned()],
        ..Roles::default()
    };
    let features = features_of(&reference, &roles);
    let names: Vec<&str> =
        features.reference.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["score"]);
    let skipped: Vec<&str> =
        features.skipped.iter().map(|skipped| skipped.column.as_str()).collect();
    assert_eq!(skipped, ["client_id", "day", "churn", "name"]);
    let all =
        Roles { categorical: vec!["name".to_owned()], numeric: vec!["score".to_owned()], ..roles };
    assert_eq!(features_of(&reference, &all).reference.columns.len(), 2);
}

#[test]
fn one_outlier_changes_no_verdict() {
    let mut production = uniform(2, 1500, 0.0);
    production[0] = 1e6;
    check(numeric(uniform(1, 2000, 0.0)), numeric(production), "stable", "");
    let mut moved = uniform(2, 1500, 0.2);
    moved[0] = 1e6;
    check(numeric(uniform(1, 2000, 0.0)), numeric(moved), "shifted", "median 0.");
}

#[test]
fn the_order_of_rows_changes_nothing() {
    let (reference, mut production) = (uniform(1, 2000, 0.0), uniform(2, 1500, 0.1));
    let before = compare_one(numeric(reference.clone()), numeric(production.clone()));
    production.shuffle(&mut ChaCha8Rng::seed_from_u64(3));
    assert_eq!(compare_one(numeric(reference), numeric(production)), before);
}

#[test]
fn without_a_shift_alarms_keep_to_their_level() {
    // 20 features, 400 comparisons; with no shift anywhere any alarm is a false one. No effect is
    // asked for.
    let policy = ShiftPolicy::new(0.05, 0.0, 50).unwrap();
    let alarms = (0..400)
        .filter(|&round| {
            let table = |half: u64| {
                let columns = (0..20).map(|i| {
                    let mut column = numeric(uniform(round * 1000 + half * 100 + i, 200, 0.0));
                    column.name = format!("f{i}");
                    column
                });
                Table { columns: columns.collect() }
            };
            compare_tables(&table(0), &table(1), &Roles::default(), &policy).verdict
                == Verdict::Shifted
        })
        .count();
    // Binomial(400, 0.05) stays below 34 in all but one of a thousand.
    assert!(alarms < 34, "{alarms} of 400");
}

#[test]
fn the_overall_verdict_is_the_worst_that_is_sure() {
    let stable = Verdict::Stable;
    let shifted = Verdict::Shifted;
    let blind = Verdict::Inconclusive("no rows".to_owned());
    assert_eq!(Verdict::over([("a", &stable), ("b", &stable)]), Verdict::Stable);
    assert_eq!(Verdict::over([("a", &stable), ("b", &blind), ("c", &shifted)]), Verdict::Shifted);
    let mixed = Verdict::over([("a", &stable), ("b", &blind)]);
    assert_eq!(mixed.why(), Some("1 of 2 inconclusive: b"));
    assert_eq!(Verdict::over([]).name(), "inconclusive");
}

#[test]
fn a_policy_that_cannot_be_is_refused() {
    assert_eq!(ShiftPolicy::new(0.0, 0.05, 50), Err(PolicyError::Significance(0.0)));
    assert!(ShiftPolicy::new(f64::NAN, 0.05, 50).is_err());
    assert_eq!(ShiftPolicy::new(0.05, 1.0, 50), Err(PolicyError::MinEffect(1.0)));
    assert_eq!(ShiftPolicy::new(0.05, 0.05, 1), Err(PolicyError::MinRows(1)));
}

fn check_state(reference: Column, production: Column, state: &str, is_data_bug: bool) {
    let found = compare_one(reference, production);
    assert_eq!((found.state.name(), found.state.is_data_bug()), (state, is_data_bug), "{found:?}");
}

#[test]
fn a_state_says_what_is_the_matter() {
    let some = |name, n| std::iter::repeat_n(name, n);
    let good = || numeric(uniform(1, 2000, 1.0));
    check_state(good(), numeric(uniform(2, 500, 1.0)), "ok", false);
    check_state(good(), numeric(uniform(2, 500, 1.4)), "value_shift", false);
    check_state(good(), numeric(uniform(2, 20, 1.0)), "insufficient", false);
    check_state(good(), numeric(vec![1.5; 500]), "constant", false);
    check_state(
        good(),
        numeric(uniform(2, 500, 1.0).into_iter().chain(vec![f64::NAN; 200])),
        "missing_shift",
        false,
    );
    let two = || levels(some("a", 600).chain(some("b", 400)));
    check_state(two(), levels(some("a", 500).chain(some("c", 300))), "new_levels", false);
    check_state(two(), levels(some("a", 300)), "constant", false);
}

#[test]
fn broken_data_are_told_apart_from_a_shift() {
    let good = || numeric(uniform(1, 2000, 1.0));
    check_state(good(), numeric(vec![f64::NAN; 500]), "all_missing", true);
    check_state(
        good(),
        levels((0..500).map(|i| if i % 3 == 0 { "0.5" } else { "n/k" })),
        "type_changed",
        true,
    );
    let mut other = numeric(uniform(2, 500, 1.0));
    other.name = "another".to_owned();
    check_state(good(), other, "vanished_column", true);
    for factor in [1000.0, 0.01, 60.0, 1.0 / 3600.0] {
        let scaled = uniform(2, 500, 1.0).into_iter().map(|value| value * factor);
        let found = compare_one(good(), numeric(scaled));
        assert!(
            matches!(found.state, State::UnitChanged(f) if (f / factor - 1.0).abs() < 1e-12),
            "{found:?}"
        );
        assert_eq!(found.verdict, Verdict::Shifted, "{found:?}");
    }
    // A thousand times as large, but distributed in another way: that is no unit.
    let skewed = uniform(2, 500, 0.0).into_iter().map(|value| 1000.0 * (0.1 + value.powi(6) * 9.0));
    check_state(good(), numeric(skewed), "value_shift", false);
}

#[test]
fn every_test_finds_a_shift_and_leaves_no_shift_alone() {
    let numbers = [
        Test::KolmogorovSmirnov,
        Test::AndersonDarling,
        Test::MannWhitney,
        Test::Psi,
        Test::JensenShannon,
    ];
    let counts = [Test::ChiSquared, Test::G, Test::Psi, Test::JensenShannon];
    let cycle =
        |n: usize, a: usize| levels((0..n).map(move |i| if i % 10 < a { "a" } else { "b" }));
    for numeric_test in numbers {
        for categorical_test in counts {
            let policy = policy().with_tests(numeric_test, categorical_test).unwrap();
            for (offset, a, verdict) in [(0.0, 5, "stable"), (0.3, 8, "shifted")] {
                for (reference, production) in [
                    (numeric(uniform(1, 2000, 0.0)), numeric(uniform(2, 1500, offset))),
                    (cycle(2000, 5), cycle(1500, a)),
                ] {
                    let (reference, production) = (table([reference]), table([production]));
                    let found = compare_tables(&reference, &production, &Roles::default(), &policy)
                        .features
                        .remove(0);
                    assert_eq!(found.verdict.name(), verdict, "{found:?}");
                    assert!([numeric_test, categorical_test].contains(&found.test), "{found:?}");
                }
            }
        }
    }
    assert!(policy().with_tests(Test::G, Test::G).is_err());
    assert!(policy().with_tests(Test::MannWhitney, Test::MannWhitney).is_err());
}

#[test]
fn measures_stand_beside_the_verdict() {
    let found = compare_one(numeric(uniform(1, 20_000, 0.0)), numeric(uniform(2, 20_000, 0.1)));
    let Some(Measures::Numbers { mean_shift, sd_ratio, wasserstein, out_of_range, psi, .. }) =
        found.measures
    else {
        panic!("{found:?}");
    };
    // The standard deviation of a uniform variable is the root of 1/12.
    assert!((mean_shift.unwrap() - 0.1 * 12.0_f64.sqrt()).abs() < 0.03, "{found:?}");
    assert!(
        (sd_ratio.unwrap() - 1.0).abs() < 0.02 && (wasserstein - 0.1).abs() < 0.01,
        "{found:?}"
    );
    assert!((out_of_range - 0.1).abs() < 0.01 && psi > 0.1, "{found:?}");
    assert!((found.smallest_shift - 0.028).abs() < 1e-3, "{found:?}");
    let some = |name, n| std::iter::repeat_n(name, n);
    let found = compare_one(
        levels(some("a", 900).chain(some("b", 100))),
        levels(some("a", 800).chain(some("c", 200))),
    );
    let Some(Measures::Levels { total_variation, new_levels, .. }) = found.measures else {
        panic!("{found:?}")
    };
    assert!((total_variation - 0.2).abs() < 1e-12 && (new_levels - 0.2).abs() < 1e-12, "{found:?}");
}

#[test]
fn rare_levels_are_joined() {
    // A hundred levels of three rows each beside two common ones: nothing moved.
    let names: Vec<String> = (0..100).map(|i| format!("rare {i}")).collect();
    let column = |common: usize| {
        let rare = names.iter().flat_map(|name| [name.as_str(); 3]);
        levels(
            ["a"]
                .into_iter()
                .cycle()
                .take(common)
                .chain(["b"].into_iter().cycle().take(500))
                .chain(rare),
        )
    };
    let categorical = Roles { categorical: vec!["feature".to_owned()], ..Roles::default() };
    let compare_levels = |reference: Column, production: Column| {
        compare_tables(&table([reference]), &table([production]), &categorical, &policy())
            .features
            .remove(0)
    };
    let found = compare_levels(column(500), column(480));
    assert_eq!(found.verdict, Verdict::Stable, "{found:?}");
    let found = compare_levels(column(500), column(900));
    assert_eq!(
        (found.verdict, found.state),
        (Verdict::Shifted, State::ValueShift),
        "{}",
        found.why
    );
    // New levels are rare each, and many together.
    let others: Vec<String> = (0..300).map(|i| format!("new {i}")).collect();
    let new = levels(["a"].into_iter().cycle().take(500).chain(others.iter().map(String::as_str)));
    let found = compare_levels(column(500), new);
    assert_eq!((found.verdict, found.state), (Verdict::Shifted, State::NewLevels), "{}", found.why);
    // Where every row has its own level nothing can be said.
    let all: Vec<String> = (0..600).map(|i| format!("{i}")).collect();
    let rows = |from: usize| levels(all[from..from + 300].iter().map(String::as_str));
    let found = compare_levels(rows(0), rows(300));
    assert!(found.why.contains("too rare"), "{found:?}");
    assert_eq!(found.verdict.name(), "inconclusive");
}
