//! Reference values of scipy and mpmath, and the battery that every test of two samples must pass.

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use super::*;

/// Where the definition is the same the last digits may differ, no more.
const RELATIVE: f64 = 1e-9;

fn golden(section: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("../golden/stats.json")).unwrap();
    let cases = all[section].as_array().unwrap().clone();
    assert!(!cases.is_empty(), "{section}");
    cases
}

fn check_close(what: &str, ours: f64, theirs: f64) {
    let close = ours == theirs || (ours - theirs).abs() <= RELATIVE * theirs.abs();
    assert!(close, "{what}: {ours:e}, the reference has {theirs:e}");
}

fn numbers(values: &Value) -> Vec<f64> {
    values
        .as_array()
        .unwrap()
        .iter()
        .map(|value| value.as_str().unwrap().parse().unwrap())
        .collect()
}

/// `sequence` of `golden/make.py`.
fn sequence(rule: &Value) -> Vec<f64> {
    let (n, step) = (rule[0].as_u64().unwrap(), rule[1].as_u64().unwrap());
    let offset = rule[2].as_f64().unwrap();
    let mut values: Vec<f64> =
        (0..n).map(|i| (i * step % 10007) as f64 / 10007.0 + offset).collect();
    values.sort_by(f64::total_cmp);
    values
}

#[test]
fn ks_agrees_with_scipy_on_small_samples() {
    for case in golden("ks_small") {
        let method = match case["method"].as_str().unwrap() {
            "exact" => KsMethod::Exact,
            "asymp" => KsMethod::Asymptotic,
            _ => KsMethod::Auto,
        };
        let test =
            ks_two_sample(&numbers(&case["reference"]), &numbers(&case["production"]), method)
                .unwrap();
        check_close(&format!("D of {case}"), test.statistic, case["statistic"].as_f64().unwrap());
        check_close(&format!("p of {case}"), test.p_value, case["p_value"].as_f64().unwrap());
    }
}

#[test]
fn ks_agrees_with_scipy_on_large_samples() {
    for case in golden("ks_large") {
        let test = ks_two_sample(
            &sequence(&case["reference"]),
            &sequence(&case["production"]),
            KsMethod::Auto,
        )
        .unwrap();
        check_close(&format!("D of {case}"), test.statistic, case["statistic"].as_f64().unwrap());
        check_close(&format!("p of {case}"), test.p_value, case["p_value"].as_f64().unwrap());
    }
}

#[test]
fn kolmogorov_law_agrees_with_scipy() {
    for case in golden("kstwo_sf") {
        let ours = kolmogorov_sf(case[0].as_u64().unwrap(), case[1].as_f64().unwrap());
        check_close(&case.to_string(), ours, case[2].as_f64().unwrap());
    }
}

#[test]
fn smirnov_law_agrees_with_60_digits() {
    for case in golden("smirnov_sf") {
        let ours = smirnov_sf(case[0].as_u64().unwrap(), case[1].as_f64().unwrap());
        check_close(&case.to_string(), ours, case[2].as_f64().unwrap());
    }
}

fn counts(row: &Value) -> Vec<u64> {
    row.as_array().unwrap().iter().map(|count| count.as_u64().unwrap()).collect()
}

#[test]
fn chi_squared_agrees_with_scipy() {
    for case in golden("chi_squared") {
        let continuity = if case["yates"] == true { Continuity::Yates } else { Continuity::None };
        let test = chi_squared_homogeneity(
            &counts(&case["table"][0]),
            &counts(&case["table"][1]),
            continuity,
        )
        .unwrap();
        check_close(
            &format!("statistic of {case}"),
            test.statistic,
            case["statistic"].as_f64().unwrap(),
        );
        check_close(&format!("p of {case}"), test.p_value, case["p_value"].as_f64().unwrap());
        check_close(&format!("V of {case}"), test.cramers_v, case["cramers_v"].as_f64().unwrap());
        assert_eq!(
            test.degrees_of_freedom as u64,
            case["degrees_of_freedom"].as_u64().unwrap(),
            "{case}"
        );
    }
}

