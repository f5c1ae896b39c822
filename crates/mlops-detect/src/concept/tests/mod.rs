mod customers;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use super::*;
use mlops_core::table::{Cell, Column, Kind, Table};
use mlops_core::verdict::Verdict;
use mlops_model::{BoostingParams, ForestParams, Learner, Progress, Recipe};

/// What the world is like.
#[derive(Debug, Clone, Copy, Default)]
struct World {
    /// How much older the customers are, in standard deviations.
    older: f64,
    /// How much more those of plan `b` leave, in log-odds.
    plan: f64,
    /// How much more everybody leaves, in log-odds.
    all: f64,
}

fn customers(seed: u64, rows: usize, world: World) -> (Table, Vec<bool>) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let columns = [
        ("age", Kind::Numeric),
        ("plan", Kind::Categorical),
        ("spent", Kind::Numeric),
        ("noise", Kind::Numeric),
    ];
    let mut table = Table { columns: columns.map(|(name, kind)| Column::new(name, kind)).into() };
    let mut labels = Vec::with_capacity(rows);
    for _ in 0..rows {
        // The sum of twelve is as good as normal.
        let age: f64 = (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0 + world.older;
        let plan = ["a", "b", "c", "d"][random.random_range(0..4)];
        let spent = random.random::<f64>();
        let mut odds = -0.8 * age + 1.5 * spent - 1.0 + world.all;
        odds += if plan == "b" { 0.5 + world.plan } else { 0.0 };
        labels.push(random.random::<f64>() < 1.0 / (1.0 + (-odds).exp()));
        let noise = random.random::<f64>();
        let cells = [Cell::Number(age), Cell::Text(plan), Cell::Number(spent), Cell::Number(noise)];
        for (column, cell) in table.columns.iter_mut().zip(cells) {
            column.push(if random.random::<f64>() < 0.03 { Cell::Missing } else { cell });
        }
    }
    (table, labels)
}

fn domain_policy() -> DomainPolicy {
    let forest = ForestParams { trees: 20, max_depth: Some(6), ..ForestParams::default() };
    DomainPolicy { forest, ..DomainPolicy::default() }
}

fn domain(seed: u64, rows: usize, world: World) -> Domain {
    let (reference, _) = customers(2 * seed, rows, World::default());
    let (production, _) = customers(2 * seed + 1, rows, world);
    tell_apart(reference.into(), production.into(), &domain_policy(), &Progress::none()).unwrap()
}

fn relation(seed: u64, rows: usize, world: World) -> Relation {
    let (reference, of_reference) = customers(2 * seed + 1_000_000, rows, World::default());
    let (production, of_production) = customers(2 * seed + 1_000_001, rows, world);
    let params = BoostingParams { rounds: 30, leaves: 6, ..BoostingParams::default() };
    let recipe = Recipe::new(Learner::GradientBoosting(params));
    let (reference, production) = (Side::from(reference), Side::from(production));
    let (then, now) =
        ((&reference, of_reference.as_slice()), (&production, of_production.as_slice()));
    relation_shift(
        then,
        now,
        &recipe,
        &domain_policy(),
        &RelationPolicy::default(),
        &Progress::none(),
    )
    .unwrap()
}

fn share(count: u64, is: impl Fn(u64) -> bool) -> f64 {
    (0..count).filter(|seed| is(*seed)).count() as f64 / count as f64
}

#[test]
fn the_tests_agree_with_statsmodels() {
    let golden: Value =
        serde_json::from_str(include_str!("../../../golden/relation.json")).unwrap();
    let numbers = |name: &str| -> Vec<f64> {
        golden[name].as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect()
    };
    let (level, score, label) = (numbers("level"), numbers("score"), numbers("label"));
    let mut table = Table { columns: vec![Column::new("level", Kind::Categorical)] };
    level
        .iter()
        .for_each(|level| table.columns[0].push(Cell::Text(["a", "b", "c"][*level as usize])));
    let labels: Vec<bool> = label.iter().map(|label| *label == 1.0).collect();
    let probabilities: Vec<f64> = score.iter().map(|score| 1.0 / (1.0 + (-score).exp())).collect();
    let (then, now): (Vec<usize>, Vec<usize>) = ((0..500).collect(), (500..1000).collect());
    let (then, now) = (table.take(&then), table.take(&now));
    let reference =
        Period { table: &then, labels: &labels[..500], probabilities: &probabilities[..500] };
    let production =
        Period { table: &now, labels: &labels[500..], probabilities: &probabilities[500..] };
    let found = compare_relations(&reference, &production, &RelationPolicy::default()).unwrap();
    let check = |ours: f64, theirs: &Value| {
        let theirs = theirs.as_f64().unwrap();
        assert!((ours - theirs).abs() <= 1e-8 * theirs.abs().max(1.0), "{ours} and {theirs}");
    };
    check(found.features[0].statistic, &golden["interaction"]["statistic"]);
    check(found.features[0].p_value, &golden["interaction"]["p_value"]);
    let recalibration = found.recalibration.unwrap();
    check(recalibration.statistic, &golden["recalibration"]["statistic"]);
    check(recalibration.p_value, &golden["recalibration"]["p_value"]);
    for (ours, theirs) in
        [(recalibration.reference, "reference"), (recalibration.production, "production")]
    {
        let theirs = &golden["recalibration"][theirs];
        check(ours.intercept, &theirs["intercept"]);
        check(ours.slope, &theirs["slope"]);
        for end in 0..2 {
            check(ours.intercept_interval[end], &theirs["intercept_interval"][end]);
            check(ours.slope_interval[end], &theirs["slope_interval"][end]);
        }
    }
}

