//! Costs and benefits of retrain policies.
//!
//! `cargo run --release -p mlops-detect --example retrain_policies` simulates three years of 300
//! requests a day, whose outcomes are known after thirty days. Twice the world changes: on day 300
//! the relation of the target to two features, on day 700 the customers and the relation. The rest
//! is chance. Each policy has the same requests; a new model is fitted to the outcomes of the last
//! sixty days, and is released unless the gate finds it worse. A day is degraded if the model's log
//! loss is more than 0.02 above that of the true probabilities.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program to look at figures with")]

use jiff::{SignedDuration, Timestamp};
use mlops_core::ports::{RetrainHistory, RetrainStatus, StandingRequest};
use mlops_core::table::{Cell, Column, Kind, Table};
use mlops_core::verdict::Verdict;
use mlops_detect::performance::{PerformancePolicy, TrainingFigures, judge, realised};
use mlops_detect::policy::{Answer, CALENDAR, RetrainPolicy, Situation};
use mlops_detect::shift::{RetrainAdvice, RetrainRule, ShiftPolicy, compare};
use mlops_model::metrics::{Metrics, loss_difference, row_log_loss};
use mlops_model::{Model, Progress, Recipe, Schema};
use mlops_stats::profile::Profile;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

const DAYS: usize = 3 * 365;
const CHANGES: [usize; 2] = [300, 700];
const ROWS_A_DAY: usize = 300;
const HORIZON_DAYS: usize = 30;
const LEARNT_DAYS: usize = 60;
const NUMERIC: usize = 5;
const LEVELS: [&str; 4] = ["a", "b", "c", "d"];
const RECIPE: &str = "learner = \"logistic-regression\"\n[params]\n";

/// The requests of one day, with what becomes of them.
struct Day {
    table: Table,
    chances: Vec<f64>,
    labels: Vec<bool>,
}

fn era(day: usize) -> usize {
    CHANGES.iter().filter(|change| day >= **change).count()
}

fn day(random: &mut impl Rng, era: usize, rows: usize) -> Day {
    let numeric = (0..NUMERIC).map(|i| Column::new(format!("n{i}"), Kind::Numeric));
    let mut table =
        Table { columns: numeric.chain([Column::new("c", Kind::Categorical)]).collect() };
    let weights =
        [[1.0, -0.8, 0.5, 0.3, 0.0], [-0.2, -0.8, 0.5, 0.3, 0.6], [-0.2, 0.4, 0.5, 0.3, 0.6]][era];
    let of_level = [[0.0, 0.4, 0.8, -0.4], [0.9, 0.4, 0.0, -0.4], [0.9, 0.4, 0.0, -0.4]][era];
    let (mut chances, mut labels) = (Vec::new(), Vec::new());
    for _ in 0..rows {
        let mut odds = -1.2;
        for (index, weight) in weights.iter().enumerate() {
            let moved = if era == 2 && index == 1 { 0.6 } else { 0.0 };
            let value: f64 = StandardNormal.sample(random);
            odds += weight * (value + moved);
            table.columns[index].push(Cell::Number(value + moved));
        }
        let level = random.random_range(0..LEVELS.len());
        odds += of_level[level];
        table.columns[NUMERIC].push(Cell::Text(LEVELS[level]));
        let chance = 1.0 / (1.0 + f64::exp(-odds));
        chances.push(chance);
        labels.push(random.random::<f64>() < chance);
    }
    Day { table, chances, labels }
}

/// A model in production, and what is known of it.
struct Deployed {
    model: Model,
    figures: TrainingFigures,
    profile: Profile,
    since: usize,
    /// The excess of its log loss over the minimum, by era.
    excess: [f64; 3],
}

fn gather(days: &[Day]) -> (Table, Vec<bool>) {
    let mut all = days[0].table.clone();
    days[1..].iter().for_each(|day| all.append(&day.table));
    (all, days.iter().flat_map(|day| day.labels.iter().copied()).collect())
}