#[test]
fn chi_squared_tails_agree_with_60_digits() {
    for case in golden("chi_squared_tails") {
        let ours = chi_squared::chi_squared_sf(
            case[1].as_f64().unwrap(),
            case[0].as_u64().unwrap() as usize,
        );
        check_close(&case.to_string(), ours, case[2].as_f64().unwrap());
    }
}

fn floats(values: &Value) -> Vec<f64> {
    values.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

#[test]
fn corrections_agree_with_statsmodels() {
    for case in golden("corrections") {
        let p_values = floats(&case["p_values"]);
        assert_eq!(Correction::None.adjust(&p_values), p_values);
        for correction in [Correction::Bonferroni, Correction::Holm, Correction::BenjaminiHochberg]
        {
            let ours = correction.adjust(&p_values);
            for (ours, theirs) in ours.into_iter().zip(floats(&case[correction.name()])) {
                check_close(&format!("{} of {case}", correction.name()), ours, theirs);
            }
        }
    }
}

#[test]
fn numeric_statistics_agree_with_scipy() {
    for case in golden("numeric") {
        let (a, b) = (numbers(&case["reference"]), numbers(&case["production"]));
        let name = case["case"].as_str().unwrap();
        let test = mann_whitney(&a, &b).unwrap();
        check_close(
            &format!("U of {name}"),
            test.statistic,
            case["mann_whitney"][0].as_f64().unwrap(),
        );
        check_close(
            &format!("p of U of {name}"),
            test.p_value,
            case["mann_whitney"][1].as_f64().unwrap(),
        );
        let test = anderson_darling(&a, &b).unwrap();
        check_close(
            &format!("A² of {name}"),
            test.statistic,
            case["anderson_darling"].as_f64().unwrap(),
        );
        check_close(
            &format!("W of {name}"),
            wasserstein(&a, &b).unwrap(),
            case["wasserstein"].as_f64().unwrap(),
        );
        let moments = Moments::of(&a);
        check_close(&format!("mean of {name}"), moments.mean, case["moments"][0].as_f64().unwrap());
        check_close(&format!("sd of {name}"), moments.sd(), case["moments"][1].as_f64().unwrap());
    }
}

#[test]
fn anderson_darling_law_agrees_with_80_digits() {
    for case in golden("anderson_darling_sf") {
        check_close(
            &case.to_string(),
            anderson_darling_sf(case[0].as_f64().unwrap()),
            case[1].as_f64().unwrap(),
        );
    }
    assert_eq!(anderson_darling_sf(0.0), 1.0);
    assert_eq!(anderson_darling_sf(1e4), 0.0);
    assert!(anderson_darling_sf(f64::NAN).is_nan());
}

#[test]
fn level_statistics_agree_with_scipy() {
    for case in golden("levels") {
        let (a, b) = (counts(&case["table"][0]), counts(&case["table"][1]));
        let check = |what: &str, ours: (f64, f64)| {
            check_close(&format!("{what} of {case}"), ours.0, case[what][0].as_f64().unwrap());
            check_close(&format!("p of {what} of {case}"), ours.1, case[what][1].as_f64().unwrap());
        };
        let test = g_test_homogeneity(&a, &b).unwrap();
        check("g", (test.statistic, test.p_value));
        let apart = jensen_shannon(&a, &b).unwrap();
        check("jensen_shannon", (apart.distance, apart.p_value));
        let index = psi(&a, &b).unwrap();
        check("psi", (index.statistic, index.p_value));
        check_close(
            &case.to_string(),
            total_variation(&a, &b).unwrap(),
            case["total_variation"].as_f64().unwrap(),
        );
    }
}

#[test]
fn quantile_bins_share_the_reference_out() {
    let reference: Vec<f64> = (0..1000).map(f64::from).collect();
    let edges = quantile_edges(&reference, 10).unwrap();
    assert_eq!(edges, [99.0, 199.0, 299.0, 399.0, 499.0, 599.0, 699.0, 799.0, 899.0]);
    assert_eq!(bin_counts(&reference, &edges), [100; 10]);
    assert_eq!(bin_counts(&[-1e300, 99.0, 100.0, 1e300], &edges), [2, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
    assert!(quantile_edges(&[5.0; 40], 10).unwrap().is_empty());
    assert_eq!(quantile_edges(&[1.0, 1.0, 1.0, 1.0, 2.0], 4).unwrap(), [1.0]);
    assert!(quantile_edges(&[], 10).is_err());
}

/// A statistic as the battery sees it: two samples of level numbers to a statistic and a p-value.
struct Candidate {
    name: &'static str,
    run: fn(&[u32], &[u32]) -> Outcome,
}

type Outcome = Result<(f64, f64), StatisticError>;

const LEVELS: u32 = 12;

const CANDIDATES: [Candidate; 7] = [
    Candidate {
        name: "kolmogorov_smirnov",
        run: |a, b| {
            ks_two_sample(&sorted(a), &sorted(b), KsMethod::Auto)
                .map(|test| (test.statistic, test.p_value))
        },
    },
    Candidate {
        name: "mann_whitney",
        // U itself is of one side; what the battery wants is a distance.
        run: |a, b| {
            mann_whitney(&sorted(a), &sorted(b))
                .map(|test| ((test.superiority - 0.5).abs(), test.p_value))
        },
    },
    Candidate {
        name: "anderson_darling",
        run: |a, b| {
            anderson_darling(&sorted(a), &sorted(b)).map(|test| (test.statistic, test.p_value))
        },
    },
    Candidate {
        name: "chi_squared",
        run: |a, b| {
            chi_squared_homogeneity(&count(a), &count(b), Continuity::None)
                .map(|test| (test.statistic, test.p_value))
        },
    },
    Candidate {
        name: "g_test",
        run: |a, b| {
            g_test_homogeneity(&count(a), &count(b)).map(|test| (test.statistic, test.p_value))
        },
    },
    Candidate {
        name: "jensen_shannon",
        run: |a, b| {
            jensen_shannon(&count(a), &count(b)).map(|apart| (apart.distance, apart.p_value))
        },
    },
    Candidate {
        name: "psi",
        run: |a, b| psi(&count(a), &count(b)).map(|index| (index.statistic, index.p_value)),
    },
];

fn sorted(sample: &[u32]) -> Vec<f64> {
    let mut values: Vec<f64> = sample.iter().map(|&value| f64::from(value)).collect();
    values.sort_by(f64::total_cmp);
    values
}

fn count(sample: &[u32]) -> Vec<u64> {
    let mut counts = vec![0; 2 * LEVELS as usize];
    sample.iter().for_each(|&value| counts[value as usize] += 1);
    counts
}

fn sample(rng: &mut ChaCha8Rng, n: usize, shift: u32) -> Vec<u32> {
    (0..n).map(|_| rng.random_range(0..LEVELS) + shift).collect()
}

#[test]
fn identical_samples_have_statistic_0_and_p_1() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for candidate in &CANDIDATES {
        for n in [1, 2, 17, 400] {
            let values = sample(&mut rng, n, 0);
            let (statistic, p_value) = (candidate.run)(&values, &values).unwrap();
            assert!(
                statistic.abs() < 1e-12 && (p_value - 1.0).abs() < 1e-12,
                "{} n={n}: {p_value}",
                candidate.name
            );
        }
    }
}

#[test]
fn the_order_of_rows_does_not_matter() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for candidate in &CANDIDATES {
        let (mut a, mut b) = (sample(&mut rng, 300, 0), sample(&mut rng, 200, 1));
        let before = (candidate.run)(&a, &b).unwrap();
        a.shuffle(&mut rng);
        b.shuffle(&mut rng);
        assert_eq!((candidate.run)(&a, &b).unwrap(), before, "{}", candidate.name);
    }
}

#[test]
fn swapping_the_samples_changes_nothing() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    for candidate in &CANDIDATES {
        let (a, b) = (sample(&mut rng, 300, 0), sample(&mut rng, 200, 1));
        let (one, other) = ((candidate.run)(&a, &b).unwrap(), (candidate.run)(&b, &a).unwrap());
        check_close(candidate.name, one.0, other.0);
        check_close(candidate.name, one.1, other.1);
    }
}

