use serde::Serialize;
use statrs::distribution::{ContinuousCDF, Normal};

use super::interval::{Estimate, newcombe, wilson};
use mlops_core::verdict::Verdict;
use mlops_stats::{Continuity, chi_squared_homogeneity, chi_squared_sf};

/// The group of a client: decisions by the model, or by the heuristic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Arm {
    /// The model.
    Model,
    /// The rule that it is compared with.
    Heuristic,
}

impl Arm {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Model, Self::Heuristic];

    /// `model` or `heuristic`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Heuristic => "heuristic",
        }
    }
}

/// A client whose outcome is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Subject {
    /// The index of the period.
    pub period: usize,
    /// The group.
    pub arm: Arm,
    /// Whether the client left.
    pub left: bool,
    /// The lifetime value of the client; none if unknown.
    pub ltv: Option<f64>,
}

/// Minimum sizes of groups, and thresholds for a loss of benefit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImpactPolicy {
    /// Intervals hold what they estimate so often.
    pub confidence: f64,
    /// The most p-value of a decay.
    pub significance: f64,
    /// The minimum loss of benefit, as a share of clients.
    pub min_decay: f64,
    /// The minimum number of clients in each group.
    pub min_clients: u64,
    /// The share of clients that the heuristic is to have; without it the share has to be the same
    /// in all periods.
    pub heuristic_share: Option<f64>,
    /// A sample ratio that is less likely is a mistake.
    pub mismatch: f64,
}

impl Default for ImpactPolicy {
    fn default() -> Self {
        Self {
            confidence: 0.95,
            significance: 0.05,
            min_decay: 0.01,
            min_clients: 100,
            heuristic_share: None,
            mismatch: 0.001,
        }
    }
}

/// The clients of a group, and those who left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct ArmRate {
    /// Clients.
    pub clients: u64,
    /// Those who left.
    pub left: u64,
    /// Their share, with Wilson's interval.
    pub churn_rate: Option<Estimate>,
}

impl ArmRate {
    fn add(&mut self, left: bool) {
        self.clients += 1;
        self.left += u64::from(left);
    }

    fn plus(self, other: Self) -> Self {
        Self {
            clients: self.clients + other.clients,
            left: self.left + other.left,
            churn_rate: None,
        }
    }

    fn rated(self, confidence: f64) -> Self {
        Self { churn_rate: wilson(self.left, self.clients, confidence), ..self }
    }

    /// The variance of the share, with one client of each kind added, so that it is above 0.
    fn variance(self) -> f64 {
        let n = self.clients as f64 + 2.0;
        let share = (self.left as f64 + 1.0) / n;
        share * (1.0 - share) / n
    }
}

/// The effect of the model compared with the heuristic.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Effect {
    /// The heuristic's churn rate less the model's.
    pub benefit: Estimate,
    /// That, times the clients of the model.
    pub clients_saved: Estimate,
    /// That, times what a client of the model is worth on average.
    pub money_saved: Option<Estimate>,
}

/// The figures of one period.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PeriodImpact {
    /// The model's clients.
    pub model: ArmRate,
    /// The heuristic's clients.
    pub heuristic: ArmRate,
    /// Their difference, where both have clients.
    pub effect: Option<Effect>,
    /// Clients saved in this period and those before.
    pub cumulated_clients: Option<Estimate>,
    /// Their worth.
    pub cumulated_money: Option<Estimate>,
}

/// The business impact of the model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Impact {
    /// By period.
    pub periods: Vec<PeriodImpact>,
    /// The model's clients over all periods.
    pub model: ArmRate,
    /// The heuristic's.
    pub heuristic: ArmRate,
    /// The difference of all clients' churn rates.
    pub benefit: Option<Estimate>,
    /// Clients saved, over all periods.
    pub clients_saved: Option<Estimate>,
    /// Their worth.
    pub money_saved: Option<Estimate>,
    /// By how much the benefit is smaller of late, and the chance of that by chance.
    pub decay: Option<(f64, f64)>,
    /// The p-value of the group sizes under random assignment.
    pub sample_ratio_p_value: Option<f64>,
    /// The verdict.
    #[serde(skip)]
    pub verdict: Verdict,
    /// The finding in words.
    pub says: String,
}

