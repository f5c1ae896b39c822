//! The effect of daily runs on false alarms, and the cost of limiting them.
//!
//! `cargo run --release -p mlops-detect --example looks` simulates years of daily runs over 28
//! features, of which 9 are numeric. With nothing moved it counts the years with any alarm; with
//! one feature moved by 0.2 standard deviations from the first day on, the days until the alarm.
//! All rules see the same data, and the p-values of the very comparison that `drift` makes.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program to look at figures with")]

use std::collections::VecDeque;

use mlops_core::table::{Cell, Column, Kind, Table};
use mlops_detect::shift::{FeatureShift, ShiftPolicy, compare};
use mlops_stats::profile::Profile;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

const DAYS: usize = 365;
const NUMERIC: usize = 9;
const CATEGORICAL: usize = 19;
const LEVELS: [&str; 4] = ["level_1", "level_2", "level_3", "level_4"];
/// So many that p-values are asymptotic, which is faster by far.
const REFERENCE_ROWS: usize = 12_000;
const ROWS_A_DAY: usize = 300;
const WINDOW_DAYS: usize = 7;
const MIN_EFFECT: f64 = 0.03;

/// A rule that a daily run may judge by.
struct Rule {
    name: &'static str,
    looks: u32,
    window_days: usize,
}

const RULES: [Rule; 4] = [
    Rule { name: "each day at 5%", looks: 1, window_days: 1 },
    Rule { name: "each day, 5% a year", looks: 365, window_days: 1 },
    Rule { name: "the last 7 days at 5%", looks: 1, window_days: WINDOW_DAYS },
    Rule { name: "the last 7 days, 5% a year", looks: 365, window_days: WINDOW_DAYS },
];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let years: u64 = arguments.get(1).map_or(500, |years| years.parse().unwrap());
    println!(
        "{years} years of {DAYS} days, {ROWS_A_DAY} rows a day, {REFERENCE_ROWS} training rows\n"
    );
    println!("{:<28} {:>22} {:>22}", "rule", "years with an alarm", "days until an alarm");
    let halves: Vec<Counts> = std::thread::scope(|scope| {
        let thread = |first: u64| scope.spawn(move || simulate((first..years).step_by(2)));
        let threads = [thread(0), thread(1)];
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for (index, rule) in RULES.iter().enumerate() {
        let alarmed: u64 = halves.iter().map(|half| half.alarmed[index]).sum();
        let delays: Vec<usize> =
            halves.iter().flat_map(|half| half.delays[index].iter().copied()).collect();
        let share = 100.0 * alarmed as f64 / years as f64;
        let mean = delays.iter().sum::<usize>() as f64 / delays.len().max(1) as f64;
        println!("{:<28} {share:>21.1}% {mean:>22.1}", rule.name);
    }
}

/// By rule.
struct Counts {
    alarmed: Vec<u64>,
    delays: Vec<Vec<usize>>,
}

fn simulate(years: impl Iterator<Item = u64>) -> Counts {
    let mut counts =
        Counts { alarmed: vec![0; RULES.len()], delays: vec![Vec::new(); RULES.len()] };
    for year in years {
        for (index, first) in first_alarms(year, 0.0, DAYS).into_iter().enumerate() {
            counts.alarmed[index] += u64::from(first.is_some());
        }
        for (index, first) in first_alarms(year, 0.2, DAYS).into_iter().enumerate() {
            counts.delays[index].push(first.unwrap_or(DAYS));
        }
    }
    counts
}

/// The first day with an alarm, by rule, until all have had one.
fn first_alarms(seed: u64, moved_by: f64, days: usize) -> Vec<Option<usize>> {
    let mut random = ChaCha8Rng::seed_from_u64(2 * seed + u64::from(moved_by > 0.0));
    let reference = profile(&mut random, REFERENCE_ROWS, 0.0);
    let mut window: VecDeque<Profile> = VecDeque::new();
    let mut first = vec![None; RULES.len()];
    let policy = ShiftPolicy::new(0.05, MIN_EFFECT, 50).unwrap();
    for day in 1..=days {
        window.push_back(profile(&mut random, ROWS_A_DAY, moved_by));
        if window.len() > WINDOW_DAYS {
            window.pop_front();
        }
        let mut whole = window[0].clone();
        window.iter().skip(1).for_each(|day| whole.join(day).unwrap());
        let today = compare(&reference, &window[window.len() - 1], &policy);
        let week = compare(&reference, &whole, &policy);
        for (first, rule) in first.iter_mut().zip(&RULES).filter(|(first, _)| first.is_none()) {
            let found = if rule.window_days == 1 { &today } else { &week };
            let level = policy.with_looks(rule.looks).unwrap().significance();
            let is_alarm = |feature: &FeatureShift| {
                feature.p_value_adjusted.is_some_and(|p| p <= level)
                    && feature.effect.is_some_and(|effect| effect >= MIN_EFFECT)
            };
            *first = found.features.iter().any(is_alarm).then_some(day);
        }
        if first.iter().all(Option::is_some) {
            break;
        }
    }
    first
}

fn profile(random: &mut impl Rng, rows: usize, moved_by: f64) -> Profile {
    let numeric = (0..NUMERIC).map(|i| Column::new(format!("n{i}"), Kind::Numeric));
    let categorical = (0..CATEGORICAL).map(|i| Column::new(format!("c{i}"), Kind::Categorical));
    let mut table = Table { columns: numeric.chain(categorical).collect() };
    for (index, column) in table.columns.iter_mut().enumerate() {
        for _ in 0..rows {
            if column.kind() == Kind::Numeric {
                let value: f64 = StandardNormal.sample(random);
                column.push(Cell::Number(if index == 0 { value + moved_by } else { value }));
            } else {
                column.push(Cell::Text(LEVELS[random.random_range(0..LEVELS.len())]));
            }
        }
    }
    let kinds = table.columns.iter().map(|column| (column.name.as_str(), column.kind()));
    let mut profile = Profile::of_columns(kinds);
    profile.add(&table);
    profile
}