fn profile(days: &[Day]) -> Profile {
    let kinds = days[0].table.columns.iter().map(|column| (column.name.as_str(), column.kind()));
    let mut profile = Profile::of_columns(kinds);
    days.iter().for_each(|day| profile.add(&day.table));
    profile
}

/// Fits a model to what is known on a day, but for the newest fifth, which judges it and the
/// present one.
fn retrain(
    days: &[Day],
    today: usize,
    present: Option<&Deployed>,
    eras: &[Day; 3],
) -> Option<Deployed> {
    let known = today.saturating_sub(HORIZON_DAYS);
    let learnt = &days[known.saturating_sub(LEARNT_DAYS)..known];
    let (fitted, held_out) = learnt.split_at(learnt.len() * 4 / 5);
    let (table, labels) = gather(fitted);
    let schema = Schema::of_features(&table).unwrap();
    let recipe: Recipe = toml::from_str(RECIPE).unwrap();
    let model = Model::fit(&table, &labels, &schema, &recipe, &Progress::new(&|_| {})).unwrap();
    let (unseen, labels) = gather(held_out);
    let ours = model.predict(&unseen).unwrap();
    if let Some(present) = present {
        let theirs = present.model.predict(&unseen).unwrap();
        let difference = loss_difference(&labels, &ours, &theirs, 0.95).unwrap();
        if difference.low > 0.0 {
            return None;
        }
    }
    let excess = eras.each_ref().map(|era| {
        let predicted = model.predict(&era.table).unwrap();
        let rows = era.chances.iter().zip(predicted);
        let loss = |chance: f64, p: f64| {
            chance * row_log_loss(true, p) + (1.0 - chance) * row_log_loss(false, p)
        };
        let above: f64 = rows.map(|(chance, p)| loss(*chance, p) - loss(*chance, *chance)).sum();
        above / era.chances.len() as f64
    });
    let figures = TrainingFigures::of(&Metrics::of(&labels, &ours)).unwrap();
    Some(Deployed { model, figures, profile: profile(learnt), since: today, excess })
}

#[derive(Debug, Clone, Copy)]
enum Strategy {
    Never,
    Every(usize),
    /// Whenever a test of any feature of the day has p ≤ 0.05.
    NaiveDrift,
    /// Drift over seven days and performance of the newest week with outcomes, each week, answered
    /// by the policy.
    Policy(RetrainPolicy),
}

fn at(day: usize) -> Timestamp {
    Timestamp::from_second(86_400 * day as i64).unwrap()
}

fn main() {
    let seeds: u64 = std::env::args().nth(1).map_or(20, |seeds| seeds.parse().unwrap());
    let month = SignedDuration::from_hours(30 * 24);
    let policy = RetrainPolicy::default();
    let strategies = [
        ("never", Strategy::Never),
        ("every week", Strategy::Every(7)),
        ("every 30 days", Strategy::Every(30)),
        ("any p ≤ 0.05 of any feature", Strategy::NaiveDrift),
        ("this policy", Strategy::Policy(policy)),
        (
            "this policy, no follow-up",
            Strategy::Policy(RetrainPolicy { follow_up: None, ..policy }),
        ),
        ("this policy, said twice", Strategy::Policy(RetrainPolicy { confirmations: 2, ..policy })),
        (
            "this policy, said 4 times",
            Strategy::Policy(RetrainPolicy { confirmations: 4, ..policy }),
        ),
        (
            "this policy, also every 90 days",
            Strategy::Policy(RetrainPolicy { every: Some(month * 3), ..policy }),
        ),
    ];
    println!(
        "{seeds} worlds of {DAYS} days, {ROWS_A_DAY} requests a day; changes on days {CHANGES:?}\n"
    );
    println!(
        "{:<32} {:>10} {:>10} {:>14}",
        "a new model", "asked for", "released", "degraded days"
    );
    for (name, strategy) in strategies {
        let sums = (0..seeds).map(|seed| simulate(seed, strategy));
        let [asked, released, degraded] =
            sums.fold([0.0; 3], |sum, one| std::array::from_fn(|i| sum[i] + one[i]));
        let mean = |sum: f64| sum / seeds as f64;
        println!(
            "{name:<32} {:>10.1} {:>10.1} {:>14.1}",
            mean(asked),
            mean(released),
            mean(degraded)
        );
    }
}