#[test]
fn p_values_stay_in_bounds_and_fall_with_a_growing_shift() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    for candidate in &CANDIDATES {
        for n in [5, 80, 3000] {
            let a = sample(&mut rng, n, 0);
            let b = sample(&mut rng, n, 0);
            let mut last = f64::INFINITY;
            for shift in [0, 2, 4, 8] {
                let moved: Vec<u32> = b.iter().map(|value| value + shift).collect();
                let (_, p_value) = (candidate.run)(&a, &moved).unwrap();
                assert!((0.0..=1.0).contains(&p_value), "{} n={n}: {p_value}", candidate.name);
                // A handful of rows says little either way.
                assert!(
                    n < 80 || p_value <= last,
                    "{} n={n} shift={shift}: {p_value} > {last}",
                    candidate.name
                );
                last = p_value;
            }
        }
    }
}

#[test]
fn constant_and_single_samples_that_agree_show_nothing() {
    for candidate in &CANDIDATES {
        for (n, m) in [(1, 1), (1, 50), (9, 4)] {
            let (_, p_value) = (candidate.run)(&vec![3; n], &vec![3; m]).unwrap();
            assert!((p_value - 1.0).abs() < 1e-12, "{} {n} against {m}: {p_value}", candidate.name);
        }
    }
}

