use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::{KsMethod, Moments, Sample, ks_two_sample};
use mlops_core::table::{Cell, Column};

fn uniform(seed: u64, n: usize) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..n).map(|_| rng.random()).collect()
}

fn sketch_of(values: &[f64]) -> QuantileSketch {
    let mut sketch = QuantileSketch::default();
    values.chunks(1000).for_each(|part| sketch.extend(part));
    sketch
}

/// The largest distance between the sketch's distribution function and the true one.
fn largest_error(sketch: &QuantileSketch, values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let sample = sketch.sorted();
    assert_eq!(Sample::from(&sample).size(), values.len() as u64);
    ks_two_sample(&sorted, &sample, KsMethod::Asymptotic).unwrap().statistic
}

#[test]
fn few_values_are_kept_as_they_are() {
    let values = uniform(1, 65_536);
    let sketch = sketch_of(&values);
    assert_eq!((sketch.error(), largest_error(&sketch, &values)), (0.0, 0.0));
    let mut more = sketch.clone();
    more.extend(&[0.5]);
    assert!(more.error() > 0.0 && more.len() == 65_537);
}

#[test]
fn a_share_is_right_to_the_stated_error_in_every_order() {
    let n = 1_000_000;
    let rising: Vec<f64> = (0..n).map(f64::from).collect();
    let falling: Vec<f64> = rising.iter().rev().copied().collect();
    let mut shuffled = rising.clone();
    shuffled.shuffle(&mut ChaCha8Rng::seed_from_u64(1));
    let few: Vec<f64> = rising.iter().map(|value| value % 7.0).collect();
    for values in [rising, falling, shuffled, few] {
        let sketch = sketch_of(&values);
        assert!(sketch.error() < 4e-4, "{}", sketch.error());
        let error = largest_error(&sketch, &values);
        assert!(error <= sketch.error(), "{error} > {}", sketch.error());
    }
}

#[test]
fn joined_sketches_are_as_good_as_one() {
    for sizes in [
        vec![300_000, 17, 40_000, 5000, 100_000],
        vec![40_000, 40_000],
        vec![10, 20_000],
        vec![0, 90_000, 0],
    ] {
        let mut joined = QuantileSketch::default();
        let mut values = Vec::new();
        for (part, &size) in sizes.iter().enumerate() {
            let part = uniform(part as u64, size);
            joined.join(&sketch_of(&part));
            values.extend(part);
        }
        assert!(joined.is_sound() && joined.len() == values.len() as u64);
        let error = largest_error(&joined, &values);
        assert!(error <= joined.error() && joined.error() < 6e-4, "{sizes:?}: {error}");
    }
}

#[test]
fn memory_grows_with_the_logarithm_of_the_rows() {
    let mut sketch = QuantileSketch::default();
    let part = uniform(1, 100_000);
    for _ in 0..100 {
        sketch.extend(&part);
    }
    assert!(sketch.error() < 6e-4, "{}", sketch.error());
    let sample = sketch.sorted();
    // Ten million values in twelve levels at most.
    assert!(Sample::from(&sample).values().len() <= 13 * 4096);
}

#[test]
fn equal_input_gives_equal_bytes() {
    let bytes = || serde_json::to_vec(&sketch_of(&uniform(7, 200_000))).unwrap();
    assert!(bytes() == bytes());
}

#[test]
fn a_sketch_does_not_make_a_p_value_too_small() {
    let mut smaller = 0;
    for seed in 0..20 {
        let (mut a, mut b) = (uniform(2 * seed, 200_000), uniform(2 * seed + 1, 150_000));
        let sketches = (sketch_of(&a).sorted(), sketch_of(&b).sorted());
        a.sort_unstable_by(f64::total_cmp);
        b.sort_unstable_by(f64::total_cmp);
        let exact = ks_two_sample(&a, &b, KsMethod::Auto).unwrap();
        let by_sketch = ks_two_sample(&sketches.0, &sketches.1, KsMethod::Auto).unwrap();
        assert!((exact.statistic - by_sketch.statistic).abs() < 1e-3);
        smaller += u32::from(by_sketch.p_value < exact.p_value);
    }
    assert_eq!(smaller, 0);
}