#[test]
fn rows_of_one_kind_are_not_told_apart() {
    let (mut alarms, mut above) = (0, 0);
    for seed in 0..200 {
        let found = domain(seed, 400, World::default());
        assert_ne!(found.verdict, Verdict::Shifted, "{found:?}");
        alarms += u32::from(found.p_value <= 0.05);
        above += u32::from(found.low > 0.5 || found.high < 0.5);
    }
    // Five in a hundred at most, and what chance adds to that.
    assert!(alarms <= 16 && above <= 16, "{alarms}, {above}");
}

#[test]
fn other_rows_are_told_apart_and_by_what() {
    let found = domain(1, 2000, World { older: 0.8, ..World::default() });
    assert_eq!(found.verdict, Verdict::Shifted, "{found:?}");
    assert!(found.low > 0.6 && found.score < found.high && found.p_value < 1e-9, "{found:?}");
    assert_eq!(found.features[0].feature, "age");
    assert!(found.features[0].auc > 0.65 && found.features[1].auc < 0.55, "{:?}", found.features);
    assert_eq!(found.artifact, None);
    let again = domain(1, 2000, World { older: 0.8, ..World::default() });
    assert_eq!(found, again);
}

#[test]
fn a_mistake_in_a_pipeline_is_no_shift() {
    let (reference, _) = customers(1, 600, World::default());
    let (mut production, _) = customers(2, 600, World::default());
    let mut id = reference.clone();
    for (table, base) in [(&mut id, 0.0), (&mut production, 1e6)] {
        let mut column = Column::new("row", Kind::Numeric);
        (0..600).for_each(|row| column.push(Cell::Number(base + f64::from(row))));
        table.columns.push(column);
    }
    let found =
        tell_apart(id.into(), production.into(), &domain_policy(), &Progress::none()).unwrap();
    assert_eq!(found.artifact.as_deref(), Some("row"));
    assert!(found.verdict.why().unwrap().contains("row alone"), "{found:?}");
}

#[test]
fn few_rows_say_nothing() {
    let found = domain(3, 150, World { older: 2.0, ..World::default() });
    assert!(found.verdict.why().unwrap().contains("too few rows: 150"), "{found:?}");
    let small = domain(3, 220, World { older: 0.3, ..World::default() });
    assert!(small.verdict.why().unwrap().contains("more rows are needed"), "{small:?}");
    assert!(
        relation(3, 150, World::default())
            .verdict
            .why()
            .unwrap()
            .contains("too few outcomes: 150 rows")
    );
}

#[test]
fn other_rows_are_no_other_relation() {
    let shifted = World { older: 0.7, ..World::default() };
    let any = share(40, |seed| relation(seed, 3000, shifted).verdict == Verdict::Shifted);
    assert!(any <= 0.1, "{any}");
    let none =
        share(40, |seed| relation(seed + 100, 3000, World::default()).verdict == Verdict::Shifted);
    assert!(none <= 0.1, "{none}");
    assert_eq!(domain(4, 3000, shifted).verdict, Verdict::Shifted);
}

#[test]
fn another_relation_is_found_where_the_rows_are_alike() {
    let changed = World { plan: 1.2, ..World::default() };
    let found = relation(5, 3000, changed);
    assert_eq!(found.verdict, Verdict::Shifted);
    let first = &found.features[0];
    assert_eq!((first.feature.as_str(), first.shifted), ("plan", true));
    let most = first.most.as_ref().unwrap();
    assert!(
        most.value == "b" && most.observed_production > most.predicted_production + 0.15,
        "{most:?}"
    );
    assert!(most.text().contains("in training"), "{}", most.text());
    assert!(found.features[1..].iter().all(|feature| !feature.shifted), "{:?}", found.features);
    assert_eq!(domain(5, 3000, changed).verdict, Verdict::Stable);
    let gain = found.label_gain.unwrap();
    assert!(gain.interval[0] > 0.0 && gain.with - gain.without == gain.difference, "{gain:?}");
    let none = relation(7, 3000, World::default()).label_gain.unwrap();
    assert!(none.interval[0] < 0.0 && none.interval[1] > 0.0, "{none:?}");
    // The same for everybody: no feature, but the scores.
    let all = relation(6, 3000, World { all: 0.6, ..World::default() });
    let recalibration = all.recalibration.unwrap();
    assert!(
        recalibration.shifted && recalibration.production.intercept_interval[0] > 0.2,
        "{recalibration:?}"
    );
    assert!(all.features.iter().all(|feature| !feature.shifted), "{:?}", all.features);
}
