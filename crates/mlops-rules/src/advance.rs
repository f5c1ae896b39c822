use jiff::Timestamp;

use super::recent::MAX_RUNS;
use super::{AlertState, Judgement, NoData, Repeat, Rule, Rules, Severity, Status, Transition};

/// The observation of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// The value, which is finite; or why there is none.
    pub value: Result<f64, String>,
    /// The same of the window that it is compared with.
    pub baseline: Option<f64>,
    /// The rows that it was made of.
    pub n: u64,
}

/// The result of applying a run to a state.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The state after it.
    pub state: AlertState,
    /// The transition to report.
    pub transition: Option<Transition>,
}

/// Moves a rule's state by what the run at `at` saw; `before` is `None` at its first run.
///
/// `at` lies after `before.evaluated_at`. Runs that were missed in between count as runs without a
/// value. A message is called for when the rule fires, when it becomes critical, when a repeat is
/// due, when quiet hours that held a message are over, and when it has recovered; a recovery is
/// told only if its episode was.
pub fn advance(
    rules: &Rules,
    rule: &Rule,
    before: Option<&AlertState>,
    seen: &Observation,
    at: Timestamp,
) -> Step {
    let mut state = before.cloned().unwrap_or_else(|| AlertState::new(rule.severity, at));
    push_missed(rules, rule, &mut state, before, at);
    let judgement = judge(rule, seen);
    state.recent.push(judgement, look_back(rule));
    match &seen.value {
        Ok(value) => {
            state.value = Some(*value);
            state.no_data_since = None;
            state.why.clear();
        }
        Err(why) => {
            state.value = None;
            state.no_data_since = state.no_data_since.or(Some(at));
            state.why.clone_from(why);
        }
    }
    let status = next_status(rule, &state, judgement);
    let was = state.status;
    let begins = matches!(status, Status::Pending | Status::Firing)
        && !was.is_alert()
        && was != Status::Pending;
    if begins {
        state.worst = None;
        state.fired_at = Some(at);
        state.severity = rule.severity;
    }
    if status != was {
        state.status = status;
        state.since = at;
    }
    if let (Status::Pending | Status::Firing | Status::Recovering, Some(value)) =
        (status, state.value)
    {
        state.worst = Some(state.worst.map_or(value, |worst| rule.condition.worse(worst, value)));
    }
    let rose = rise(rule, &mut state);
    let transition = transition(rules, rule, &state, was, rose, at);
    if transition.is_some() {
        state.notified_at = Some(at);
    }
    state.evaluated_at = at;
    Step { state, transition }
}

fn look_back(rule: &Rule) -> usize {
    rule.n.max(rule.recover_after)
}

/// A job that did not run has seen nothing: old runs must not count as if they were the last.
fn push_missed(
    rules: &Rules,
    rule: &Rule,
    state: &mut AlertState,
    before: Option<&AlertState>,
    at: Timestamp,
) {
    let Some(before) = before else { return };
    let step = rules.every.as_millis().max(1);
    let missed =
        (at.duration_since(before.evaluated_at).as_millis() / step - 1).clamp(0, MAX_RUNS as i128);
    for _ in 0..missed {
        state.recent.push(None, look_back(rule));
    }
}

fn judge(rule: &Rule, seen: &Observation) -> Option<Judgement> {
    match (&seen.value, rule.no_data) {
        (Ok(value), _) => Some(rule.condition.judge(*value, rule.severity)),
        (Err(_), NoData::Keep) => None,
        (Err(_), NoData::Alert) => Some(Judgement::Breach(rule.severity)),
        (Err(_), NoData::Ok) => Some(Judgement::Clear),
    }
}

fn next_status(rule: &Rule, state: &AlertState, judgement: Option<Judgement>) -> Status {
    let recent = &state.recent;
    match state.status {
        Status::Unknown | Status::Ok | Status::Pending => match judgement {
            // Only a run that is wrong itself makes a rule fire.
            Some(Judgement::Breach(_)) if recent.severity(rule.k, rule.n).is_some() => {
                Status::Firing
            }
            _ if recent.any_breach(rule.n) => Status::Pending,
            None => Status::Unknown,
            Some(_) => Status::Ok,
        },
        Status::Firing | Status::Recovering => match judgement {
            None => state.status,
            Some(Judgement::Breach(_)) => Status::Firing,
            Some(_) if recent.all_clear(rule.recover_after) => Status::Ok,
            Some(Judgement::Clear) => Status::Recovering,
            Some(Judgement::Between) => state.status,
        },
    }
}

/// Raises the severity of an episode; it does not fall before the episode ends.
fn rise(rule: &Rule, state: &mut AlertState) -> bool {
    let reached = state.recent.severity(rule.k, rule.n);
    let rises = state.status == Status::Firing && reached > Some(state.severity);
    if rises {
        state.severity = Severity::Critical;
    }
    rises
}

fn transition(
    rules: &Rules,
    rule: &Rule,
    state: &AlertState,
    was: Status,
    rose: bool,
    at: Timestamp,
) -> Option<Transition> {
    let passed = state.notified_at.map(|notified| at.duration_since(notified));
    match state.status {
        Status::Ok if was.is_alert() && state.is_announced() => Some(Transition::Recovered),
        Status::Firing if !state.is_announced() => {
            let is_cool = state.severity == Severity::Critical
                || passed.is_none_or(|passed| passed >= rule.cooldown);
            is_cool.then_some(Transition::Fired)
        }
        Status::Firing if rose => Some(Transition::Escalated),
        Status::Firing => match rule.repeat {
            Repeat::Every(span) if passed.is_some_and(|passed| passed >= span) => {
                Some(Transition::Repeated)
            }
            _ if was_held(rules, state, at) => Some(Transition::Held),
            _ => None,
        },
        _ => None,
    }
}

/// Whether the last message fell into quiet hours that are now over.
fn was_held(rules: &Rules, state: &AlertState, at: Timestamp) -> bool {
    let (Some(quiet), Some(notified)) = (&rules.quiet, state.notified_at) else { return false };
    let is_quiet = |moment| quiet.contains(moment, &rules.time_zone);
    state.severity != Severity::Critical && is_quiet(notified) && !is_quiet(at)
}