#[test]
fn numbers_know_their_range_mean_and_few_values() {
    let mut profile = Profile::of_columns([("x", Kind::Numeric)]);
    let add = |profile: &mut Profile, values: &[f64]| {
        let mut column = Column::new("x", Kind::Numeric);
        values.iter().for_each(|&value| column.push(Cell::Number(value)));
        profile.add(&Table { columns: vec![column] });
    };
    add(&mut profile, &[3.0, f64::NAN, -1.0]);
    add(&mut profile, &[3.0, 8.0]);
    let ValueProfile::Numeric(numbers) = &profile.columns[0].values else { panic!() };
    let whole = Moments::of(&[3.0, -1.0, 3.0, 8.0]);
    assert_eq!(
        (numbers.range, numbers.distinct(), numbers.moments.n),
        (Some((-1.0, 8.0)), Some(3), 4)
    );
    assert!(
        (numbers.moments.mean - whole.mean).abs() < 1e-15
            && (numbers.moments.sd() - whole.sd()).abs() < 1e-15
    );
    assert_eq!((profile.columns[0].missing, profile.rows), (1, 5));
    let levels = numbers.as_levels().unwrap();
    assert_eq!(levels.iter().collect::<Vec<_>>(), [("3", 2), ("-1", 1), ("8", 1)]);
    add(&mut profile, &uniform(1, 100));
    let ValueProfile::Numeric(numbers) = &profile.columns[0].values else { panic!() };
    assert!(numbers.distinct().is_none() && numbers.as_levels().is_none());
}

#[test]
fn levels_beyond_ten_thousand_are_counted_together() {
    let mut levels = LevelProfile::default();
    levels.count("known", 0);
    (0..20_000).for_each(|i| levels.count(&i.to_string(), 1));
    levels.count("known", 5);
    assert_eq!((levels.len(), levels.others(), levels.total()), (10_000, 10_001, 20_005));
    assert_eq!(levels.iter().next(), Some(("known", 5)));
}

#[test]
fn profiles_of_other_columns_do_not_join() {
    let mut ours = Profile::of_columns([("a", Kind::Numeric), ("b", Kind::Categorical)]);
    let theirs = Profile::of_columns([("a", Kind::Numeric), ("b", Kind::Numeric)]);
    let error = ours.join(&theirs).unwrap_err().to_string();
    assert!(error.contains("`b categorical`"), "{error}");
}

#[test]
fn a_damaged_profile_is_named() {
    let mut sound = Profile::of_columns([("x", Kind::Numeric), ("plan", Kind::Categorical)]);
    let mut x = Column::new("x", Kind::Numeric);
    let mut plan = Column::new("plan", Kind::Categorical);
    for value in uniform(1, 100_000) {
        x.push(Cell::Number(value));
        plan.push(Cell::Text(if value < 0.5 { "a" } else { "b" }));
    }
    sound.add(&Table { columns: vec![x, plan] });
    sound.check().unwrap();
    let as_json = serde_json::to_value(&sound).unwrap();
    for (path, value, column) in [
        ("/columns/0/missing", 160_000.into(), "x"),
        ("/columns/0/missing", 7.into(), "x"),
        ("/columns/0/values/Numeric/sketch/n", 7.into(), "x"),
        ("/columns/0/values/Numeric/sketch/levels/3/5", (-3.0).into(), "x"),
        ("/columns/0/values/Numeric/range", serde_json::Value::Null, "x"),
        ("/columns/1/values/Categorical/others", 3.into(), "plan"),
    ] {
        let mut damaged = as_json.clone();
        *damaged.pointer_mut(path).unwrap_or_else(|| panic!("{path}")) = value;
        let damaged: Profile = serde_json::from_value(damaged).unwrap();
        assert_eq!(
            damaged.check(),
            Err(ProfileError::Damaged { column: column.to_owned() }),
            "{path}"
        );
    }
}