/// Compares the churn of the model's clients with that of the heuristic's.
///
/// `subjects` are clients with outcomes, `periods` the number of periods, `assigned` the clients of
/// the model and of the heuristic that were first seen in each period, with an outcome or without,
/// and `in_both` those that were seen in both groups.
///
/// The verdict is shifted if the benefit of the newest periods (as many as give `min_clients` per
/// group) is significantly smaller than before, by at least `min_decay`; or if the heuristic keeps
/// significantly more clients. Intervals of sums are the square roots of sums of squares (Zou and
/// Donner, 2008). Groups of improbable sizes are not compared (A. Fabijan et al.,
/// "Diagnosing sample ratio mismatch in online controlled experiments", KDD 2019).
pub fn impact(
    subjects: &[Subject],
    periods: usize,
    assigned: &[[u64; 2]],
    in_both: &[String],
    policy: &ImpactPolicy,
) -> Impact {
    let arms = by_period(subjects, periods);
    let worth = worth(subjects);
    let mut found = Vec::with_capacity(periods);
    let (mut clients_saved, mut money_saved): (Option<Estimate>, Option<Estimate>) = (None, None);
    for [model, heuristic] in &arms {
        let (model, heuristic) =
            (model.rated(policy.confidence), heuristic.rated(policy.confidence));
        let effect = effect(model, heuristic, worth);
        if let Some(effect) = effect {
            let add =
                |sum: Option<Estimate>, one: Estimate| Some(sum.map_or(one, |sum| sum.plus(one)));
            clients_saved = add(clients_saved, effect.clients_saved);
            money_saved = effect.money_saved.and_then(|one| add(money_saved, one));
        }
        let (cumulated_clients, cumulated_money) = (clients_saved, money_saved);
        found.push(PeriodImpact { model, heuristic, effect, cumulated_clients, cumulated_money });
    }
    let [model, heuristic] = sum(&arms).map(|arm| arm.rated(policy.confidence));
    let sample_ratio_p_value = sample_ratio(assigned, policy.heuristic_share);
    let mut impact = Impact {
        periods: found,
        model,
        heuristic,
        benefit: effect(model, heuristic, None).map(|effect| effect.benefit),
        clients_saved,
        money_saved,
        decay: decay(&arms, policy.min_clients),
        sample_ratio_p_value,
        verdict: Verdict::Stable,
        says: String::new(),
    };
    (impact.verdict, impact.says) = verdict(&impact, in_both, policy);
    impact
}

fn by_period(subjects: &[Subject], periods: usize) -> Vec<[ArmRate; 2]> {
    let mut arms = vec![[ArmRate::default(); 2]; periods];
    for subject in subjects {
        if let Some(of_period) = arms.get_mut(subject.period) {
            of_period[subject.arm as usize].add(subject.left);
        }
    }
    arms
}

fn sum(arms: &[[ArmRate; 2]]) -> [ArmRate; 2] {
    arms.iter().fold([ArmRate::default(); 2], |[a, b], [c, d]| [a.plus(*c), b.plus(*d)])
}

/// Returns the mean lifetime value of the model's clients, as far as known.
fn worth(subjects: &[Subject]) -> Option<f64> {
    let known = subjects
        .iter()
        .filter(|subject| subject.arm == Arm::Model)
        .filter_map(|subject| subject.ltv);
    let (n, sum) = known.fold((0u64, 0.0), |(n, sum), ltv| (n + 1, sum + ltv));
    (n > 0).then(|| sum / n as f64)
}

fn effect(model: ArmRate, heuristic: ArmRate, worth: Option<f64>) -> Option<Effect> {
    let benefit = newcombe(heuristic.churn_rate?, model.churn_rate?);
    let clients_saved = benefit.times(model.clients as f64);
    // A worth below 0 would turn the interval round.
    let money_saved = worth.map(|worth| clients_saved.times(worth.max(0.0)));
    Some(Effect { benefit, clients_saved, money_saved })
}

