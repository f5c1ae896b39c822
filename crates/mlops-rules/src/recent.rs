use std::fmt;
use std::str::FromStr;

use super::{Judgement, Severity};

/// As many runs as a rule can look back on.
pub const MAX_RUNS: usize = 60;

/// The results of the last runs, one character each, the newest last: `.` normal, `-` within the
/// margin, `w` warning, `c` critical, `?` no value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recent(String);

impl Recent {
    /// Adds a run; `None` for one without a value, or that never was. Only the last `keep` stay.
    pub fn push(&mut self, judgement: Option<Judgement>, keep: usize) {
        self.0.push(match judgement {
            None => '?',
            Some(Judgement::Clear) => '.',
            Some(Judgement::Between) => '-',
            Some(Judgement::Breach(Severity::Warning)) => 'w',
            Some(Judgement::Breach(Severity::Critical)) => 'c',
        });
        let surplus = self.0.len().saturating_sub(keep.min(MAX_RUNS));
        self.0.drain(..surplus);
    }

    /// The severity that at least `k` of the last `n` runs reached; `None` if none.
    pub fn severity(&self, k: usize, n: usize) -> Option<Severity> {
        let last = self.0.chars().rev().take(n);
        let critical = last.clone().filter(|&symbol| symbol == 'c').count();
        let wrong = last.filter(|symbol| matches!(symbol, 'w' | 'c')).count();
        match () {
            () if critical >= k => Some(Severity::Critical),
            () if wrong >= k => Some(Severity::Warning),
            () => None,
        }
    }

    /// Whether any of the last `n` runs was wrong.
    pub fn any_breach(&self, n: usize) -> bool {
        self.0.chars().rev().take(n).any(|symbol| matches!(symbol, 'w' | 'c'))
    }

    /// Whether the last `m` runs were all right; runs without a value are passed over.
    pub fn all_clear(&self, m: usize) -> bool {
        let seen: Vec<char> =
            self.0.chars().rev().filter(|&symbol| symbol != '?').take(m).collect();
        seen.len() == m && seen.iter().all(|&symbol| symbol == '.')
    }
}

impl fmt::Display for Recent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Recent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.chars().all(|symbol| ".-wc?".contains(symbol)) && text.len() <= MAX_RUNS {
            true => Ok(Self(text.to_owned())),
            false => Err(format!("`{text}` is not a valid list of runs")),
        }
    }
}
