//! The same customers in both data sets.

use super::*;
use mlops_model::random::Random;

const FEATURES: usize = 5;

/// Whose rows both data sets have.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Whose {
    /// Production has the customers of training.
    Same,
    /// Production has half of the customers of training, and as many others.
    Half,
    /// No customer is in both.
    Others,
    /// No customer is in both, and each has three rows.
    OthersThreeRows,
    /// Production has the customers of training, and each has three rows in both.
    SameThreeRows,
}

/// How the rows of one customer differ.
#[derive(Debug, Clone, Copy)]
struct Case {
    whose: Whose,
    has_ids: bool,
    /// The standard deviation of what changes from row to row of a customer.
    noise: f64,
    /// What numbers are rounded to; 0 for no rounding.
    rounding: f64,
    /// A feature of production is larger by so many standard deviations.
    shift: f64,
}

const SAME: Case =
    Case { whose: Whose::Same, has_ids: true, noise: 0.0, rounding: 0.0, shift: 0.0 };

/// The sum of twelve is as good as normal.
fn normal(random: &mut Random) -> f64 {
    (0..12).map(|_| random.unit()).sum::<f64>() - 6.0
}

fn sides(seed: u64, rows: usize, case: Case) -> [Side; 2] {
    let mut random = Random::new(seed, 40);
    let rows_each = match case.whose {
        Whose::OthersThreeRows | Whose::SameThreeRows => 3,
        _ => 1,
    };
    let customers = rows / rows_each;
    let mut drawn = |_| -> Vec<f64> { (0..FEATURES).map(|_| normal(&mut random)).collect() };
    let known: Vec<Vec<f64>> = (0..2 * customers).map(&mut drawn).collect();
    let in_production = |customer: usize| match case.whose {
        Whose::Same | Whose::SameThreeRows => customer,
        Whose::Half if customer.is_multiple_of(2) => customer,
        _ => customers + customer,
    };
    let mut random = Random::new(seed, 41);
    [false, true].map(|is_production| {
        let names = ["income", "age", "balance", "usage", "tenure"];
        let mut columns: Vec<Column> =
            names.iter().map(|name| Column::new(*name, Kind::Numeric)).collect();
        let mut of_rows = Vec::new();
        for row in 0..rows {
            let customer = row / rows_each;
            let customer = if is_production { in_production(customer) } else { customer };
            of_rows.push(case.has_ids.then_some(customer as u64));
            for (feature, column) in columns.iter_mut().enumerate() {
                let shift = if is_production && feature == 0 { case.shift } else { 0.0 };
                let value = known[customer][feature] + case.noise * normal(&mut random) + shift;
                let rounded = match case.rounding {
                    0.0 => value,
                    rounding => (value / rounding).round() * rounding,
                };
                column.push(Cell::Number(rounded));
            }
        }
        Side { table: Table { columns }, customers: of_rows }
    })
}

fn asked(seed: u64, rows: usize, case: Case) -> Domain {
    let [reference, production] = sides(seed, rows, case);
    tell_apart(reference, production, &domain_policy(), &Progress::none()).unwrap()
}

/// How often the p-value is at most 0.05, how often the verdict is shifted, and the mean score.
fn rates(case: Case, rows: usize, count: u64) -> (u64, u64, f64) {
    let mut found = (0, 0, 0.0);
    for seed in 0..count {
        let domain = asked(seed, rows, case);
        found.0 += u64::from(domain.p_value <= 0.05);
        found.1 += u64::from(domain.verdict == Verdict::Shifted);
        found.2 += domain.score / count as f64;
    }
    found
}

