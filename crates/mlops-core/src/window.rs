//! Windows of time.

use jiff::Timestamp;

/// A span of logging timestamps, open where an end is `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// The first moment inside.
    pub from: Option<Timestamp>,
    /// The first moment after.
    pub to: Option<Timestamp>,
}

impl Window {
    /// Whether a moment lies in it.
    pub fn contains(&self, moment: Timestamp) -> bool {
        self.from.is_none_or(|from| moment >= from) && self.to.is_none_or(|to| moment < to)
    }
}