/// Models that were asked for, those that were released, and days that were degraded.
fn simulate(seed: u64, strategy: Strategy) -> [f64; 3] {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let first = HORIZON_DAYS + LEARNT_DAYS;
    let days: Vec<Day> = (0..DAYS + first)
        .map(|index| day(&mut random, era(index.saturating_sub(first)), ROWS_A_DAY))
        .collect();
    let eras = [0, 1, 2].map(|era| day(&mut random, era, 5000));
    let mut present = retrain(&days, first, None, &eras).unwrap();
    let mut history =
        RetrainHistory { released_at: Some(at(first)), new_outcomes: None, recent: Vec::new() };
    let (mut asked, mut released, mut degraded) = (0.0, 0.0, 0.0);
    for today in first + 1..DAYS + first {
        degraded += f64::from(u8::from(present.excess[era(today - first)] > 0.02));
        let wanted = match strategy {
            Strategy::Never => false,
            Strategy::Every(span) => (today - first).is_multiple_of(span),
            Strategy::NaiveDrift => {
                let found = compare(
                    &present.profile,
                    &profile(&days[today - 1..today]),
                    &ShiftPolicy::default(),
                );
                found.features.iter().any(|feature| feature.p_value.is_some_and(|p| p <= 0.05))
            }
            Strategy::Policy(policy) => {
                (today - first).is_multiple_of(7)
                    && policy_wants(&policy, &days, today, &present, &mut history)
            }
        };
        if wanted {
            asked += 1.0;
            if let Some(new) = retrain(&days, today, Some(&present), &eras) {
                released += 1.0;
                present = new;
                history.released_at = Some(at(today));
            }
        }
    }
    [asked, released, degraded]
}

fn policy_wants(
    policy: &RetrainPolicy,
    days: &[Day],
    today: usize,
    present: &Deployed,
    history: &mut RetrainHistory,
) -> bool {
    let known = today - HORIZON_DAYS;
    history.new_outcomes =
        Some(((known + HORIZON_DAYS).saturating_sub(present.since) * ROWS_A_DAY) as u64);
    let shift = ShiftPolicy::default().with_looks(52).unwrap();
    let found = compare(&present.profile, &profile(&days[today - 7..today]), &shift);
    let of_drift = RetrainRule::Any.advise(&found, &std::collections::BTreeMap::new());
    let (table, labels) = gather(&days[known - 7..known]);
    let predicted = present.model.predict(&table).unwrap();
    let is_high: Vec<bool> = predicted.iter().map(|p| *p >= 0.5).collect();
    let judged = judge(
        &realised(&labels, &predicted, &is_high, 0.95).unwrap(),
        Some(&present.figures),
        &PerformancePolicy::default(),
    );
    let of_performance = match judged.verdict {
        Verdict::Shifted => RetrainAdvice::Retrain(judged.summary()),
        _ => RetrainAdvice::Keep("predictions are as good as they were".to_owned()),
    };
    for (job, advice) in [("drift", of_drift), ("performance", of_performance)] {
        let situation = Situation { now: at(today), job, under_way: None, history };
        let answer = policy.answer(advice, &situation);
        let status = match &answer {
            Answer::Retrain(_) | Answer::Renew(_) => RetrainStatus::Served,
            Answer::Wait(_) => RetrainStatus::Waiting,
            Answer::Keep(_) => RetrainStatus::Kept,
        };
        let request = StandingRequest {
            request_uid: format!("{job}-{today}"),
            requested_at: at(today),
            job: if matches!(answer, Answer::Renew(_)) { CALENDAR } else { job }.to_owned(),
            status,
        };
        history.recent.insert(0, request);
        if status == RetrainStatus::Served {
            return true;
        }
    }
    false
}