#[test]
fn the_same_customers_are_no_shift() {
    let cases = [
        SAME,
        Case { noise: 0.05, ..SAME },
        Case { has_ids: false, ..SAME },
        Case { has_ids: false, noise: 0.05, ..SAME },
        Case { has_ids: false, rounding: 0.1, ..SAME },
        Case { has_ids: false, rounding: 1.0, ..SAME },
        Case { whose: Whose::Half, ..SAME },
        Case { whose: Whose::Half, has_ids: false, ..SAME },
        Case { whose: Whose::Others, ..SAME },
        Case { whose: Whose::Others, has_ids: false, rounding: 1.0, ..SAME },
        Case { whose: Whose::SameThreeRows, has_ids: false, noise: 0.05, ..SAME },
        Case { whose: Whose::OthersThreeRows, has_ids: false, noise: 0.05, ..SAME },
    ];
    for case in cases {
        let (alarms, shifted, score) = rates(case, 600, 40);
        // Five in a hundred, and what chance adds to that.
        assert!(alarms <= 6 && shifted == 0, "{alarms} and {shifted} of 40: {case:?}");
        assert!((score - 0.5).abs() < 0.02, "mean score {score:.3}: {case:?}");
    }
}

#[test]
fn a_shift_of_the_same_customers_is_found() {
    let shifted = Case { shift: 0.5, ..SAME };
    let cases = [
        shifted,
        Case { noise: 0.05, ..shifted },
        Case { has_ids: false, ..shifted },
        Case { has_ids: false, noise: 0.05, ..shifted },
        Case { has_ids: false, rounding: 0.1, ..shifted },
        Case { whose: Whose::Half, has_ids: false, ..shifted },
        Case { whose: Whose::SameThreeRows, has_ids: false, noise: 0.05, ..shifted },
    ];
    for case in cases {
        let (found, shifted, score) = rates(case, 1500, 10);
        assert!(found >= 9 && shifted >= 9, "{found} and {shifted} of 10, {score:.3}: {case:?}");
    }
}

#[test]
fn customers_on_both_sides_are_counted() {
    assert_eq!(asked(1, 400, SAME).customers_on_both_sides, 400);
    let half = Case { whose: Whose::Half, ..SAME };
    assert_eq!(asked(1, 400, half).customers_on_both_sides, 200);
    assert_eq!(asked(1, 400, Case { has_ids: false, ..SAME }).customers_on_both_sides, 0);
}

#[test]
fn twins_that_cannot_be_matched_are_no_verdict() {
    // One level of six a customer, which cannot name the customer, and a number that hardly can.
    let mut random = Random::new(3, 0);
    let mut columns = [Column::new("plan", Kind::Categorical), Column::new("noise", Kind::Numeric)];
    for _ in 0..3000 {
        columns[0].push(Cell::Text(["a", "b", "c", "d", "e", "f"][random.below(6)]));
        columns[1].push(Cell::Number(random.unit()));
    }
    let blurred = |random: &mut Random| {
        let mut column = Column::new("noise", Kind::Numeric);
        let numbers: Vec<f64> = match &columns[1].values {
            mlops_core::table::Values::Numeric(numbers) => numbers.clone(),
            _ => unreachable!(),
        };
        numbers.iter().for_each(|it| column.push(Cell::Number(it + 0.02 * normal(random))));
        column
    };
    let production = Table { columns: vec![columns[0].clone(), blurred(&mut random)] };
    let reference = Table { columns: columns.to_vec() };
    let found =
        tell_apart(reference.into(), production.into(), &domain_policy(), &Progress::none())
            .unwrap();
    let why = found.verdict.why().unwrap_or_default();
    assert!(why.contains("below 0.5") && why.contains("--unit"), "{found:?}");
}

#[test]
fn a_relation_of_the_same_customers_is_unchanged() {
    // Outcomes that stay with their customers, so that a model that saw one knows the other.
    let count = (0..20)
        .filter(|&seed| {
            let (table, labels) = customers(seed + 500, 1500, World::default());
            let side = Side { table, customers: (0..1500).map(Some).collect() };
            let params = BoostingParams { rounds: 60, leaves: 31, ..BoostingParams::default() };
            let recipe = Recipe::new(Learner::GradientBoosting(params));
            let found = relation_shift(
                (&side, &labels),
                (&side, &labels),
                &recipe,
                &domain_policy(),
                &RelationPolicy::default(),
                &Progress::none(),
            );
            found.unwrap().verdict == Verdict::Shifted
        })
        .count();
    assert!(count <= 2, "{count} of 20");
}
