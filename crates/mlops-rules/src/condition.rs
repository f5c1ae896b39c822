use super::{Severity, Unit};

/// A value beyond which something is wrong; both may be set, for a band.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Bounds {
    /// Values below are wrong.
    pub low: Option<f64>,
    /// Values above are wrong.
    pub high: Option<f64>,
}

impl Bounds {
    /// How far a value lies outside; 0 or less inside.
    fn excess(self, value: f64) -> f64 {
        let below = self.low.map_or(f64::NEG_INFINITY, |low| low - value);
        let above = self.high.map_or(f64::NEG_INFINITY, |high| value - high);
        below.max(above)
    }

    fn is_set(self) -> bool {
        self.low.is_some() || self.high.is_some()
    }

    fn text(self, unit: Unit) -> String {
        match (self.low, self.high) {
            (Some(low), Some(high)) => format!("outside {} to {}", unit.text(low), unit.text(high)),
            (Some(low), None) => format!("below {}", unit.text(low)),
            (None, Some(high)) => format!("above {}", unit.text(high)),
            (None, None) => "nothing".to_owned(),
        }
    }
}

/// When a value is wrong, and when it is right again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Condition {
    /// The rule's severity begins beyond these.
    pub bounds: Bounds,
    /// [`Severity::Critical`] begins beyond these, if they are set.
    pub critical: Bounds,
    /// A value is right again when it has come back inside `bounds` by this much: hysteresis, in
    /// the unit of the value.
    pub margin: f64,
}

/// The judgement of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// It is wrong.
    Breach(Severity),
    /// It is not wrong, but has not come back by the margin.
    Between,
    /// It is right.
    Clear,
}

impl Condition {
    /// Judges a finite value; `severity` is the rule's. A value at a bound is not beyond it.
    pub fn judge(&self, value: f64, severity: Severity) -> Judgement {
        let excess = self.bounds.excess(value);
        if self.critical.is_set() && self.critical.excess(value) > 0.0 {
            Judgement::Breach(Severity::Critical)
        } else if excess > 0.0 {
            Judgement::Breach(severity)
        } else if excess <= -self.margin {
            Judgement::Clear
        } else {
            Judgement::Between
        }
    }

    /// The value that lies further outside.
    pub fn worse(&self, one: f64, other: f64) -> f64 {
        if self.bounds.excess(other) > self.bounds.excess(one) { other } else { one }
    }

    /// Returns the bounds at that severity in words: `above 500`.
    pub fn text(&self, severity: Severity, unit: Unit) -> String {
        match severity == Severity::Critical && self.critical.is_set() {
            true => self.critical.text(unit),
            false => self.bounds.text(unit),
        }
    }
}