/// Returns the p-value of the group sizes under random assignment.
fn sample_ratio(assigned: &[[u64; 2]], share: Option<f64>) -> Option<f64> {
    let [model, heuristic] = assigned.iter().fold([0, 0], |[a, b], [c, d]| [a + c, b + d]);
    let all = (model + heuristic) as f64;
    if let Some(share) = share {
        let expected = all * share;
        let off = heuristic as f64 - expected;
        return (model + heuristic > 0)
            .then(|| chi_squared_sf(off * off / expected + off * off / (all - expected), 1));
    }
    let (of_model, of_heuristic): (Vec<u64>, Vec<u64>) =
        assigned.iter().filter(|[a, b]| a + b > 0).map(|[a, b]| (*a, *b)).unzip();
    if of_model.len() < 2 || model == 0 || heuristic == 0 {
        return None;
    }
    let test = chi_squared_homogeneity(&of_model, &of_heuristic, Continuity::None).ok()?;
    Some(test.p_value)
}

/// By how much the benefit of the newest periods is below that of those before, and the one-sided
/// p-value.
fn decay(arms: &[[ArmRate; 2]], min_clients: u64) -> Option<(f64, f64)> {
    let is_enough = |arms: &[[ArmRate; 2]]| sum(arms).iter().all(|arm| arm.clients >= min_clients);
    let cut = (1..arms.len()).rev().find(|cut| is_enough(&arms[*cut..]))?;
    let (before, recent) = arms.split_at(cut);
    if !is_enough(before) {
        return None;
    }
    let benefit = |[model, heuristic]: [ArmRate; 2]| {
        let share = |arm: ArmRate| arm.left as f64 / arm.clients as f64;
        (share(heuristic) - share(model), heuristic.variance() + model.variance())
    };
    let ((then, of_then), (now, of_now)) = (benefit(sum(before)), benefit(sum(recent)));
    let lost = then - now;
    Some((lost, Normal::standard().sf(lost / (of_then + of_now).sqrt())))
}

fn verdict(impact: &Impact, in_both: &[String], policy: &ImpactPolicy) -> (Verdict, String) {
    let inconclusive = |why: String| (Verdict::Inconclusive(why.clone()), why);
    if !in_both.is_empty() {
        let some: Vec<&str> = in_both.iter().take(3).map(String::as_str).collect();
        return inconclusive(format!(
            "{} clients were in both groups, such as {}; the application must assign each client to one group",
            in_both.len(),
            some.join(", ")
        ));
    }
    if let Some(p_value) = impact.sample_ratio_p_value.filter(|p_value| *p_value < policy.mismatch)
    {
        let should =
            policy.heuristic_share.map_or("constant".to_owned(), |share| format!("{share}"));
        return inconclusive(format!(
            "the heuristic's share of the clients is not {should} as expected (p {p_value:.1e}): the groups are not comparable"
        ));
    }
    let fewest = impact.model.clients.min(impact.heuristic.clients);
    let Some(benefit) = impact.benefit.filter(|_| fewest >= policy.min_clients) else {
        return inconclusive(format!(
            "too few outcomes: {} clients of the model and {} of the heuristic, at least {} each needed",
            impact.model.clients, impact.heuristic.clients, policy.min_clients
        ));
    };
    let points = |share: f64| 100.0 * share;
    if benefit.high < 0.0 {
        let says = format!(
            "the heuristic keeps more clients than the model, by {:.1} percentage points",
            -points(benefit.value)
        );
        return (Verdict::Shifted, says);
    }
    match impact.decay {
        Some((lost, p_value)) if p_value <= policy.significance && lost >= policy.min_decay => {
            let says = format!(
                "the benefit of the model fell by {:.1} percentage points of the churn rate (p {p_value:.4})",
                points(lost)
            );
            (Verdict::Shifted, says)
        }
        Some(_) => {
            let says = format!(
                "the model keeps {:.1} percentage points more clients than the heuristic ({:.1} to {:.1})",
                points(benefit.value),
                points(benefit.low),
                points(benefit.high)
            );
            (Verdict::Stable, says)
        }
        None => inconclusive(format!(
            "too few clients to compare the newest periods with earlier ones: at least {} per group needed in both",
            policy.min_clients
        )),
    }
}
