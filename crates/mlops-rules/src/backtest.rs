use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{
    AlertState, Channel, Context, Judgement, Observation, Route, Rule, Rules, Transition, advance,
    compose, route,
};

/// Counts of alerts and messages that a rule would have produced.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BacktestCounts {
    /// Runs that were replayed, over all groups.
    pub runs: u64,
    /// Runs without a value.
    pub without_value: u64,
    /// Runs whose value was wrong: what a rule without any memory would have sent.
    pub wrong: u64,
    /// How often the rule would have been told to fire.
    pub fired: u64,
    /// All messages, by channel and for one recipient each.
    pub messages: BTreeMap<Channel, u64>,
    /// Messages that quiet hours or the day's limit would have held back.
    pub muted: u64,
    /// How long it would have been firing or recovering.
    pub firing: SignedDuration,
}

/// Replays one rule over a past, run by run.
#[derive(Debug)]
pub struct Backtest<'a> {
    rules: &'a Rules,
    rule: &'a Rule,
    states: BTreeMap<String, AlertState>,
    texts: BTreeMap<String, (String, u32)>,
    /// The counts so far.
    pub counts: BacktestCounts,
    /// The messages that the rule would have sent: time, reason and subject.
    pub told: Vec<(Timestamp, Transition, String)>,
}

impl<'a> Backtest<'a> {
    /// A replay in which nothing has happened yet.
    pub fn new(rules: &'a Rules, rule: &'a Rule) -> Self {
        Self {
            rules,
            rule,
            states: BTreeMap::new(),
            texts: BTreeMap::new(),
            counts: BacktestCounts::default(),
            told: Vec::new(),
        }
    }

    /// The groups that have been seen.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.states.keys().map(String::as_str)
    }

    /// One run for one group; the times of a group's runs rise.
    pub fn observe(&mut self, group: &str, seen: &Observation, at: Timestamp) {
        let step = advance(self.rules, self.rule, self.states.get(group), seen, at);
        self.counts.runs += 1;
        match &seen.value {
            Ok(value) => {
                let judgement = self.rule.condition.judge(*value, self.rule.severity);
                self.counts.wrong += u64::from(matches!(judgement, Judgement::Breach(_)));
            }
            Err(_) => self.counts.without_value += 1,
        }
        if step.state.status.is_alert() {
            self.counts.firing += self.rules.every;
        }
        if let Some(transition) = step.transition {
            self.counts.fired += u64::from(transition == Transition::Fired);
            let message = compose(
                self.rules,
                self.rule,
                group,
                &step.state,
                transition,
                seen,
                &Context::default(),
                at,
            );
            self.told.push((at, transition, message.subject));
            self.send(transition, &step.state, at);
        }
        self.states.insert(group.to_owned(), step.state);
    }

    fn send(&mut self, transition: Transition, state: &AlertState, at: Timestamp) {
        let day = at.to_zoned(self.rules.time_zone.clone()).date().to_string();
        for recipient in &self.rule.recipients {
            match route(self.rules, recipient, transition, state.severity, at) {
                Route::Skip => {}
                Route::Muted(_) => self.counts.muted += 1,
                Route::Send => {
                    let is_muted = recipient.channel == Channel::Sms && {
                        let texts = self.texts.entry(recipient.address.clone()).or_default();
                        if texts.0 != day {
                            *texts = (day.clone(), 0);
                        }
                        texts.1 += 1;
                        texts.1 > self.rules.texts_per_day
                    };
                    match is_muted {
                        true => self.counts.muted += 1,
                        false => *self.counts.messages.entry(recipient.channel).or_default() += 1,
                    }
                }
            }
        }
    }
}
