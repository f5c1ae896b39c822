//! Verdicts and effects do not depend on how many rows each side has, and false alarms keep to
//! their rate.

use super::*;

/// A column of levels `0`, `1`, … with so many rows each.
fn counted(counts: &[usize]) -> Column {
    let names: Vec<String> = (0..counts.len()).map(|level| level.to_string()).collect();
    let rows = names.iter().zip(counts);
    levels(rows.flat_map(|(name, &rows)| std::iter::repeat_n(name.as_str(), rows)))
}

/// A column of numbers, of which so many are missing.
fn with_missing(rows: usize, missing: usize) -> Column {
    let mut column = numeric(uniform(rows as u64, rows - missing, 0.0));
    (0..missing).for_each(|_| column.push(Cell::Missing));
    column
}

#[test]
fn the_effect_of_a_shift_is_one_whatever_the_sizes() {
    for ratio in [1, 10, 100, 500] {
        let n = 1000 * ratio;
        let found = compare_one(counted(&[n / 2, n / 2]), counted(&[620, 380]));
        assert_eq!(found.verdict.name(), "shifted", "1:{ratio}: {found:?}");
        assert!((found.effect.unwrap() - 0.1209).abs() < 1e-3, "1:{ratio}: {found:?}");
        let turned = compare_one(counted(&[620, 380]), counted(&[n / 2, n / 2]));
        assert_eq!(turned.verdict.name(), "shifted", "{ratio}:1: {turned:?}");
        let missing = compare_one(with_missing(n, n / 50), with_missing(5000, 200));
        assert!(missing.why.contains("missing 2.0% → 4.0%"), "1:{ratio}: {missing:?}");
        let small = compare_one(counted(&[n / 2, n / 2]), counted(&[503, 497]));
        assert_eq!(small.verdict.name(), "stable", "1:{ratio}: {small:?}");
    }
}

/// Rows of `levels` rare levels, from the first one on.
fn rare(seed: u64, rows: usize, from: usize, levels: usize) -> Column {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let names: Vec<String> =
        (0..rows).map(|_| format!("{}", from + rng.random_range(0..levels))).collect();
    super::levels(names.iter().map(String::as_str))
}

#[test]
fn rare_levels_that_are_all_replaced_are_found() {
    for (n, m) in [(2000, 500), (20_000, 500), (100_000, 1000)] {
        let found = compare_one(rare(1, n, 0, 400), rare(2, m, 400, 400));
        assert_eq!(found.verdict.name(), "shifted", "{n}, {m}: {found:?}");
    }
}

#[test]
fn a_share_at_one_value_is_tested_by_itself() {
    let mostly_zero = |seed, rows: usize, zeros: usize| {
        let rest = uniform(seed, rows - zeros, 1.0);
        numeric(std::iter::repeat_n(0.0, zeros).chain(rest))
    };
    for (n, m) in [(1000, 1000), (20_000, 500), (100_000, 500)] {
        let found = compare_one(mostly_zero(1, n, n * 97 / 100), mostly_zero(2, m, m * 92 / 100));
        assert_eq!(found.verdict.name(), "shifted", "{n}, {m}: {found:?}");
        assert!(found.why.contains("share of 0 97.0% → 92.0%"), "{found:?}");
    }
}

#[test]
fn false_alarms_keep_to_their_rate() {
    let runs = 400;
    let alarms = |shifted: &dyn Fn(u64) -> bool| (0..runs).filter(|seed| shifted(*seed)).count();
    let is_shifted = |found: FeatureShift| found.verdict.name() == "shifted";
    let of_rare = alarms(&|seed| {
        is_shifted(compare_one(rare(2 * seed, 3000, 0, 400), rare(2 * seed + 1, 400, 0, 400)))
    });
    let of_atom = alarms(&|seed| {
        let column = |seed, rows| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let value = |_| if rng.random::<f64>() < 0.9 { 0.0 } else { rng.random::<f64>() };
            numeric((0..rows).map(value).collect::<Vec<f64>>())
        };
        is_shifted(compare_one(column(2 * seed, 2000), column(2 * seed + 1, 300)))
    });
    // Two standard deviations above 5% are 29 of 400.
    assert!(of_rare <= 29 && of_atom <= 29, "{of_rare} and {of_atom} of {runs}");
}

/// The share of draws without a shift whose p-value is at most so much.
fn rate(draws: u64, at_most: f64, p_value: impl Fn(&mut ChaCha8Rng) -> f64) -> f64 {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    (0..draws).filter(|_| p_value(&mut rng) <= at_most).count() as f64 / draws as f64
}

#[test]
fn tests_of_rounded_numbers_keep_to_their_rate() {
    let sample = |rng: &mut ChaCha8Rng, rows: usize| -> Vec<f64> {
        let sum = |rng: &mut ChaCha8Rng| (0..12).map(|_| rng.random::<f64>()).sum::<f64>();
        let mut values: Vec<f64> = (0..rows).map(|_| sum(rng).round()).collect();
        values.sort_by(f64::total_cmp);
        values
    };
    for test in [Test::KolmogorovSmirnov, Test::AndersonDarling, Test::MannWhitney] {
        let p_value = |rng: &mut ChaCha8Rng| {
            let (reference, production) = (sample(rng, 1000), sample(rng, 200));
            test.of_numbers((&reference).into(), (&production).into()).unwrap().p_value
        };
        let share = rate(600, 0.05, p_value);
        // Two standard deviations are 0.018.
        assert!((0.025..=0.069).contains(&share), "{test:?}: {share}");
    }
}

#[test]
fn far_tails_of_rare_levels_are_not_too_small() {
    // Eight levels of which the rarest have five expected rows, and two levels.
    for (shares, rows) in
        [(&[0.5, 0.2, 0.1, 0.05, 0.05, 0.025, 0.025, 0.05][..], 200), (&[0.96, 0.04][..], 150)]
    {
        for test in [Test::ChiSquared, Test::G, Test::Psi, Test::JensenShannon] {
            let p_value = |rng: &mut ChaCha8Rng| {
                let mut draw = |rows: usize| {
                    let mut counts = vec![0u64; shares.len()];
                    for _ in 0..rows {
                        let mut left = rng.random::<f64>();
                        let level = shares.iter().position(|share| {
                            left -= share;
                            left < 0.0
                        });
                        counts[level.unwrap_or(0)] += 1;
                    }
                    counts
                };
                let (reference, production) = (draw(1500), draw(rows));
                test.of_counts(&reference, &production).unwrap().p_value
            };
            let share = rate(6000, 0.002, p_value);
            assert!(share <= 0.004, "{test:?}, {} levels: {share}", shares.len());
        }
    }
}

#[test]
fn the_index_of_levels_that_vanished_is_one_whatever_the_sizes() {
    let index = |n: u64| Test::Psi.of_counts(&[n, n, 0], &[n, 0, n]).unwrap().effect;
    assert!((index(10_000) / index(1_000_000) - 1.0).abs() < 0.01, "{}", index(1_000_000));
    let distance = |n: u64| Test::JensenShannon.of_counts(&[n, n, 0], &[n, 0, n]).unwrap().effect;
    assert!((distance(100) - distance(1_000_000)).abs() < 1e-12);
}
