use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Which calls of its operation a fault meets, counted from the moment it was injected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calls {
    /// The first so many.
    First(u64),
    /// Every so-manieth: the third, the sixth, …
    Every(u64),
    /// All of them.
    All,
    /// Those after the first so many.
    After(u64),
}

/// The fault of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// S3 is overloaded: 503. The request is not carried out.
    SlowDown,
    /// The service has failed: 500. The request is not carried out.
    InternalError,
    /// DynamoDB is asked for more than the table's capacity: 400. The request is not carried out.
    Throttled,
    /// `BatchWriteItem`: only the first `written` requests are carried out, the others come back as
    /// unprocessed.
    Unprocessed {
        /// Counted over all tables, in the order of their names.
        written: usize,
    },
    /// `BatchGetItem`: only the first `read` keys are read, the others come back as unprocessed.
    UnprocessedKeys {
        /// Counted over all tables, in the order of their names.
        read: usize,
    },
    /// The connection ends after so many bytes of the answer's body; a shorter answer arrives
    /// whole.
    CutBody {
        /// The bytes that still arrive after the header.
        bytes: u64,
    },
    /// The connection ends without an answer. The request is not carried out.
    Drop,
    /// The request is carried out, and the answer is 500: the caller cannot know.
    LandThenFail,
    /// The request waits before it is carried out; that of a caller who has left meanwhile is not.
    Delay(Duration),
}

/// The faults to come, and the calls seen.
#[derive(Debug, Default)]
pub(super) struct Rules(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    rules: Vec<Rule>,
    calls: BTreeMap<String, u64>,
}

#[derive(Debug)]
struct Rule {
    operation: String,
    calls: Calls,
    fault: Fault,
    seen: u64,
}

impl Calls {
    /// Whether call number `call`, from 1, is one of them.
    pub(super) fn meet(self, call: u64) -> bool {
        match self {
            Self::First(calls) => call <= calls,
            Self::Every(calls) => call.is_multiple_of(calls),
            Self::All => true,
            Self::After(calls) => call > calls,
        }
    }
}

impl Rules {
    pub(super) fn add(&self, operation: &str, calls: Calls, fault: Fault) {
        self.state(|state| {
            state.rules.push(Rule { operation: operation.to_owned(), calls, fault, seen: 0 })
        });
    }

    /// Counts a call; of the rules that meet it the first one has it.
    pub(super) fn next(&self, operation: &str) -> Option<Fault> {
        self.state(|state| {
            *state.calls.entry(operation.to_owned()).or_default() += 1;
            let mut fault = None;
            for rule in state.rules.iter_mut().filter(|rule| is(&rule.operation, operation)) {
                rule.seen += 1;
                if fault.is_none() && rule.calls.meet(rule.seen) {
                    fault = Some(rule.fault.clone());
                }
            }
            fault
        })
    }

    pub(super) fn calls(&self, operation: &str) -> u64 {
        self.state(|state| {
            state.calls.iter().filter(|(seen, _)| is(operation, seen)).map(|(_, calls)| calls).sum()
        })
    }

    pub(super) fn clear(&self) {
        self.state(|state| *state = State::default());
    }

    fn state<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whether a rule's operation means this one.
fn is(wanted: &str, operation: &str) -> bool {
    wanted == "*" || wanted == operation
}