#[test]
fn empty_samples_are_refused() {
    for candidate in &CANDIDATES {
        for (a, b) in [(vec![], vec![1]), (vec![1], vec![]), (vec![], vec![])] {
            let error = (candidate.run)(&a, &b).unwrap_err();
            assert!(matches!(error, StatisticError::Empty { .. }), "{}: {error}", candidate.name);
        }
    }
}

#[test]
fn without_a_shift_p_values_are_uniform() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    for candidate in &CANDIDATES {
        // Ties make the Kolmogorov–Smirnov test conservative: on 12 levels its p-values lean to 1,
        // which is no error.
        let mut p_values: Vec<f64> = (0..1500)
            .map(|_| {
                (candidate.run)(&sample(&mut rng, 700, 0), &sample(&mut rng, 400, 0)).unwrap().1
            })
            .collect();
        p_values.sort_by(f64::total_cmp);
        for level in [0.01, 0.05, 0.2] {
            let alarms = p_values.partition_point(|&p| p <= level) as f64 / 1500.0;
            let three_sigma = 3.0 * (level * (1.0 - level) / 1500.0_f64).sqrt();
            assert!(alarms <= level + three_sigma, "{} at {level}: {alarms}", candidate.name);
            let is_exact_law = candidate.name == "chi_squared";
            assert!(
                !is_exact_law || alarms >= level - three_sigma,
                "{} at {level}: {alarms}",
                candidate.name
            );
        }
    }
}

#[test]
fn ks_p_values_of_continuous_samples_are_uniform() {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let mut draw = |n: usize| {
        let mut values: Vec<f64> = (0..n).map(|_| rng.random()).collect();
        values.sort_by(f64::total_cmp);
        values
    };
    for (n, m) in [(40, 55), (300, 200)] {
        let alarms = (0..2000)
            .filter(|_| ks_two_sample(&draw(n), &draw(m), KsMethod::Auto).unwrap().p_value <= 0.05)
            .count() as f64
            / 2000.0;
        // The statistic takes few values, so the exact level lies a little below the nominal one.
        assert!((0.03..=0.065).contains(&alarms), "{n} against {m}: {alarms}");
    }
}

#[test]
fn nan_is_refused_by_name() {
    let error = ks_two_sample(&[1.0], &[2.0, f64::NAN], KsMethod::Auto).unwrap_err();
    assert_eq!(error, StatisticError::NotANumber { sample: "production" });
}

#[test]
fn rows_of_different_width_are_refused() {
    let error = chi_squared_homogeneity(&[1, 2], &[1, 2, 3], Continuity::None).unwrap_err();
    assert_eq!(error, StatisticError::Levels { reference: 2, production: 3 });
}
