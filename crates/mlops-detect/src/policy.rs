//! The retrain policy: one rule that turns the findings of all monitors into a decision.
//!
//! Data shift leads to concept shift, that to worse predictions, and these to lost business. Each
//! monitor can advise a retrain, and so can the calendar. The decision depends on earlier requests,
//! on the number of new outcomes, and on the limit of requests in a month.

use jiff::{SignedDuration, Timestamp};

use crate::shift::RetrainAdvice;
use mlops_core::ports::{RetrainHistory, RetrainStatus, StandingRequest};

/// The job name of requests on a schedule.
pub const CALENDAR: &str = "calendar";

#[cfg(test)]
mod tests;

/// The length of a month.
const MONTH: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The conditions of a retrain request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetrainPolicy {
    /// No model is asked for so soon after another.
    pub cooldown: SignedDuration,
    /// A model of this age is renewed though nothing shifted; none: never.
    pub every: Option<SignedDuration>,
    /// A model that was made sooner than this after a shift has learnt mostly from before it, and
    /// is renewed once more; none: never.
    pub follow_up: Option<SignedDuration>,
    /// The most models in thirty days.
    pub per_month: usize,
    /// The fewest outcomes since the present model that there is something to learn from; ignored
    /// where outcomes are not kept.
    pub min_new_outcomes: u64,
    /// A monitor has to find a reason in so many runs, one after another.
    pub confirmations: usize,
}

impl Default for RetrainPolicy {
    fn default() -> Self {
        Self {
            cooldown: SignedDuration::from_hours(7 * 24),
            every: None,
            follow_up: Some(SignedDuration::from_hours(60 * 24)),
            per_month: 2,
            min_new_outcomes: 200,
            confirmations: 1,
        }
    }
}

/// The facts behind a retrain decision.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// Now.
    pub now: Timestamp,
    /// The monitor that asks.
    pub job: &'a str,
    /// A retraining that has not ended.
    pub under_way: Option<&'a str>,
    /// Earlier requests.
    pub history: &'a RetrainHistory,
}

/// Whether a new model is made, and why, in one sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Now, for what the monitor found.
    Retrain(String),
    /// Now, since it is time: a request of [`CALENDAR`].
    Renew(String),
    /// There is a reason for it, and it has to wait.
    Wait(String),
    /// There is no reason for it.
    Keep(String),
}

impl RetrainPolicy {
    /// Answers a monitor's advice.
    pub fn answer(&self, advice: RetrainAdvice, situation: &Situation<'_>) -> Answer {
        let Situation { now, job, under_way, history } = *situation;
        let (answer, reason): (fn(String) -> Answer, String) = match (
            advice,
            self.is_time(now, history),
        ) {
            (RetrainAdvice::Retrain(why), _) => {
                let findings = 1 + findings_in_a_row(job, &history.recent);
                if findings < self.confirmations {
                    let needed = self.confirmations;
                    return Answer::Wait(format!(
                        "{why}; consecutive runs of {job} with a finding: {findings}, needed: {needed}"
                    ));
                }
                (Answer::Retrain, why)
            }
            (RetrainAdvice::Keep(_), Some(why)) => (Answer::Renew, why),
            (RetrainAdvice::Keep(why), None) => return Answer::Keep(why),
        };
        if let Some(under_way) = under_way {
            return Answer::Wait(format!("a retrain job is running: {under_way}"));
        }
        let asked = |span: SignedDuration| {
            let since = now.saturating_sub(span).unwrap_or(Timestamp::MIN);
            history
                .recent
                .iter()
                .filter(move |request| request.counts() && request.requested_at >= since)
        };
        if let Some(standing) = asked(self.cooldown).next() {
            return Answer::Wait(self.says_standing(standing));
        }
        let of_month = asked(MONTH).count();
        if of_month >= self.per_month {
            return Answer::Wait(format!(
                "{of_month} retrain requests in 30 days (limit {})",
                self.per_month
            ));
        }
        if let Some(outcomes) =
            history.new_outcomes.filter(|outcomes| *outcomes < self.min_new_outcomes)
        {
            return Answer::Wait(format!(
                "{outcomes} outcomes since the current model ({} needed)",
                self.min_new_outcomes
            ));
        }
        answer(reason)
    }

    /// Returns whether the policy has scheduled retrains.
    pub fn has_calendar(&self) -> bool {
        self.every.is_some() || self.follow_up.is_some()
    }

    /// Returns why an earlier request delays a new one.
    pub fn says_standing(&self, standing: &StandingRequest) -> String {
        let StandingRequest { job, requested_at, .. } = standing;
        let status = standing.status.name();
        let hours = self.cooldown.as_hours();
        let at = requested_at.strftime("%Y-%m-%d %H:%M");
        format!(
            "{job} requested a retrain at {at} ({status}), within the cooldown of {hours} hours"
        )
    }

    fn is_time(&self, now: Timestamp, history: &RetrainHistory) -> Option<String> {
        let released = history.released_at?;
        let days = |span: SignedDuration| span.as_hours() / 24;
        let age = now.duration_since(released);
        if let Some(every) = self.every.filter(|every| age >= *every) {
            return Some(format!(
                "scheduled retrain: the model is {} days old (interval {} days)",
                days(age),
                days(every)
            ));
        }
        let shifts =
            history.recent.iter().filter(|request| request.counts() && request.job != CALENDAR);
        let mut due = shifts.filter_map(|shift| {
            Some((shift, shift.requested_at.checked_add(self.follow_up?).ok()?))
        });
        let (shift, _) = due.find(|(_, due)| *due <= now && released < *due)?;
        let ago = days(now.duration_since(shift.requested_at));
        Some(format!(
            "follow-up retrain: {} requested a model {ago} days ago, trained mostly on data from before the shift",
            shift.job
        ))
    }
}

/// Returns how many of a monitor's newest runs advised a retrain that was not requested.
fn findings_in_a_row(job: &str, recent: &[StandingRequest]) -> usize {
    recent
        .iter()
        .filter(|request| request.job == job)
        .take_while(|request| request.status == RetrainStatus::Waiting)
        .count()
}
